with unit_dimensions as (
    select * from {{ ref('ai_impact', 'int_unit_dimensions') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

sizes as (
    select
        unit_dimensions.experiment_id,
        unit_dimensions.dimension,
        unit_dimensions.dimension_value,
        unit_dimensions.arm,
        count(*) as n_units
    from unit_dimensions
    inner join experiments on unit_dimensions.experiment_id = experiments.experiment_id
    where {{ ai_impact.is_compared('unit_dimensions.arm', 'experiments') }}
    group by
        unit_dimensions.experiment_id,
        unit_dimensions.dimension,
        unit_dimensions.dimension_value,
        unit_dimensions.arm
),

arms as (
    select
        experiment_id,
        dimension,
        count(distinct arm) as n_arms
    from sizes
    group by experiment_id, dimension
),

judged as (
    select
        sizes.experiment_id,
        sizes.dimension,
        sizes.dimension_value,
        sum(sizes.n_units) as n_units,
        case
            when sizes.dimension_value = '(other)' then 0
            when min(sizes.n_units) < {{ var('k_anonymity') }} then 0
            when count(*) < max(arms.n_arms) then 0
            else 1
        end as is_large
    from sizes
    inner join arms
        on
            sizes.experiment_id = arms.experiment_id
            and sizes.dimension = arms.dimension
    group by sizes.experiment_id, sizes.dimension, sizes.dimension_value
),

placed as (
    select
        *,
        row_number() over (
            partition by experiment_id, dimension, is_large order by n_units desc, dimension_value asc
        ) as place
    from judged
),

flagged as (
    select
        *,
        is_large = 1 and place <= {{ var('experiment_segments') }} as is_shown
    from placed
),

rest as (
    select
        sizes.experiment_id,
        sizes.dimension,
        sizes.arm,
        sum(sizes.n_units) as n_units
    from sizes
    inner join flagged
        on
            sizes.experiment_id = flagged.experiment_id
            and sizes.dimension = flagged.dimension
            and sizes.dimension_value = flagged.dimension_value
    where not flagged.is_shown
    group by sizes.experiment_id, sizes.dimension, sizes.arm
),

-- The segments add up to a whole that is shown: a rest too small to show takes the smallest shown one with it.
given_away as (
    select
        rest.experiment_id,
        rest.dimension,
        min(rest.n_units) < {{ var('k_anonymity') }} or count(*) < max(arms.n_arms) as is_given_away
    from rest
    inner join arms
        on
            rest.experiment_id = arms.experiment_id
            and rest.dimension = arms.dimension
    group by rest.experiment_id, rest.dimension
),

final as (
    select
        flagged.experiment_id,
        flagged.dimension,
        flagged.dimension_value,
        case
            when not flagged.is_shown then '(other)'
            when
                coalesce(given_away.is_given_away, false)
                and flagged.place = max(case when flagged.is_shown then flagged.place end)
                    over (partition by flagged.experiment_id, flagged.dimension)
                then '(other)'
            else flagged.dimension_value
        end as shown_as
    from flagged
    left join given_away
        on
            flagged.experiment_id = given_away.experiment_id
            and flagged.dimension = given_away.dimension
)

select * from final
