{#- Which experiment rests on which definitions: one row per experiment and scope of int_definitions. -#}
with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

metric_catalog as (
    select * from {{ ref('ai_impact', 'int_metric_catalog') }}
),

kpi_catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

method_catalogue as (
    select * from {{ ref('ai_impact', 'method_catalogue') }}
),

terms as (
    select * from {{ ref('ai_impact', 'int_return_terms') }}
),

versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
),

metrics as (
    select cast(metric_id as {{ dbt.type_string() }}) as metric_id from metric_catalog
    {{ ai_impact.union_distinct() }}
    select scope_id as metric_id from versions
    where scope = 'metric'
),

-- A metric is of an experiment by any version of its lists, and if it has left the catalogue.
named_metrics as (
    select
        versions.scope_id as experiment_id,
        metrics.metric_id,
        max(case when versions.valid_to is null then 1 else 0 end) as is_current
    from versions
    inner join metrics on {{ ai_impact.in_list('metrics.metric_id', 'versions.value') }}
    where
        versions.seed = 'experiments'
        and versions.field in ('primary_metric_id', 'secondary_metric_ids', 'guardrail_metric_ids')
    group by versions.scope_id, metrics.metric_id
),

-- A KPI that an experiment answers for: by name, or because one of its metrics is the KPI.
kpis as (
    select
        named_metrics.experiment_id,
        kpi_catalog.kpi_id,
        named_metrics.is_current
    from kpi_catalog
    inner join named_metrics on kpi_catalog.kpi_id = named_metrics.metric_id
    {{ ai_impact.union_distinct() }}
    select
        cast(causal_experiment_id as {{ dbt.type_string() }}) as experiment_id,
        kpi_id,
        1 as is_current
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
        'experiment' as setting,
        1 as is_current
    from experiments
    union all
    select
        experiment_id,
        case when design in ('did', 'staggered_did') then 'rollout' else design end as setting,
        1 as is_current
    from experiments
    where design in ('did', 'staggered_did', 'matched', 'uplift')
    union all
    select
        experiment_id,
        'return' as setting,
        is_current
    from terms
    union all
    select
        experiment_id,
        'labour' as setting,
        is_current
    from terms
    where term = 'labour'
),

uses as (
    select
        experiment_id,
        'experiment' as scope,
        experiment_id as scope_id,
        1 as is_current
    from experiments
    union all
    select
        experiment_id,
        'use_case' as scope,
        use_case_id as scope_id,
        1 as is_current
    from experiments
    union all
    select
        experiment_id,
        'metric' as scope,
        metric_id as scope_id,
        is_current
    from named_metrics
    union all
    select
        experiment_id,
        'kpi' as scope,
        kpi_id as scope_id,
        is_current
    from kpis
    union all
    select
        experiment_id,
        'method' as scope,
        method as scope_id,
        1 as is_current
    from methods
    union all
    select
        experiment_id,
        'setting' as scope,
        setting as scope_id,
        is_current
    from settings
    union all
    select
        experiment_id,
        'return_of' as scope,
        use_case_id as scope_id,
        is_current
    from terms
),

named as (
    select
        cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
        scope,
        cast(scope_id as {{ dbt.type_string() }}) as scope_id,
        is_current
    from uses
    where experiment_id is not null and scope_id is not null
),

final as (
    select
        experiment_id,
        scope,
        scope_id,
        max(is_current) = 1 as is_current
    from named
    group by experiment_id, scope, scope_id
)

select * from final
