{%- set bin = 'ceil(rank * 1.0 * ' ~ ai_impact.least(['n', '400']) ~ ' / n - 0.000001)' -%}
with unit_metrics as (
    select * from {{ ref('ai_impact', 'int_unit_metrics') }}
    where aggregation = 'quantile' and numerator is not null
),

unit_dimensions as (
    select * from {{ ref('ai_impact', 'int_unit_dimensions') }}
),

segments as (
    select * from {{ ref('ai_impact', 'int_dimension_segments') }}
),

{{ ai_impact.parted_quantiles() }},

ranked as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        numerator,
        row_number() over (partition by experiment_id, metric_id, segment, arm order by numerator) as rank,
        count(*) over (partition by experiment_id, metric_id, segment, arm) as n
    from parted
),

-- At most 400 bins an arm, by rank: of up to 400 units, every unit has its own.
final as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        cast({{ bin }} as {{ dbt.type_int() }}) as bin,
        min(numerator) as lowest,
        max(numerator) as highest,
        max(rank) as units_up_to
    from ranked
    group by experiment_id, metric_id, segment, arm, {{ bin }}
)

select * from final
