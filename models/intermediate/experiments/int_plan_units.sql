with experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where assignment_method is null
),

metrics as (
    select * from {{ ref('ai_impact', 'int_experiment_metrics') }}
),

candidates as (
    select * from {{ ref('ai_impact', 'int_plan_candidates') }}
),

aliases as (
    select * from {{ ref('ai_impact', 'int_unit_id_map') }}
),

units as (
    select
        aliases.unit_type,
        aliases.unit_id,
        min(candidates.first_seen_at) as first_seen_at
    from candidates
    inner join aliases
        on
            candidates.unit_type = aliases.alias_type
            and candidates.unit_id = aliases.alias_id
    group by aliases.unit_type, aliases.unit_id
),

-- Leads and tasks arrive, as they would in the experiment; the others are there before it starts.
timed as (
    select
        metrics.experiment_id,
        metrics.metric_id,
        units.unit_type,
        units.unit_id,
        units.unit_type in ('lead', 'task') as is_arriving,
        units.first_seen_at,
        {{ ai_impact.add_time('day', '-coalesce(metrics.window_days, 0)', 'experiments.data_end') }} as last_start_at,
        {{ ai_impact.add_time('day', '-metrics.pre_period_days', 'experiments.data_end') }} as one_window_ago,
        cast(
            floor({{ ai_impact.hours_between('experiments.starts_at', 'experiments.ends_at') }} / 24)
            as {{ dbt.type_int() }}
        ) as length_days
    from experiments
    inner join metrics on experiments.experiment_id = metrics.experiment_id
    inner join units on metrics.unit_type = units.unit_type
),

-- As if the experiment ended where the data do: who would have been in it, and from when on. A second after a unit was
-- first seen, so that what was known of it then is from before.
final as (
    select
        experiment_id,
        metric_id,
        unit_type,
        unit_id,
        case
            when is_arriving then {{ ai_impact.add_time('second', 1, 'first_seen_at') }}
            else one_window_ago
        end as assigned_at
    from timed
    where
        case
            when is_arriving
                then
                    first_seen_at < last_start_at
                    and first_seen_at >= {{ ai_impact.add_time('day', '-length_days', 'last_start_at') }}
            else first_seen_at < one_window_ago
        end
)

select * from final
