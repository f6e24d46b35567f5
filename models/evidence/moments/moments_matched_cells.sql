with units as (
    select * from {{ ref('int_matched_units') }}
),

-- Units without a value or without any covariate can't be compared: they are counted, in a cell of their own.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        case when value is not null then cell end as cell,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        avg(value) as mean_y,
        var_samp(value) as var_y,
        cast(count(past_value) as {{ dbt.type_bigint() }}) as n_past,
        avg(past_value) as mean_past,
        var_samp(past_value) as var_past
    from units
    group by experiment_id, metric_id, arm, case when value is not null then cell end
)

select * from final
