{%- set numbers = [
    'conversions', 'conversions_ci_low', 'conversions_ci_high', 'revenue', 'revenue_ci_low', 'revenue_ci_high'
] -%}
{%- set experiment = var('attribution_calibration_experiment') -%}
{%- set metric = var('attribution_calibration_metric') -%}
with model_credits as (
    select * from {{ ref('ai_impact', 'channel_credits') }}
),

moments as (
    select * from {{ ref('ai_impact', 'moments_channel_credits') }}
),

hidden_groups as (
    select * from {{ ref('ai_impact', 'int_hidden_groups') }}
    where family = 'channels' and column_id = 'conversions' and row_id <> {{ ai_impact.rollup_label() }}
),

-- A hidden channel has a row in every month that any channel has one in: none is missing for want of conversions.
months as (
    select distinct
        model,
        period_start,
        n_paths
    from model_credits
),

credits as (
    select
        model,
        channel,
        period_start,
        {% for name in numbers + ['ai_conversions', 'ai_revenue', 'n_conversions', 'n_paths'] -%}
            {{ name }},
        {% endfor -%}
        reason
    from model_credits
    union all
    select
        months.model,
        hidden_groups.row_id,
        months.period_start,
        {%- for name in numbers + ['ai_conversions', 'ai_revenue'] %}
            cast(null as {{ ai_impact.physical_type('double') }}),
        {%- endfor %}
        cast(null as {{ dbt.type_bigint() }}),
        months.n_paths,
        cast(null as {{ dbt.type_string() }})
    from months
    inner join hidden_groups
        on {{ ai_impact.quarter_of('cast(months.period_start as date)') }} = hidden_groups.quarter_start
    left join model_credits
        on
            months.model = model_credits.model
            and months.period_start = model_credits.period_start
            and hidden_groups.row_id = model_credits.channel
    where model_credits.channel is null
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where experiment_id = {{ ai_impact.quoted([experiment]) }}
),

estimates as (
    select * from {{ ref('ai_impact', 'impact_estimates') }}
    where
        experiment_id = {{ ai_impact.quoted([experiment]) }}
        and metric_id = {{ ai_impact.quoted([metric]) }}
        and is_headline
        and scale = 'absolute'
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
        hidden_groups.row_id is not null as is_suppressed,
        {{ ai_impact.is_revenue_unknown() }} as is_unknown,
        cast(credits.period_start as date) as month_start,
        cast({{ ai_impact.add_time('month', 1, 'cast(credits.period_start as date)') }} as date) as month_end
    from credits
    left join moments
        on
            credits.channel = moments.channel
            and cast(credits.period_start as date) = cast(moments.period_start as date)
            and case when credits.model in ('markov', 'shapley') then 'linear' else credits.model end = moments.model
    left join hidden_groups
        on
            credits.channel = hidden_groups.row_id
            and {{ ai_impact.quarter_of('cast(credits.period_start as date)') }} = hidden_groups.quarter_start
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
        ) as calibrated_base,
        max(case when is_calibrated and is_unknown then 1 else 0 end) over (partition by model) = 1 as is_base_unknown
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
        {%- for name in numbers %}
            case
                when not is_suppressed{{ ' and not is_unknown' if name.startswith('revenue') }} then {{ name }}
            end as {{ name }},
        {%- endfor %}
        case
            when is_calibrated and not is_suppressed and not is_base_unknown
                then increase * {{ ai_impact.safe_divide('revenue', 'calibrated_base') }}
        end as calibrated_revenue,
        case when not is_suppressed then ai_conversions end as ai_conversions,
        case when not is_suppressed and not is_unknown then ai_revenue end as ai_revenue,
        case when not is_suppressed then n_conversions end as n_conversions,
        n_paths,
        'D' as evidence_grade,
        'not causal' as label,
        {{ ai_impact.calibration_reason(experiment, metric) }} as calibration_reason,
        case
            when is_suppressed
                then
                    'Fewer than {{ var("k_anonymity") }} people converted by it in this quarter, '
                    || 'or the number would reveal theirs.'
            when is_unknown
                then
                    'The revenue of a conversion is not known: give it an amount, or its currency a rate in the var '
                    || 'currency_rates.'
            else reason
        end as reason,
        is_suppressed
    from totals
)

select * from final
