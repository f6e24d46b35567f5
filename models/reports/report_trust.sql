{#- What keeps numbers from being trusted: service levels, rollbacks, drift, data quality, governance, quarantine. -#}
with {{ ai_impact.imports([
    'sla_status', 'rollback_recommendations', 'model_drift', 'data_quality_status', 'governance_findings', 'event_quarantine',
    'dim_use_cases', 'experiments', 'kpi_catalog', 'report_sources'
]) }},

problems as (
    {{ ai_impact.trust_problems() }}
),

final as (
    select
        {{ ai_impact.hash_key([
            'problems.area', 'problems.kind', 'problems.thing_type', 'problems.thing_id', 'problems.sentence'
        ]) }} as report_key,
        {{ ai_impact.columns('problems', [
            'area', 'kind', 'thing_type', 'thing_id', 'state', 'severity', 'sentence', 'budget_left'
        ]) }},
        replace(problems.kind, '_', ' ') as kind_name,
        coalesce(dim_use_cases.name, experiments.name, kpi_catalog.name, replace(problems.thing_id, '_', ' ')) as thing,
        case problems.severity when 'high' then 1 when 'medium' then 2 when 'low' then 3 end as severity_rank,
        cast(problems.n as {{ dbt.type_bigint() }}) as n,
        cast(problems.total as {{ dbt.type_bigint() }}) as total,
        {{ ai_impact.safe_divide('problems.n', 'problems.total') }} as share,
        loads.as_of
    from problems
    left join dim_use_cases on problems.thing_type = 'use_case' and problems.thing_id = dim_use_cases.use_case_id
    left join experiments on problems.thing_type = 'experiment' and problems.thing_id = experiments.experiment_id
    left join kpi_catalog on problems.thing_type = 'kpi' and problems.thing_id = kpi_catalog.kpi_id
    cross join loads
)

select * from final
