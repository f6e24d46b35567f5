with unit_metrics as (
    select * from {{ ref('int_unit_metrics') }}
),

-- var_samp and covar_samp centre the values; sums of squares would cancel.
final as (
    select
        experiment_id,
        metric_id,
        'all' as segment,
        arm,
        count(*) as n,
        avg(numerator) as mean_y,
        var_samp(numerator) as var_y,
        avg(denominator) as mean_z,
        var_samp(denominator) as var_z,
        avg(covariate) as mean_x,
        var_samp(covariate) as var_x,
        covar_samp(numerator, denominator) as cov_yz,
        covar_samp(numerator, covariate) as cov_yx,
        covar_samp(denominator, covariate) as cov_zx
    from unit_metrics
    group by experiment_id, metric_id, arm
)

select * from final
