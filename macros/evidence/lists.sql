{#
    Lists in a cell: names with a bar between, or a JSON array of names. Names are trimmed at both ends; a comma, a space or a colon
    is part of a name, and so is a bar in a JSON array. `names` of registry.py reads the same.
#}

{# Each name of a list between quotes. What of a name would be read as a quote, or escape one, is another character. #}
{% macro quoted_list(cell) -%}
    {%- set text = 'cast(' ~ cell ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- set backslash = 'chr(92)' -%}
    {%- set from_json = "replace(replace(" ~ text ~ ", " ~ backslash ~ " || " ~ backslash ~ ", chr(1)), " ~ backslash ~ " || '\"', chr(2))" -%}
    {{ ai_impact.replaced_pattern(
        "case when replace(" ~ text ~ ", ' ', '') like '[\"%\"]' then " ~ from_json
        ~ " else '\"' || replace(" ~ ai_impact.unquoted(text) ~ ", '|', '\"|\"') || '\"' end",
        ' *" *', '"'
    ) }}
{%- endmacro %}

{# A text in which no quote or backslash is left, to be found among quoted names. #}
{% macro unquoted(text) -%}
    replace(replace({{ text }}, chr(92), chr(1)), '"', chr(2))
{%- endmacro %}

{# Whether a cell holds one name, neither a bar nor a JSON array. #}
{% macro is_one_name(cell) -%}
    {{ cell }} not like '%|%' and {{ cell }} not like '%[%'
{%- endmacro %}

{# Is a name in such a list? NULL cells contain nothing. What stands between two names is none. #}
{% macro in_list(name, cell) -%}
    (case
        when {{ cell }} is null then false
        when {{ ai_impact.is_one_name(cell) }} then trim({{ name }}) = trim({{ cell }})
        when trim({{ name }}) in ('', '|', ',') then false
        else {{ ai_impact.place_of("'\"' || " ~ ai_impact.unquoted('trim(' ~ name ~ ')') ~ " || '\"'", ai_impact.quoted_list(cell)) }} > 0
    end)
{%- endmacro %}

{# The first name in such a list; NULL for a NULL cell. #}
{% macro first_in_list(cell) -%}
    (case
        when {{ ai_impact.is_one_name(cell) }} then trim({{ cell }})
        else replace(replace({{ ai_impact.nth_part(ai_impact.quoted_list(cell), "'\"'", 2) }}, chr(2), '"'), chr(1), chr(92))
    end)
{%- endmacro %}

{# Are there several names in such a list? #}
{% macro lists_several(cell) -%}
    coalesce(not ({{ ai_impact.is_one_name(cell) }}) and {{ ai_impact.quoted_list(cell) }} like '%"%"%"%', false)
{%- endmacro %}

{# Whether an arm is one of those that an experiment compares. #}
{% macro is_compared(arm, experiments) -%}
    ({{ arm }} = {{ experiments }}.control_arm or {{ ai_impact.in_list(arm, experiments ~ '.treatment_arm') }})
{%- endmacro %}

{# A name as part of a key that joins several: no sign of it looks like a separator. #}
{% macro percent_coded(name) -%}
    replace(replace(replace({{ name }}, '%', '%25'), '|', '%7C'), '=', '%3D')
{%- endmacro %}

{# What a part of a dimension is called: up to the first = stands the dimension. #}
{% macro segment_of(dimension, part) -%}
    replace({{ dimension }}, '=', '%3D') || '=' || {{ part }}
{%- endmacro %}

{# Names as texts of SQL, each on its own line, because compiled SQL is read too. A quote in a name is no end of it. #}
{% macro quoted(names) -%}
    {%- for name in names -%}
        '{{ dbt.escape_single_quotes(name | string) }}'{{ ',\n            ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
