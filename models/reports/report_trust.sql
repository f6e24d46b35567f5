{#- What keeps numbers from being trusted: findings of governance, rows in quarantine by reason. A new kind of problem
    is one more branch with the same columns. -#}
with {{ ai_impact.imports([
    'governance_findings', 'event_quarantine', 'dim_use_cases', 'experiments', 'report_sources'
]) }},

held as (
    select
        source,
        reason,
        count(*) as n
    from event_quarantine
    group by source, reason
),

problems as (
    select
        'governance' as area,
        finding as kind,
        thing_type,
        thing_id,
        severity,
        n,
        total,
        sentence
    from governance_findings
    union all
    select
        'quarantine' as area,
        held.reason as kind,
        'source' as thing_type,
        held.source as thing_id,
        cast(null as {{ dbt.type_string() }}) as severity,
        held.n,
        report_sources.raw as total,
        replace(held.reason, '_', ' ') || ' in ' || replace(held.source, '_', ' ') as sentence
    from held
    left join report_sources on held.source = report_sources.source_id
),

final as (
    select
        {{ ai_impact.hash_key(['problems.area', 'problems.kind', 'problems.thing_type', 'problems.thing_id']) }}
            as report_key,
        {{ ai_impact.columns('problems', ['area', 'kind', 'thing_type', 'thing_id', 'severity', 'sentence']) }},
        replace(problems.kind, '_', ' ') as kind_name,
        coalesce(dim_use_cases.name, experiments.name, replace(problems.thing_id, '_', ' ')) as thing,
        case problems.severity when 'high' then 1 when 'medium' then 2 when 'low' then 3 end as severity_rank,
        cast(problems.n as {{ dbt.type_bigint() }}) as n,
        cast(problems.total as {{ dbt.type_bigint() }}) as total,
        {{ ai_impact.safe_divide('problems.n', 'problems.total') }} as share,
        loads.as_of
    from problems
    left join dim_use_cases on problems.thing_type = 'use_case' and problems.thing_id = dim_use_cases.use_case_id
    left join experiments on problems.thing_type = 'experiment' and problems.thing_id = experiments.experiment_id
    cross join loads
)

select * from final
