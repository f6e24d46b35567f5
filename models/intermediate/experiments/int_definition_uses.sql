{#- Which experiment rests on which definitions: one row per experiment and scope of int_definitions. -#}
with experiments as (
    select * from {{ ref('experiments') }}
),

metric_catalog as (
    select * from {{ ref('metric_catalog') }}
),

kpi_catalog as (
    select * from {{ ref('kpi_catalog') }}
),

method_catalogue as (
    select * from {{ ref('method_catalogue') }}
),

roi_terms as (
    select * from {{ ref('roi_terms') }}
),

versions as (
    select * from {{ ref('int_definition_versions') }}
),

-- A metric that left the catalogue is still one that the experiment names.
metrics as (
    select cast(metric_id as {{ dbt.type_string() }}) as metric_id from metric_catalog
    {{ ai_impact.union_distinct() }}
    select scope_id as metric_id from versions
    where scope = 'metric'
),

named_metrics as (
    select
        experiments.experiment_id,
        metrics.metric_id
    from experiments
    inner join metrics
        on
            {{ ai_impact.in_list(
                'metrics.metric_id', 'cast(experiments.primary_metric_id as ' ~ dbt.type_string() ~ ')'
            ) }}
            or {{ ai_impact.in_list(
                'metrics.metric_id', 'cast(experiments.secondary_metric_ids as ' ~ dbt.type_string() ~ ')'
            ) }}
            or {{ ai_impact.in_list(
                'metrics.metric_id', 'cast(experiments.guardrail_metric_ids as ' ~ dbt.type_string() ~ ')'
            ) }}
),

-- A KPI that an experiment answers for: by name, or because one of its metrics is the KPI.
kpis as (
    select
        named_metrics.experiment_id,
        kpi_catalog.kpi_id
    from kpi_catalog
    inner join named_metrics on kpi_catalog.kpi_id = named_metrics.metric_id
    {{ ai_impact.union_distinct() }}
    select
        cast(causal_experiment_id as {{ dbt.type_string() }}) as experiment_id,
        kpi_id
    from kpi_catalog
    where causal_experiment_id is not null
),

-- Who registers a method does not rest on the order of the others.
methods as (
    select
        experiments.experiment_id,
        method_catalogue.method
    from experiments
    inner join method_catalogue on {{ ai_impact.in_list('experiments.design', 'method_catalogue.designs') }}
    where coalesce(trim(cast(experiments.primary_method as {{ dbt.type_string() }})), '') = ''
),

settings as (
    select
        experiment_id,
        'experiment' as setting
    from experiments
    union all
    select
        experiment_id,
        case when design in ('did', 'staggered_did') then 'rollout' else design end as setting
    from experiments
    where design in ('did', 'staggered_did', 'matched', 'uplift')
    union all
    select
        experiment_id,
        'return' as setting
    from roi_terms
    union all
    select
        experiment_id,
        'labour' as setting
    from roi_terms
    where term = 'labour'
),

uses as (
    select
        experiment_id,
        'experiment' as scope,
        experiment_id as scope_id
    from experiments
    union all
    select
        experiment_id,
        'use_case' as scope,
        use_case_id as scope_id
    from experiments
    union all
    select
        experiment_id,
        'metric' as scope,
        metric_id as scope_id
    from named_metrics
    union all
    select
        experiment_id,
        'kpi' as scope,
        kpi_id as scope_id
    from kpis
    union all
    select
        experiment_id,
        'method' as scope,
        method as scope_id
    from methods
    union all
    select
        experiment_id,
        'setting' as scope,
        setting as scope_id
    from settings
    union all
    select
        experiment_id,
        'return_of' as scope,
        use_case_id as scope_id
    from roi_terms
),

final as (
    select distinct
        cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
        scope,
        cast(scope_id as {{ dbt.type_string() }}) as scope_id
    from uses
    where experiment_id is not null and scope_id is not null
)

select * from final
