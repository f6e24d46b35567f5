with windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
),

measures as (
    select * from {{ ref('ai_impact', 'int_unit_measures') }}
),

covariates as (
    select * from {{ ref('ai_impact', 'int_unit_covariates') }}
),

totals as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        {{ ai_impact.unit_total('numerator', '>=') }} as numerator,
        {{ ai_impact.unit_total('denominator', '>=') }} as denominator,
        {{ ai_impact.unit_total('numerator', '<') }} as pre_numerator,
        {{ ai_impact.unit_total('denominator', '<') }} as pre_denominator,
        {{ ai_impact.paired_count() }} as n_paired,
        {{ ai_impact.paired_count(are_left_out=true) }} as n_left_out
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
        {{ ai_impact.unit_numerator('totals.') }} as numerator,
        {{ ai_impact.unit_denominator('totals.') }} as denominator,
        {{ ai_impact.unit_numerator('totals.pre_') }} as pre_numerator,
        {{ ai_impact.unit_denominator('totals.pre_') }} as pre_denominator,
        coalesce(totals.n_paired, 0) as n_paired,
        coalesce(totals.n_left_out, 0) as n_left_out,
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
            and windows.assigned_at = covariates.assigned_at
            and covariates.is_known_before
),

-- Over both arms, so that filling a gap or centring a past ratio doesn't depend on the arm.
pooled as (
    select
        experiment_id,
        metric_id,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('named_covariate'), 'count(named_covariate)') }} as mean_covariate,
        {{ ai_impact.safe_divide(ai_impact.exact_sum('pre_numerator'), 'count(pre_numerator)') }} as mean_past,
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
        {{ ai_impact.unit_covariate() }} as covariate,
        -- What moments_unit_cells counts: units that are known; clusters and quantiles have moments of their own.
        case
            when valued.cluster_id is null and valued.aggregation <> 'quantile' and valued.numerator is not null
                then valued.metric_number
        end as metric_number,
        valued.group_number,
        {{ ai_impact.counts_of_values() }}
    from valued
    inner join pooled on valued.experiment_id = pooled.experiment_id and valued.metric_id = pooled.metric_id
    left join caps
        on
            valued.experiment_id = caps.experiment_id
            and valued.metric_id = caps.metric_id
)

select * from final
