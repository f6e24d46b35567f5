{{ config(materialized=ai_impact.view_or_table()) }}

with metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

-- Only what a registered metric asks for is unfolded, for the kinds of units that are in its experiments.
final as (
    select
        unit_type,
        numerator_measure as measure
    from metrics
    where numerator_measure is not null
    {{ ai_impact.union_distinct() }}
    select
        unit_type,
        denominator_measure as measure
    from metrics
    where denominator_measure is not null
)

select * from final
