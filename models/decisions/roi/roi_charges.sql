{#- Every charge in the reporting currency, for the use case that it is of; one of no use case is split by the tasks
    that AI touched in the days that it covers. -#}
with charges as (
    select * from {{ ref('ai_impact', 'stg_cost_records') }}
),

task_days as (
    select * from {{ ref('ai_impact', 'int_tasks_daily') }}
    where ai_tasks > 0
),

priced as (
    select
        charge_id,
        use_case_id,
        cost_type,
        billing_currency,
        cast(charge_period_start as date) as charge_from,
        {{ ai_impact.greatest([
            'cast(charge_period_end as date)',
            ai_impact.add_days('charge_period_start', 1)
        ]) }} as charge_to,
        effective_cost_reported as cost
    from charges
),

weights as (
    select
        priced.charge_id,
        task_days.use_case_id,
        sum(task_days.ai_tasks) as weight
    from priced
    inner join task_days
        on
            task_days.completed_on >= priced.charge_from
            and task_days.completed_on < priced.charge_to
    where priced.use_case_id is null
    group by priced.charge_id, task_days.use_case_id
),

shares as (
    select
        charge_id,
        use_case_id,
        {{ ai_impact.safe_divide('weight', 'sum(weight) over (partition by charge_id)') }} as share
    from weights
),

shared as (
    select
        priced.charge_id,
        coalesce(priced.use_case_id, shares.use_case_id, {{ ai_impact.unmapped() }}) as use_case_id,
        priced.cost_type,
        priced.billing_currency,
        priced.charge_from,
        priced.charge_to,
        cast(priced.cost * coalesce(shares.share, 1) as {{ ai_impact.physical_type('double') }}) as cost
    from priced
    left join shares on priced.charge_id = shares.charge_id
),

final as (
    select
        {{ ai_impact.hash_key(['charge_id', 'use_case_id']) }} as roi_charge_key,
        shared.*
    from shared
)

select * from final
