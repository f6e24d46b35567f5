{# The first day of the calendar quarter of a day. #}
{% macro quarter_of(day) -%}
    cast({{ dbt.date_trunc('quarter', day) }} as date)
{%- endmacro %}

{# The family of groups of an experiment that assigned decisions at random. #}
{% macro family_of_arms(kpi_id, experiment_id) -%}
    'arms|' || {{ kpi_id }} || '|' || {{ experiment_id }}
{%- endmacro %}

{# The family of groups of outputs of one quality. #}
{% macro family_of_quality(measure) -%}
    'quality|' || {{ measure }}
{%- endmacro %}

{# The day under which a family stands that has no quarters. #}
{% macro all_time() -%}cast('1970-01-01' as date){%- endmacro %}

{# Of the rules that hide a group the one that is said: a group that is small somewhere is small; NULL if none hides it. #}
{% macro strictest_rule(rule) -%}
    coalesce(max(case when {{ rule }} = 'small_group' then {{ rule }} end), max({{ rule }}))
{%- endmacro %}

{# Why a number is hidden, as a sentence. #}
{% macro suppression_reason(rule) -%}
    case {{ rule }}
        when 'small_group' then 'Fewer than {{ var("k_anonymity") }} people are behind this number in a quarter of its period.'
        when 'complement' then 'This number would reveal the work of fewer than {{ var("k_anonymity") }} people.'
    end
{%- endmacro %}

{# The columns of a measure, of what is hidden. #}
{% macro no_numbers() -%}
    {%- for column in ['value', 'numerator', 'denominator'] %}
    cast(null as {{ ai_impact.physical_type('double') }}) as {{ column }},
    {%- endfor %}
    cast(null as bigint) as n,
    cast(null as {{ ai_impact.physical_type('double') }}) as ci_low,
    cast(null as {{ ai_impact.physical_type('double') }}) as ci_high,
    cast(null as {{ dbt.type_string() }}) as reason
{%- endmacro %}

{# Whether what AI did for a use case in an hour may be shown: its people are not hidden in that quarter, nor are those who decide there. #}
{% macro is_shown_hour(relation) -%}
    not exists (
        select 1 from {{ ref('ai_impact', 'int_hidden_groups') }} as hidden
        where
            hidden.row_id = {{ relation }}.use_case_id
            and hidden.quarter_start = {{ ai_impact.quarter_of(relation ~ '.called_hour') }}
            and hidden.family in ('execution', 'human_in_loop_ratio') and hidden.column_id in ({{ ai_impact.rollup_label() }}, 'counted')
    )
{%- endmacro %}
