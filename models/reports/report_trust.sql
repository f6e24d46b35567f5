{#- What keeps numbers from being trusted, one row per problem: findings of governance, rows in quarantine by reason. A new
    kind of problem is one more branch with the same columns. -#}
with findings as (
    select * from {{ ref('governance_findings') }}
),

quarantine as (
    select * from {{ ref('event_quarantine') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
),

experiments as (
    select * from {{ ref('experiments') }}
),

loads as (
    select max(newest_received_at) as as_of from {{ ref('event_reconciliation') }}
),

held as (
    select
        source,
        reason,
        count(*) as n
    from quarantine
    group by source, reason
),

received as (
    select
        source,
        sum(raw) as total
    from {{ ref('event_reconciliation') }}
    group by source
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
    from findings
    union all
    select
        'quarantine' as area,
        held.reason as kind,
        'source' as thing_type,
        held.source as thing_id,
        cast(null as {{ dbt.type_string() }}) as severity,
        held.n,
        received.total,
        replace(held.reason, '_', ' ') || ' in ' || replace(held.source, '_', ' ') as sentence
    from held
    left join received on held.source = received.source
),

final as (
    select
        {{ ai_impact.hash_key(['problems.area', 'problems.kind', 'problems.thing_type', 'problems.thing_id']) }} as report_key,
        problems.area,
        problems.kind,
        replace(problems.kind, '_', ' ') as kind_name,
        problems.thing_type,
        problems.thing_id,
        coalesce(use_cases.name, experiments.name, replace(problems.thing_id, '_', ' ')) as thing,
        case problems.severity when 'high' then 1 when 'medium' then 2 when 'low' then 3 end as severity_rank,
        problems.severity,
        problems.sentence,
        cast(problems.n as {{ dbt.type_bigint() }}) as n,
        cast(problems.total as {{ dbt.type_bigint() }}) as total,
        {{ ai_impact.safe_divide('problems.n', 'problems.total') }} as share,
        loads.as_of
    from problems
    left join use_cases on problems.thing_type = 'use_case' and problems.thing_id = use_cases.use_case_id
    left join experiments on problems.thing_type = 'experiment' and problems.thing_id = experiments.experiment_id
    cross join loads
)

select * from final
