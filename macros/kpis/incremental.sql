{# In an incremental fold: did this raw row come since the last run (less the lookback), or is it one that the backfill lets in? #}
{% macro changed_since_last_run(alias) -%}
    (
        {{ alias }}.received_at >= coalesce(
            (select {{ dbt.dateadd('day', -(var('lookback_days') | int), 'max(last_received_at)') }} from {{ this }}),
            timestamp '1900-01-01'
        )
        {%- if var('accept_late_received_before', '') %}
        or (
            {{ alias }}.received_at < timestamp '{{ var('accept_late_received_before') }}'
            and {{ ai_impact.hours_between(alias ~ '.occurred_at', alias ~ '.received_at') }} > {{ var('max_lateness_days') | int * 24 }}
        )
        {%- endif %}
    )
{%- endmacro %}
