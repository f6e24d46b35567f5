{#- Governance problems, one sentence each, with the fix. Severities: col_governance_severity. -#}
with coverage as (
    select * from {{ ref('ai_impact', 'ai_usage_coverage') }}
),

runs as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
),

assigned as (
    select
        experiment_id,
        count(*) as units
    from {{ ref('ai_impact', 'int_assignments') }}
    where experiment_id not in (select runs.experiment_id from runs)
    group by experiment_id
),

gaps as (
    select * from {{ ref('ai_impact', 'governance_gaps') }}
),

mapped as (
    select
        cast(sum(case when is_mapped then ai_events else 0 end) as bigint) as ai_events,
        max(all_ai_events) as all_ai_events
    from coverage
),

found as (
    select
        'ai_usage_coverage' as finding,
        'company' as thing_type,
        'ai_events' as thing_id,
        case
            when ai_events < all_ai_events * 0.8 then 'high'
            when ai_events < all_ai_events * 0.95 then 'medium'
            else 'low'
        end as severity,
        ai_events as n,
        cast(all_ai_events as bigint) as total,
        'Of ' || {{ ai_impact.counted('all_ai_events', 'AI event', 'AI events') }} || ' '
        || {{ ai_impact.counted('ai_events', 'belongs', 'belong') }}
        || ' to a mapped use case: map the use cases of the others in the seed use_cases.' as sentence
    from mapped
    where ai_events < all_ai_events
    union all
    select
        'unmapped_use_case' as finding,
        'use_case' as thing_type,
        use_case_id as thing_id,
        case when share_of_events >= 0.01 then 'high' else 'medium' end as severity,
        ai_events as n,
        all_ai_events as total,
        case
            when use_case_id = {{ ai_impact.unmapped() }}
                then
                    {{ ai_impact.counted('ai_events', 'AI event names', 'AI events name') }}
                    || ' no use case: have the producer send use_case_id.'
            else
                {{ ai_impact.counted('ai_events', 'AI event is', 'AI events are') }} || ' of ' || use_case_id
                || ', which is not on the map: add it to the seed use_cases, with an owner, or stop it.'
        end as sentence
    from coverage
    where not is_mapped
    union all
    select
        'experiment_not_registered' as finding,
        'experiment' as thing_type,
        experiment_id as thing_id,
        'high' as severity,
        units as n,
        units as total,
        {{ ai_impact.counted('units', 'unit is', 'units are') }} || ' assigned in ' || experiment_id
        || ', which is not registered: add it to the seed experiments before it is read.' as sentence
    from assigned
    union all
    select
        'experiment_registered_late' as finding,
        'experiment' as thing_type,
        experiment_id as thing_id,
        'medium' as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'The experiment ' || experiment_id || ' was registered after its start: '
        || 'support it by another, and register the next one before it starts.' as sentence
    from runs
    where not is_registered_before_start
    union all
    select
        'experiment_changed' as finding,
        'experiment' as thing_type,
        experiment_id as thing_id,
        'medium' as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'What the experiment ' || experiment_id || ' rests on changed after its start ('
        || replace(changed_fields, '|', ', ')
        || '): see definition_changes, and register what changed as an experiment of its own.' as sentence
    from runs
    where is_changed_after_start
    union all
    select
        'experiment_not_witnessed' as finding,
        'experiment' as thing_type,
        experiment_id as thing_id,
        'medium' as severity,
        cast(null as bigint) as n,
        cast(null as bigint) as total,
        'Nothing but its own date shows that the experiment ' || experiment_id
        || ' was registered before its start: pass the time of its commit in the var registration_commits.' as sentence
    from runs
    where is_registered_before_start and not is_registration_witnessed
    union all
    select
        'experiments_withdrawn' as finding,
        'experiment' as thing_type,
        experiment_id as thing_id,
        'high' as severity,
        cast(n_withdrawn as bigint) as n,
        cast(null as bigint) as total,
        'Beside the experiment ' || experiment_id || ' '
        || {{ ai_impact.counted('n_withdrawn', 'other is', 'others are') }}
        || ' not in the registry any more: put them back, so that all results are read together.' as sentence
    from runs
    where n_withdrawn > 0
    union all
    select
        finding,
        thing_type,
        thing_id,
        severity,
        n,
        total,
        sentence
    from gaps
),

final as (
    select
        {{ ai_impact.hash_key(['finding', 'thing_type', 'thing_id']) }} as finding_key,
        found.*
    from found
)

select * from final
