{%- set experiment = var('attribution_calibration_experiment') -%}
{%- set metric = var('attribution_calibration_metric') -%}
with credits as (
    select * from {{ ref('channel_credits') }}
),

experiments as (
    select * from {{ ref('int_experiments') }}
    where experiment_id = '{{ experiment }}'
),

estimates as (
    select * from {{ ref('impact_estimates') }}
    where
        experiment_id = '{{ experiment }}'
        and metric_id = '{{ metric }}'
        and method = 'difference_in_means'
        and segment = 'all'
        and evidence_grade in ('A', 'B')
),

-- What the experiment has shown to be earned: its effect on a unit, times the units that were treated.
increments as (
    select sum(estimate * n_treatment) as increase from estimates
),

periods as (
    select
        credits.*,
        cast(credits.period_start as date) as month_start,
        cast({{ ai_impact.add_time('month', 1, 'cast(credits.period_start as date)') }} as date) as month_end
    from credits
),

windowed as (
    select
        periods.*,
        increments.increase,
        periods.channel <> '(none)'
        and experiments.experiment_id is not null
        and periods.month_end > experiments.starts_at
        and periods.month_start < experiments.ends_at as is_calibrated
    from periods
    cross join increments
    left join experiments on true
),

totals as (
    select
        windowed.*,
        cast(
            sum(cast(case when is_calibrated then revenue else 0 end as decimal(38, 9))) over (partition by model)
            as {{ ai_impact.physical_type('double') }}
        ) as calibrated_base
    from windowed
),

final as (
    select
        {{ ai_impact.hash_key(['model', 'channel', 'month_start']) }} as attribution_key,
        model,
        channel,
        'month' as period_grain,
        month_start as period_start,
        month_end as period_end,
        conversions,
        conversions_ci_low,
        conversions_ci_high,
        revenue,
        revenue_ci_low,
        revenue_ci_high,
        case when is_calibrated then increase * {{ ai_impact.safe_divide('revenue', 'calibrated_base') }} end
            as calibrated_revenue,
        ai_conversions,
        ai_revenue,
        n_conversions,
        n_paths,
        'D' as evidence_grade,
        'not causal' as label,
        {{ ai_impact.calibration_reason(experiment, metric) }} as calibration_reason,
        reason
    from totals
)

select * from final
