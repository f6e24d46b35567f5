{{ config(post_hook=[
    "{{ ai_impact.check_primary_methods(this, ref('ai_impact', 'method_catalogue')) }}",
    "{{ ai_impact.check_expected_splits(this) }}"
]) }}

{%- set ranks = ['unknown', 'self_selected', 'matched', 'staggered', 'holdout', 'randomized'] -%}
with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

registrations as (
    select * from {{ ref('ai_impact', 'int_registrations') }}
),

assignments as (
    select * from {{ ref('ai_impact', 'int_assignments') }}
),

task_events as (
    select * from {{ ref('ai_impact', 'stg_task_events') }}
),

outcome_events as (
    select * from {{ ref('ai_impact', 'stg_outcome_events') }}
),

-- If an experiment used several assignment methods, the least random one decides its grade.
methods as (
    select
        experiment_id,
        min(
            case assignment_method
                {%- for method in ranks[1:] %}
                    when '{{ method }}' then {{ loop.index }}
                {%- endfor %}
                else 0
            end
        ) as least_random
    from assignments
    group by experiment_id
),

horizons as (
    select max(occurred_at) as occurred_at from task_events
    union all
    select max(occurred_at) as occurred_at from outcome_events
),

horizon as (
    select max(occurred_at) as data_end from horizons
),

final as (
    select
        experiments.experiment_id,
        experiments.use_case_id,
        experiments.design,
        experiments.unit_type,
        trim(experiments.control_arm) as control_arm,
        experiments.treatment_arm,
        experiments.primary_metric_id,
        cast(experiments.secondary_metric_ids as {{ dbt.type_string() }}) as secondary_metric_ids,
        cast(experiments.guardrail_metric_ids as {{ dbt.type_string() }}) as guardrail_metric_ids,
        cast(experiments.starts_at as {{ dbt.type_timestamp() }}) as starts_at,
        cast(experiments.ends_at as {{ dbt.type_timestamp() }}) as ends_at,
        cast(experiments.expected_split as {{ dbt.type_string() }}) as expected_split,
        cast(experiments.alpha as {{ ai_impact.physical_type('double') }}) as alpha,
        cast(experiments.power as {{ ai_impact.physical_type('double') }}) as power,
        cast(
            experiments.minimum_detectable_effect as {{ ai_impact.physical_type('double') }}
        ) as minimum_detectable_effect,
        cast(experiments.cluster_by as {{ dbt.type_string() }}) as cluster_by,
        cast(experiments.inference as {{ dbt.type_string() }}) as inference,
        cast(experiments.interim_looks as {{ dbt.type_string() }}) as interim_looks,
        cast(experiments.dimensions as {{ dbt.type_string() }}) as dimensions,
        nullif(lower(trim(cast(experiments.period as {{ dbt.type_string() }}))), '') as period,
        nullif(trim(cast(experiments.primary_method as {{ dbt.type_string() }})), '') as primary_method,
        cast(experiments.sequential_tuning_n as {{ ai_impact.physical_type('double') }}) as sequential_tuning_n,
        cast({{ var('k_anonymity') }} as {{ dbt.type_int() }}) as least_units_shown,
        cast({{ var('experiment_segments') }} as {{ dbt.type_int() }}) as most_parts_shown,
        case methods.least_random
            {%- for method in ranks %}
                when {{ loop.index0 }} then '{{ method }}'
            {%- endfor %}
        end as assignment_method,
        registrations.started_at,
        registrations.is_registered_before_start,
        registrations.is_registration_witnessed,
        registrations.is_changed_after_start,
        registrations.changed_fields,
        registrations.n_withdrawn,
        coalesce(horizon.data_end >= cast(experiments.ends_at as {{ dbt.type_timestamp() }}), false) as is_finished,
        registrations.latest_ends_at,
        horizon.data_end
    from experiments
    left join registrations on experiments.experiment_id = registrations.experiment_id
    left join methods on experiments.experiment_id = methods.experiment_id
    cross join horizon
)

select * from final
