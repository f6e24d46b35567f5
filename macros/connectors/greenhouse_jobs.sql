{#
    Openings of Greenhouse as Fivetran lands them, as `requisitions`: see docs/connectors.md. Expressions read the columns of `job_opening`. An opening is
    filled when it is closed with a candidate; closed without one it is cancelled.
#}
{% macro from_greenhouse_jobs(job_openings, jobs=none, job_departments=none, offers=none, scorecards=none, received_at='received_at', source_name='greenhouse', where=none) -%}
{%- set given = ai_impact.check_given('from_greenhouse_jobs', kwargs, [
    'team_id', 'is_ai_screened', 'interviewer_rating', 'performance_rating', 'retained_days', 'started_at'
]) -%}
with opening_versions as (
    {{- ai_impact.read_landed(job_openings, {
        'id': 'string', 'job_id': 'string', 'opened_at': 'timestamp', 'closed_at': 'timestamp', 'status': 'string',
        'application_id': 'string', '_fivetran_deleted': 'boolean', '_fivetran_synced': 'timestamp'
    }, given, received_at, where, 'requisitions') }}
),

openings as (
    {{- ai_impact.last_version('opening_versions', 'id', ['_fivetran_synced', 'closed_at', 'status']) }}
),

landed_jobs as (
    {{- ai_impact.read_landed(jobs, {'id': 'string', 'updated_at': 'timestamp', '_fivetran_deleted': 'boolean'}) }}
),

changed_jobs as (
    select
        id,
        max(updated_at) as updated_at,
        max(case when _fivetran_deleted then 1 else 0 end) as is_deleted
    from landed_jobs
    group by id
),

landed_departments as (
    {{- ai_impact.read_landed(job_departments, {'job_id': 'string', 'department_id': 'string'}) }}
),

-- A job of several departments has no one team.
departments as (
    select
        job_id,
        case when count(distinct department_id) = 1 then min(department_id) end as department_id
    from landed_departments
    group by job_id
),

landed_offers as (
    {{- ai_impact.read_landed(offers, {
        'application_id': 'string', 'status': 'string', 'starts_at': ['timestamp', 'starts_at', 'start_date']
    }) }}
),

starts as (
    select
        application_id,
        max(starts_at) as starts_at
    from landed_offers
    where lower(status) = 'accepted'
    group by application_id
),

landed_scorecards as (
    {{- ai_impact.read_landed(scorecards, {
        'id': 'string', 'application_id': 'string', 'overall_recommendation': 'string', '_fivetran_deleted': 'boolean'
    }) }}
),

ratings as (
    select
        application_id,
        avg(case replace(lower(overall_recommendation), ' ', '_')
            when 'strong_yes' then 5.0
            when 'yes' then 4.0
            when 'mixed' then 3.0
            when 'no' then 2.0
            when 'definitely_not' then 1.0
        end) as rating
    from landed_scorecards
    where not coalesce(_fivetran_deleted, false)
    group by application_id
),

described as (
    select
        openings.*,
        departments.department_id,
        starts.starts_at,
        ratings.rating,
        lower(openings.status) = 'closed' and openings.closed_at is not null and openings.application_id is not null as is_filled,
        coalesce(openings._fivetran_deleted, false) or coalesce(changed_jobs.is_deleted, 0) = 1 as is_gone,
        {{ ai_impact.greatest(['openings.opened_at', 'openings.closed_at', 'changed_jobs.updated_at', 'openings._fivetran_synced']) }} as changed_at
    from openings
    left join changed_jobs on openings.job_id = changed_jobs.id
    left join departments on openings.job_id = departments.job_id
    left join starts on openings.application_id = starts.application_id
    left join ratings on openings.application_id = ratings.application_id
),

final as (
    select
    {{- ai_impact.contract_columns('requisitions', {
        'requisition_id': "'" ~ source_name ~ ":' || id",
        'team_id': 'department_id',
        'opened_at': 'opened_at',
        'filled_at': 'case when is_filled then closed_at end',
        'started_at': 'case when is_filled then starts_at end',
        'interviewer_rating': 'case when is_filled then rating end',
        'status': "case when is_filled then 'filled' when lower(status) = 'closed' then 'cancelled' else lower(status) end",
        'updated_at': 'changed_at',
        'received_at': 'coalesce(received_at, changed_at)',
        'is_deleted': 'is_gone',
    }, given) }}
    from described
)

select * from final
{%- endmacro %}
