{# In an incremental fold of tasks: may this raw row have changed what is known since the last run? Received since the lookback
   before the newest event folded, or let in by one of the two backfills. (A row that is held back must not move this edge.) #}
{% macro changed_since_last_run(alias) -%}
    {{ ai_impact.is_read_again(alias ~ '.received_at', alias ~ '.occurred_at', 'last_received_at', 'event_count > 0') }}
{%- endmacro %}
