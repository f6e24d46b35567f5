{#- What AI tools cost, spread evenly over the days that a charge covers and over the teams that did the work. Usage
    is left out (the calls carry it), and so is what is paid once or for oversight: review is its own term. -#}
{{ config(materialized=ai_impact.heavy_view()) }}

with charges as (
    select * from {{ ref('ai_impact', 'stg_cost_records') }}
    where cost_type in ('licence', 'infrastructure', 'maintenance')
),

days as (
    select * from {{ ref('ai_impact', 'dim_dates') }}
),

task_days as (
    select * from {{ ref('ai_impact', 'int_tasks_daily') }}
),

periods as (
    select
        charge_id,
        use_case_id,
        cast(charge_period_start as date) as charge_from,
        {{ ai_impact.greatest([
            'cast(charge_period_end as date)',
            ai_impact.add_days('charge_period_start', 1)
        ]) }} as charge_to,
        effective_cost_reported as cost
    from charges
),

-- A charge of one use case goes by its completed tasks; a charge of the whole company by the tasks that AI touched.
weights as (
    select
        periods.charge_id,
        task_days.use_case_id,
        task_days.team_id,
        sum(case when periods.use_case_id is null then task_days.ai_tasks else task_days.completed end) as weight
    from periods
    inner join task_days
        on
            task_days.completed_on >= periods.charge_from
            and task_days.completed_on < periods.charge_to
            and task_days.use_case_id = coalesce(periods.use_case_id, task_days.use_case_id)
    group by periods.charge_id, task_days.use_case_id, task_days.team_id
),

shares as (
    select
        charge_id,
        use_case_id,
        team_id,
        {{ ai_impact.safe_divide('weight', 'sum(weight) over (partition by charge_id)') }} as share
    from weights
    where weight > 0
),

final as (
    select
        days.date_day as charged_on,
        coalesce(shares.use_case_id, {{ ai_impact.mapped('periods.use_case_id') }}) as use_case_id,
        coalesce(shares.team_id, {{ ai_impact.unmapped() }}) as team_id,
        count(case when periods.cost is null then 1 end) as unpriced_charges,
        {{ ai_impact.exact_sum(
            'periods.cost * coalesce(shares.share, 1) / ' ~ ai_impact.days_from('periods.charge_from', 'periods.charge_to')
        ) }} as tooling_cost
    from periods
    inner join days on days.date_day >= periods.charge_from and days.date_day < periods.charge_to
    left join shares on periods.charge_id = shares.charge_id
    group by 1, 2, 3
)

select * from final
