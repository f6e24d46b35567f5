with unit_metrics as (
    select * from {{ ref('int_unit_metrics') }}
    where aggregation = 'quantile'
),

ranked as (
    select
        experiment_id,
        metric_id,
        arm,
        numerator,
        row_number() over (partition by experiment_id, metric_id, arm order by numerator) as rank,
        count(*) over (partition by experiment_id, metric_id, arm) as n
    from unit_metrics
),

-- At most 400 bins an arm, by rank: of up to 400 units, every unit has its own.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        cast(ceil(rank * 1.0 * {{ ai_impact.least(['n', '400']) }} / n - 0.000001) as {{ dbt.type_int() }}) as bin,
        min(numerator) as lowest,
        max(numerator) as highest,
        max(rank) as units_up_to
    from ranked
    group by experiment_id, metric_id, arm, ceil(rank * 1.0 * {{ ai_impact.least(['n', '400']) }} / n - 0.000001)
)

select * from final
