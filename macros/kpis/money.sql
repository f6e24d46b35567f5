{# An amount in the reporting currency; NULL where its currency has no rate in the var `currency_rates`. No currency named: the reporting one. #}
{% macro in_reporting_currency(amount, currency) -%}
    cast(case
        when coalesce({{ currency }}, '{{ var("reporting_currency") }}') = '{{ var("reporting_currency") }}' then {{ amount }}
        {%- for name, rate in (var('currency_rates') or {}).items() %}
        when {{ currency }} = '{{ name }}' then {{ amount }} * {{ rate }}
        {%- endfor %}
    end as {{ ai_impact.physical_type('double') }})
{%- endmacro %}
