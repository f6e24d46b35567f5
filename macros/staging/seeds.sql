{# The seeds that describe a company: who installs this package gives its own, under any name, by the var `<seed>_relation`. #}
{% macro seed_names() %}
    {{- return([
        'use_cases', 'labor_rates', 'experiments', 'metric_catalog', 'kpi_catalog', 'roi_assumptions', 'roi_terms', 'reviews', 'slo_targets',
        'rubrics', 'kpi_catalog_extra', 'metric_catalog_extra'
    ]) -}}
{% endmacro %}

{# Whether the project that installs this package has switched a seed of it off: then it has one of the same name. #}
{% macro seed_is_off(name) %}
    {%- set seed = ((adapter.config.seeds or {}).get('ai_impact') or {}).get(name) -%}
    {{- return(seed is mapping and (seed.get('+enabled', seed.get('enabled', true)) | string | lower) == 'false') -}}
{% endmacro %}

{#
    What stands in the place of a seed where the var names another relation, or the seed is off: this model is on then, under the seed's
    name, so that every ref finds the one that is there. The alias keeps it apart from a seed of that name in the same schema.
#}
{% macro given_seed(name) -%}
    {%- set relation = var(name ~ '_relation') | string | trim -%}
    {%- set is_off = ai_impact.seed_is_off(name) -%}
    {{ config(enabled=relation != '' or is_off, alias='ai_impact_' ~ name) }}
    select * from {{ relation or (ref(adapter.config.project_name, name) if is_off) }}
{%- endmacro %}

{# The columns of the catalogues that a company adds rows to, the key first; those of one type but text by that type. #}
{% macro catalog_columns() %}
    {{- return({
        'kpi_catalog': [
            'kpi_id', 'name', 'domain', 'definition', 'formula', 'unit', 'direction', 'target_low', 'target_high',
            'target_basis', 'own_target_use_cases', 'own_target', 'window_days', 'guarded_by', 'guardrail_margin',
            'source_section', 'baseline_use_case_id', 'causal_experiment_id', 'causal_metric_id', 'sources', 'needs'
        ],
        'metric_catalog': [
            'metric_id', 'name', 'aggregation', 'transform', 'unit_type', 'direction', 'is_guardrail', 'covariate',
            'numerator_measure', 'denominator_measure', 'window_days', 'quantile', 'winsorize_at', 'window_from',
            'non_inferiority_margin', 'prior_sd', 'phrase'
        ]
    }) -}}
{% endmacro %}

{#
    The rows of a catalogue with those of the company (`<catalogue>_extra`): what such a row says of a key of ours stands in the place of what we
    say, cell by cell, and another key is a row more, if it has a name. The types are given here, since a column that is empty in a file of
    the company has none.
#}
{% macro with_extra(name) -%}
    {%- set columns = ai_impact.catalog_columns()[name] -%}
    {%- set types = {'window_days': dbt.type_int(), 'is_guardrail': ai_impact.physical_type('boolean')} -%}
    {%- for column in [
        'target_low', 'target_high', 'own_target', 'guardrail_margin', 'quantile', 'winsorize_at', 'non_inferiority_margin', 'prior_sd'
    ] -%}
        {%- do types.update({column: ai_impact.physical_type('double')}) -%}
    {%- endfor -%}
    {%- set key = columns[0] -%}
    {%- set cells, same = {}, 'cast(ours.' ~ key ~ ' as ' ~ dbt.type_string() ~ ') = cast(extra.' ~ key ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- for column in columns -%}
        {%- set type = types.get(column, dbt.type_string()) -%}
        {%- for table in ['ours', 'extra'] -%}
            {%- set cell = 'cast(' ~ table ~ '.' ~ column ~ ' as ' ~ type ~ ')' -%}
            {%- do cells.update({(table, column): "nullif(trim(" ~ cell ~ "), '')" if column not in types else cell}) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if ai_impact.has_extra(name) %}
        select
            {% for column in columns -%}
                coalesce({{ cells[('extra', column)] }}, {{ cells[('ours', column)] }}) as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('ai_impact', name) }} as ours
        left join {{ ref('ai_impact', name ~ '_extra') }} as extra on {{ same }}
        union all
        select
            {% for column in columns -%}
                {{ cells[('extra', column)] }} as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('ai_impact', name ~ '_extra') }} as extra
        left join {{ ref('ai_impact', name) }} as ours on {{ same }}
        where ours.{{ key }} is null and {{ cells[('extra', 'name')] }} is not null
    {%- else %}
        select
            {% for column in columns -%}
                {{ cells[('ours', column)] }} as {{ column }}{{ ',' if not loop.last }}
            {% endfor %}
        from {{ ref('ai_impact', name) }} as ours
    {%- endif %}
{%- endmacro %}

{# Our own extra rows are the demo's: a project that installs this package has those that it gives, or none. #}
{% macro has_extra(name) %}
    {%- set extra = name ~ '_extra' -%}
    {{- return(project_name == 'ai_impact' or var(extra ~ '_relation') | string | trim != '' or ai_impact.seed_is_off(extra)) -}}
{% endmacro %}
