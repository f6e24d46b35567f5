{# A currency as it is compared: ' eur ' is EUR. #}
{% macro currency_code(code) %}
    {{- return(code | string | trim | upper) -}}
{% endmacro %}

{#
    The var `currency_rates` as {code: [(from, rate), ...]}, newest first. A plain rate is valid from the beginning: its date is none.
    YAML reads 2026-01-01 as a date, JSON as text: both are the text here.
#}
{% macro currency_rates() %}
    {%- set found = {} -%}
    {%- for code, rate in (var('currency_rates') or {}).items() -%}
        {%- set dated = [] -%}
        {%- if rate is mapping -%}
            {%- for day, value in rate.items() -%}{%- do dated.append((day | string | trim, value)) -%}{%- endfor -%}
        {%- else -%}
            {%- do dated.append((none, rate)) -%}
        {%- endif -%}
        {%- do found.update({ai_impact.currency_code(code): dated | sort(reverse=true)}) -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{#
    The one rule for money: an amount in the reporting currency, at the rate of the day. Called in staging only, so that everything
    downstream reads the same. No currency named: the reporting one. NULL where the currency has no rate that day: not known, never 0.
#}
{% macro in_reporting_currency(amount, currency, occurred_at) -%}
    {%- set reporting = ai_impact.currency_code(var('reporting_currency')) -%}
    {%- set code = 'upper(trim(' ~ currency ~ '))' -%}
    cast(case
        when coalesce(nullif({{ code }}, ''), '{{ reporting }}') = '{{ reporting }}' then {{ amount }}
        {%- for name, rates in ai_impact.currency_rates().items() if name != reporting %}
        {%- for day, rate in rates %}
        when {{ code }} = '{{ name }}'{{ " and cast(" ~ occurred_at ~ " as date) >= cast('" ~ day ~ "' as date)" if day }} then {{ amount }} * {{ rate }}
        {%- endfor %}
        {%- endfor %}
    end as {{ ai_impact.physical_type('double') }})
{%- endmacro %}

{# What to say of money in a currency that can't be converted. #}
{% macro has_no_rate() -%}
    {%- set dated = (var('currency_rates') or {}).values() | select('mapping') | list -%}
    has no rate in the var currency_rates{{ ' for that day' if dated }}
{%- endmacro %}

{# Stops the run where the vars of money can't be read. #}
{% macro check_currency_vars() %}
    {%- set example = 'such as {EUR: 1.08}, or rates by the day they hold from, such as {EUR: {"2026-01-01": 1.08, "2026-04-01": 1.12}}' -%}
    {%- if not modules.re.match('^[A-Z0-9]{2,12}$', ai_impact.currency_code(var('reporting_currency', none) or '')) -%}
        {%- do ai_impact.stop("The var `reporting_currency` is " ~ ai_impact.shown(var('reporting_currency', none)) ~ "; it must be the code of a currency, such as USD.") -%}
    {%- endif -%}
    {%- set rates = var('currency_rates', none) or {} -%}
    {%- if rates is not mapping -%}
        {%- do ai_impact.stop("The var `currency_rates` is " ~ ai_impact.shown(rates) ~ "; it must say what one unit of a currency is worth in the reporting one, " ~ example ~ ".") -%}
    {%- endif -%}
    {%- set seen = [] -%}
    {%- for name, rate in rates.items() -%}
        {%- set code = ai_impact.currency_code(name) -%}
        {%- if not modules.re.match('^[A-Z0-9]{2,12}$', code) -%}
            {%- do ai_impact.stop("The var `currency_rates` names the currency " ~ ai_impact.shown(name) ~ "; use a code, " ~ example ~ ".") -%}
        {%- endif -%}
        {%- if code in seen -%}
            {%- do ai_impact.stop("The var `currency_rates` names the currency " ~ code ~ " twice; keep one of its rates.") -%}
        {%- endif -%}
        {%- do seen.append(code) -%}
        {%- if rate is mapping and not rate -%}
            {%- do ai_impact.stop("The var `currency_rates` has no rate for " ~ code ~ "; give it one, " ~ example ~ ".") -%}
        {%- endif -%}
        {%- for day, value in (rate.items() if rate is mapping else [(none, rate)]) -%}
            {%- if day is not none and (day | string | trim | length != 10 or not ai_impact.is_time(day | string | trim)) -%}
                {%- do ai_impact.stop("The var `currency_rates` has a rate for " ~ code ~ " from " ~ ai_impact.shown(day) ~ "; write the day as '2026-01-31'.") -%}
            {%- endif -%}
            {%- if value is not number or value is boolean or not (value > 0 and value < 1e12) -%}
                {%- do ai_impact.stop("The var `currency_rates` has the rate " ~ ai_impact.shown(value) ~ " for " ~ code ~ "; it must be a number above 0 and below 1e12, " ~ example ~ ".") -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}
