{# Small verbs whose spelling differs between engines. Models call these; they never spell an engine's own function. #}

{% macro safe_divide(numerator, denominator) %}
    {{- return(adapter.dispatch('safe_divide', 'ai_impact')(numerator, denominator)) -}}
{% endmacro %}

{% macro default__safe_divide(numerator, denominator) -%}
    (({{ numerator }}) * 1.0 / nullif({{ denominator }}, 0))
{%- endmacro %}

{# Postgres multiplies and divides whole numbers by decimals as decimals; other engines give a double. #}
{% macro postgres__safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double precision) / nullif({{ denominator }}, 0))
{%- endmacro %}

{# The smallest and the largest of some expressions; NULL is left out, and NULL alone gives NULL. #}
{% macro least(expressions) %}
    {{- return(adapter.dispatch('least', 'ai_impact')(expressions)) -}}
{% endmacro %}

{% macro default__least(expressions) -%}
    least({{ expressions | join(', ') }})
{%- endmacro %}

{# The largest of some expressions; see `least`. #}
{% macro greatest(expressions) %}
    {{- return(adapter.dispatch('greatest', 'ai_impact')(expressions)) -}}
{% endmacro %}

{% macro default__greatest(expressions) -%}
    greatest({{ expressions | join(', ') }})
{%- endmacro %}

{# For engines where one NULL makes all NULL: two at a time, and where one of the two is missing, the other. #}
{% macro extreme_without_null(function, expressions) -%}
    {%- set ns = namespace(found=expressions[0]) -%}
    {%- for expression in expressions[1:] -%}
        {%- set ns.found = 'coalesce(' ~ function ~ '(' ~ ns.found ~ ', ' ~ expression ~ '), ' ~ ns.found ~ ', ' ~ expression ~ ')' -%}
    {%- endfor -%}
    {{- return(ns.found) -}}
{%- endmacro %}

{# A stable, non-NULL text hash of some expressions. NULL and '' differ; neighbours can't run into each other. #}
{% macro hash_key(expressions) %}
    {{- return(adapter.dispatch('hash_key', 'ai_impact')(expressions)) -}}
{% endmacro %}

{% macro default__hash_key(expressions) -%}
    md5(
    {%- for expression in expressions -%}
        coalesce(cast(length(cast({{ expression }} as {{ dbt.type_string() }})) as {{ dbt.type_string() }}) || ':' || cast({{ expression }} as {{ dbt.type_string() }}), '-')
        {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
    )
{%- endmacro %}

{# The SHA-256 of some texts, one after another, in hexadecimal digits; NULL where one is NULL. #}
{% macro sha256(texts) %}
    {{- return(adapter.dispatch('sha256', 'ai_impact')(texts)) -}}
{% endmacro %}

{% macro default__sha256(texts) -%}
    sha2({{ texts | join(' || ') }}, 256)
{%- endmacro %}

{% macro duckdb__sha256(texts) -%}
    sha256({{ texts | join(' || ') }})
{%- endmacro %}

{% macro postgres__sha256(texts) -%}
    encode(sha256(convert_to({{ texts | join(' || ') }}, 'UTF8')), 'hex')
{%- endmacro %}

{# Redshift is a Postgres to dbt, and has no convert_to. #}
{% macro redshift__sha256(texts) -%}
    {{ ai_impact.default__sha256(texts) }}
{%- endmacro %}

{# Elapsed time between two timestamps; NULL where either is NULL. #}
{% macro seconds_between(earlier, later) %}
    {{- return(adapter.dispatch('seconds_between', 'ai_impact')(earlier, later)) -}}
{% endmacro %}

{% macro default__seconds_between(earlier, later) -%}
    (cast(extract(epoch from ({{ later }})) as double precision) - cast(extract(epoch from ({{ earlier }})) as double precision))
{%- endmacro %}

{% macro duckdb__seconds_between(earlier, later) -%}
    ((cast(epoch_us({{ later }}) as double) - cast(epoch_us({{ earlier }}) as double)) / 1000000.0)
{%- endmacro %}

{% macro hours_between(earlier, later) -%}
    ({{ ai_impact.seconds_between(earlier, later) }} / 3600.0)
{%- endmacro %}

{# Inside a group: the value of the row that comes last in an order; rows where the value is NULL don't count. #}
{% macro latest(value, order_by) %}
    {{- return(adapter.dispatch('latest', 'ai_impact')(value, order_by)) -}}
{% endmacro %}

{% macro default__latest(value, order_by) -%}
    (array_agg({{ value }} order by {{ order_by | join(' desc nulls last, ') }} desc nulls last) filter (where {{ value }} is not null))[1]
{%- endmacro %}

{% macro duckdb__latest(value, order_by) -%}
    arg_max({{ value }}, ({{ order_by | join(', ') }})) filter (where {{ value }} is not null)
{%- endmacro %}

{# Inside a group: the non-NULL values in ascending order, to pick order statistics from with `array_at` (from 1). #}
{% macro sorted_values(value) %}
    {{- return(adapter.dispatch('sorted_values', 'ai_impact')(value)) -}}
{% endmacro %}

{% macro default__sorted_values(value) -%}
    array_agg({{ value }} order by {{ value }}) filter (where {{ value }} is not null)
{%- endmacro %}

{% macro duckdb__sorted_values(value) -%}
    list_sort(list({{ value }}) filter (where {{ value }} is not null))
{%- endmacro %}

{# `logical` is the type of the elements, for engines whose arrays don't know it. #}
{% macro array_at(array, position, logical) %}
    {{- return(adapter.dispatch('array_at', 'ai_impact')(array, position, logical)) -}}
{% endmacro %}

{% macro default__array_at(array, position, logical) -%}
    ({{ array }})[cast({{ position }} as integer)]
{%- endmacro %}

{# The part of a text at a position (from 1) between delimiters. #}
{% macro nth_part(text, delimiter, position) %}
    {{- return(adapter.dispatch('nth_part', 'ai_impact')(text, delimiter, position)) -}}
{% endmacro %}

{% macro default__nth_part(text, delimiter, position) -%}
    {{ dbt.split_part(text, delimiter, position) }}
{%- endmacro %}

{# Whether a common table expression that is read several times is computed once. Where it is not, one that reads another three
   times, round after round, makes a plan that no memory holds. #}
{% macro computes_once() %}
    {{- return(adapter.dispatch('computes_once', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__computes_once() -%}
    {{- return(false) -}}
{%- endmacro %}

{% macro duckdb__computes_once() -%}
    {{- return(true) -}}
{%- endmacro %}

{% macro postgres__computes_once() -%}
    {{- return(true) -}}
{%- endmacro %}

{# After `as` of a common table expression whose columns are read many times: written once where the engine would put its expressions
   into each place that reads them (Postgres does, and nested ones multiply). #}
{% macro written_once() %}
    {{- return(adapter.dispatch('written_once', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__written_once() -%}{%- endmacro %}

{% macro postgres__written_once() -%}
    materialized
{%- endmacro %}

{# Redshift is a Postgres to dbt, and knows no such word. #}
{% macro redshift__written_once() -%}{%- endmacro %}

{# After `as` of a common table expression that is read twice in two filtered parts: computed in each, never written in full in between. #}
{% macro inlined() %}
    {{- return(adapter.dispatch('inlined', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__inlined() -%}
    not materialized
{%- endmacro %}

{% macro spark__inlined() -%}
{%- endmacro %}

{# Inside a group: the texts of all rows that have one, with a separator between, in the order of a whole number from 0 or of `event_order`. #}
{% macro joined_in_order(value, separator, order_by) %}
    {{- return(adapter.dispatch('joined_in_order', 'ai_impact')(value, separator, order_by)) -}}
{% endmacro %}

{% macro default__joined_in_order(value, separator, order_by) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{# The same in the order of the texts. #}
{% macro joined_sorted(value, separator) %}
    {{- return(adapter.dispatch('joined_sorted', 'ai_impact')(value, separator)) -}}
{% endmacro %}

{% macro default__joined_sorted(value, separator) -%}
    string_agg({{ value }}, '{{ separator }}' order by {{ value }})
{%- endmacro %}

{# Between two selects: all rows of both, each but once. #}
{% macro union_distinct() %}
    {{- return(adapter.dispatch('union_distinct', 'ai_impact')()) -}}
{% endmacro %}

{% macro default__union_distinct() -%}
    union
{%- endmacro %}

{# A text with each match of a pattern (without a backslash in it) replaced. #}
{% macro replaced_pattern(text, pattern, replacement) %}
    {{- return(adapter.dispatch('replaced_pattern', 'ai_impact')(text, pattern, replacement)) -}}
{% endmacro %}

{% macro default__replaced_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{# Here one match is replaced unless all are asked for. #}
{% macro duckdb__replaced_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{% macro postgres__replaced_pattern(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}

{# Where a text stands in another, from 1; 0 where it does not. #}
{% macro place_of(part, text) %}
    {{- return(adapter.dispatch('place_of', 'ai_impact')(part, text)) -}}
{% endmacro %}

{% macro default__place_of(part, text) -%}
    {{ dbt.position(part, text) }}
{%- endmacro %}

{# A text without the blanks around it (spaces, tabs, line breaks, no-break spaces); NULL where nothing else is left. #}
{% macro trimmed(text) %}
    {{- return(adapter.dispatch('trimmed', 'ai_impact')(text)) -}}
{% endmacro %}

{% macro default__trimmed(text) -%}
    nullif(trim(both '{{ ' \t\n\r\u00a0' }}' from {{ text }}), '')
{%- endmacro %}

{# DuckDB trims a text letter by letter, so only those that begin or end with a blank are trimmed: one look at either end is cheap. #}
{% macro duckdb__trimmed(text) -%}
    case
        when {{ text }} < '!' or starts_with({{ text }}, '{{ '\u00a0' }}')
            {%- for blank in ' \t\n\r\u00a0' %} or suffix({{ text }}, '{{ blank }}'){% endfor %}
            then {{ ai_impact.default__trimmed(text) }}
        else {{ text }}
    end
{%- endmacro %}
