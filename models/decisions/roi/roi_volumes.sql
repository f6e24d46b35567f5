{#- How much of each use case there was in each period, since its AI went live: units of its revenue estimate (each
    counted once, its effect spread evenly over the metric's window) or weeks (or what else the values of a series are
    of), the units that AI reached in the period for the first time, and the tasks that AI touched, valued at the loaded
    cost of an hour of the teams that did them. -#}
with costs as (
    select * from {{ ref('ai_impact', 'roi_costs') }}
),

effects as (
    select * from {{ ref('ai_impact', 'roi_effects') }}
    where term = 'revenue' and choice = 1
),

series as (
    {{ ai_impact.days_of_series(ref('ai_impact', 'counterfactual_series')) }}
),

reach as (
    select * from {{ ref('ai_impact', 'int_treated_units_daily') }}
),

task_days as (
    select * from {{ ref('ai_impact', 'int_tasks_daily') }}
    where ai_tasks > 0
),

rates as (
    select * from {{ ref('ai_impact', 'labor_rates') }}
),

cells as (
    select * from {{ ref('ai_impact', 'int_kpi_cells') }}
    where team_id = {{ ai_impact.rollup_label() }}
),

cohorts as (
    select
        effects.use_case_id,
        reach.reached_on,
        {{ ai_impact.add_days('reach.reached_on', 'effects.window_days') }} as effect_to,
        effects.window_days,
        reach.units
    from effects
    inner join reach
        on
            effects.experiment_id = reach.experiment_id
            -- Who was in no arm got what is in use now: the arm that the effect is of.
            and coalesce(reach.treatment_arm, effects.treatment_arm, '')
            = coalesce(effects.treatment_arm, reach.treatment_arm, '')
),

units as (
    select
        costs.roi_cost_key,
        {{ ai_impact.exact_sum(
            'cohorts.units * ' ~ ai_impact.safe_divide(
                ai_impact.days_from(
                    ai_impact.greatest(['cohorts.reached_on', 'costs.cost_from']),
                    ai_impact.least(['cohorts.effect_to', 'costs.period_end'])
                ), 'cohorts.window_days'
            )
        ) }} as units,
        sum(
            case
                when cohorts.reached_on >= costs.cost_from and cohorts.reached_on < costs.period_end then cohorts.units
                else 0
            end
        ) as new_units
    from costs
    inner join cohorts
        on
            costs.use_case_id = cohorts.use_case_id
            and cohorts.reached_on < costs.period_end
            and cohorts.effect_to > costs.cost_from
    group by costs.roi_cost_key
),

labour as (
    select
        costs.roi_cost_key,
        {{ ai_impact.exact_sum('task_days.ai_tasks * rates.loaded_cost_per_hour') }} as task_hours_value,
        min(case when rates.loaded_cost_per_hour is null then task_days.team_id end) as unpaid_team
    from costs
    inner join task_days
        on
            costs.use_case_id = task_days.use_case_id
            and task_days.completed_on >= costs.cost_from
            and task_days.completed_on < costs.period_end
    left join rates
        on
            task_days.team_id = rates.team_id
            and {{ ai_impact.month_of('task_days.completed_on') }} = rates.month
    group by costs.roi_cost_key
),

final as (
    select
        costs.roi_cost_key,
        costs.use_case_id,
        costs.period_key,
        cast(case
            when effects.basis = 'per_week'
                then cast(costs.days as {{ ai_impact.physical_type('double') }}) / coalesce(series.days, 7)
            when effects.use_case_id is not null then coalesce(units.units, 0)
        end as {{ ai_impact.physical_type('double') }}) as revenue_volume,
        cast(case
            when effects.basis = 'per_unit' then coalesce(units.new_units, 0)
        end as {{ ai_impact.physical_type('double') }}) as new_units,
        case
            when cells.suppression_rule is null and labour.unpaid_team is null
                then coalesce(labour.task_hours_value, 0)
        end as labour_volume,
        case
            when cells.suppression_rule is not null then {{ ai_impact.suppression_reason('cells.suppression_rule') }}
            when labour.unpaid_team is not null
                then
                    'The team ' || labour.unpaid_team
                    || ' has no rate in a month of the period: add it to the seed labor_rates.'
        end as labour_reason
    from costs
    left join effects on costs.use_case_id = effects.use_case_id
    left join series on effects.experiment_id = series.experiment_id and effects.metric_id = series.metric_id
    left join units on costs.roi_cost_key = units.roi_cost_key
    left join labour on costs.roi_cost_key = labour.roi_cost_key
    left join cells on costs.period_key = cells.period_key and costs.use_case_id = cells.use_case_id
)

select * from final
