{# The columns of seeds that name entries of another: [seed, its column that says which row, the column, what it names]. #}
{% macro registry_references() %}
    {{- return([
        ['experiments', 'experiment_id', 'use_case_id', 'use_cases'],
        ['experiments', 'experiment_id', 'primary_metric_id', 'metric_catalog'],
        ['experiments', 'experiment_id', 'secondary_metric_ids', 'metric_catalog'],
        ['experiments', 'experiment_id', 'guardrail_metric_ids', 'metric_catalog'],
        ['kpi_catalog', 'kpi_id', 'guarded_by', 'kpi_catalog'],
        ['kpi_catalog', 'kpi_id', 'own_target_use_cases', 'use_cases'],
        ['kpi_catalog', 'kpi_id', 'baseline_use_case_id', 'use_cases'],
        ['kpi_catalog', 'kpi_id', 'causal_experiment_id', 'experiments'],
        ['kpi_catalog', 'kpi_id', 'causal_metric_id', 'metric_catalog'],
        ['roi_terms', 'term', 'use_case_id', 'use_cases'],
        ['roi_terms', 'term', 'experiment_id', 'experiments'],
        ['roi_terms', 'term', 'metric_id', 'metric_catalog'],
        ['roi_assumptions', 'name', 'use_case_id', 'use_cases'],
        ['slo_targets', 'indicator', 'use_case_id', 'use_cases']
    ]) -}}
{% endmacro %}

{# The cells of seeds that name what is not there, one a row. `tables`: the relation of each seed. #}
{% macro unknown_names(tables) -%}
    {%- set keys = {'use_cases': 'use_case_id', 'metric_catalog': 'metric_id', 'kpi_catalog': 'kpi_id', 'experiments': 'experiment_id'} -%}
    {%- for seed, entry, column, names in ai_impact.registry_references() %}
        {%- set cell = 'seed_rows.' ~ column -%}
        {%- set quoted = "replace(" ~ ai_impact.quoted_list(cell) ~ ", '\"\"', '')" %}
        select
            '{{ seed }}' as seed,
            cast(seed_rows.{{ entry }} as {{ dbt.type_string() }}) as entry,
            '{{ column }}' as column_name,
            cast({{ cell }} as {{ dbt.type_string() }}) as cell,
            '{{ names }}' as named
        from {{ tables[seed] }} as seed_rows
        left join {{ tables[names] }} as known on {{ ai_impact.in_list('known.' ~ keys[names], cell) }}
        where {{ cell }} is not null
        group by seed_rows.{{ entry }}, {{ cell }}
        having 2 * count(distinct known.{{ keys[names] }}) < max(length({{ quoted }}) - length(replace({{ quoted }}, '"', '')))
        {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# Where such a cell stands, and what to do. The catalogues have two seeds each. #}
{% macro explain_unknown_names(node, rows) %}
    {%- set sentences = [] -%}
    {%- for row in rows -%}
        {%- set files = [] -%}
        {%- for name in [row['seed'], row['named']] -%}
            {%- do files.append('`' ~ name ~ '`' ~ (' or `' ~ name ~ '_extra`' if name in ai_impact.catalog_columns() else '')) -%}
        {%- endfor -%}
        {%- do sentences.append("The seed " ~ files[0] ~ ", row " ~ row['entry'] ~ ": `" ~ row['column_name'] ~ "` is " ~ row['cell'] ~ ", which is not, or not all of it, in " ~ files[1] ~ ". Correct the name, or add its row there.") -%}
    {%- endfor -%}
    {{- return(sentences) -}}
{% endmacro %}
