{# In an incremental fold of tasks: may this raw row have changed what is known since the last run? Received since the lookback
   before the newest event folded, or let in by one of the two backfills. (A row that is held back must not move this edge.) #}
{% macro changed_since_last_run(alias) -%}
    (
        {{ alias }}.received_at >= coalesce(
            (
                select {{ dbt.dateadd('day', -(var('lookback_days') | int), 'max(last_received_at)') }}
                from {{ this }}
                where event_count > 0
            ),
            cast('1970-01-01' as {{ ai_impact.physical_type('timestamp') }})
        )
        {%- if var('backfill_from') %}
        or {{ alias }}.received_at >= cast('{{ var('backfill_from') }}' as {{ ai_impact.physical_type('timestamp') }})
        {%- endif %}
        {%- if var('accept_late_received_before') %}
        or {{ ai_impact.is_beyond_lateness(alias ~ '.received_at', alias ~ '.occurred_at') }}
        {%- endif %}
    )
{%- endmacro %}
