with windows as (
    select * from {{ ref('int_unit_windows') }}
),

measures as (
    select * from {{ ref('int_unit_measures') }}
),

covariates as (
    select * from {{ ref('int_unit_covariates') }}
),

totals as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        {{ ai_impact.unit_total('windows.numerator_measure', '>=') }} as numerator,
        {{ ai_impact.unit_total('windows.denominator_measure', '>=') }} as denominator,
        {{ ai_impact.unit_total('windows.numerator_measure', '<') }} as pre_numerator,
        {{ ai_impact.unit_total('windows.denominator_measure', '<') }} as pre_denominator
    from windows
    inner join measures
        on
            windows.unit_type = measures.unit_type
            and windows.unit_id = measures.unit_id
            and measures.measure in (windows.numerator_measure, windows.denominator_measure)
            and measures.occurred_at >= windows.pre_starts_at
            and (measures.occurred_at < windows.window_ends_at or windows.window_ends_at is null)
    group by windows.experiment_id, windows.metric_id, windows.unit_id
),

valued as (
    select
        windows.*,
        {{ ai_impact.unit_numerator('totals.numerator') }} as numerator,
        {{ ai_impact.unit_denominator('totals.denominator') }} as denominator,
        {{ ai_impact.unit_numerator('totals.pre_numerator') }} as pre_numerator,
        {{ ai_impact.unit_denominator('totals.pre_denominator') }} as pre_denominator,
        covariates.value as named_covariate
    from windows
    left join totals
        on
            windows.experiment_id = totals.experiment_id
            and windows.metric_id = totals.metric_id
            and windows.unit_id = totals.unit_id
    left join covariates
        on
            windows.unit_type = covariates.unit_type
            and windows.unit_id = covariates.unit_id
            and windows.covariate = covariates.name
            and covariates.observed_at < windows.assigned_at
),

-- Over both arms, so that filling a gap or centring a past ratio can't tell the arms apart.
pooled as (
    select
        experiment_id,
        metric_id,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('named_covariate'), 'count(named_covariate)') }} as mean_covariate,
        {{ ai_impact.mean_of_logs('pre_numerator') }} as mean_logged_past,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('pre_numerator'), ai_impact.exact_sum('pre_denominator')) }}
            as pre_ratio
    from valued
    group by experiment_id, metric_id
),

caps as (
    {{ ai_impact.winsorize_caps('valued') }}
),

final as (
    select
        valued.experiment_id,
        valued.metric_id,
        valued.unit_type,
        valued.unit_id,
        valued.arm,
        valued.stratum,
        valued.cluster_id,
        valued.is_exposed,
        valued.aggregation,
        valued.quantile,
        valued.covariates,
        valued.assigned_at,
        cast(
            {{ ai_impact.transformed('valued.numerator', 'valued.transform', 'caps.cap') }}
            as {{ ai_impact.physical_type('double') }}
        ) as numerator,
        cast(valued.denominator as {{ ai_impact.physical_type('double') }}) as denominator,
        cast(
            {{ ai_impact.transformed('valued.pre_numerator', 'valued.transform', 'caps.cap') }}
            as {{ ai_impact.physical_type('double') }}
        ) as past_numerator,
        cast(valued.pre_denominator as {{ ai_impact.physical_type('double') }}) as past_denominator,
        cast(case
            when valued.covariate is null then null
            when valued.covariate <> 'pre_period' then coalesce(valued.named_covariate, pooled.mean_covariate)
            when valued.denominator_measure is null
                then
                    coalesce({{ ai_impact.transformed('valued.pre_numerator', 'valued.transform', 'caps.cap') }}, mean_logged_past)
            else valued.pre_numerator - pooled.pre_ratio * valued.pre_denominator
        end as {{ ai_impact.physical_type('double') }}) as covariate,
        -- What moments_unit_cells counts; clusters and quantiles have moments of their own.
        case
            when valued.cluster_id is null and valued.aggregation <> 'quantile' then valued.metric_number
        end as metric_number,
        valued.group_number
    from valued
    inner join pooled
        on
            valued.experiment_id = pooled.experiment_id
            and valued.metric_id = pooled.metric_id
    left join caps
        on
            valued.experiment_id = caps.experiment_id
            and valued.metric_id = caps.metric_id
)

select * from final
