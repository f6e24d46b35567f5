{#- Since when more than the cell `registered_at` shows that a registration stood as it stands: the commit of the seeds,
    or a signature. One row per experiment that has one. -#}
with experiments as (
    select * from {{ ref('ai_impact', 'experiments') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'use_cases') }}
),

reviews as (
    select
        {{ ai_impact.definition_id('reviews') }} as definition_id,
        reviewed_on,
        cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
        lower(trim(cast(signed_off_by as {{ dbt.type_string() }}))) as signed_off_by,
        trim(cast(registration_hash as {{ dbt.type_string() }})) as registration_hash
    from {{ ref('ai_impact', 'reviews') }}
    where experiment_id is not null and signed_off_by is not null
),

versions as (
    select * from {{ ref('ai_impact', 'int_definition_versions') }}
),

registration_hashes as (
    select * from {{ ref('ai_impact', 'int_registration_hashes') }}
),

commits as (
    {{ ai_impact.attested_commits() }}
),

-- What is signed, and by whom, counts from when it was last written.
entries as (
    select
        definition_id,
        max(valid_from) as seen_at
    from versions
    where seed = 'reviews' and valid_to is null
    group by definition_id
),

first_build as (
    select min(valid_from) as built_at from versions
),

-- The first build of a warehouse has not seen what was signed before it, and believes the date. Later it could have: a
-- signature then counts from when it was seen. Nobody signs for their own use case, or for another registration.
signatures as (
    select
        reviews.experiment_id,
        case
            when entries.seen_at = first_build.built_at
                then cast({{ ai_impact.add_days('reviews.reviewed_on', 1) }} as {{ dbt.type_timestamp() }})
            else entries.seen_at
        end as attested_at
    from reviews
    inner join entries on reviews.definition_id = entries.definition_id
    cross join first_build
    inner join experiments on reviews.experiment_id = experiments.experiment_id
    inner join registration_hashes
        on
            reviews.experiment_id = registration_hashes.experiment_id
            and reviews.registration_hash = registration_hashes.registration_hash
    left join use_cases on experiments.use_case_id = use_cases.use_case_id
    where coalesce(reviews.signed_off_by <> lower(trim(cast(use_cases.owner as {{ dbt.type_string() }}))), true)
),

committed as (
    select
        commits.experiment_id,
        commits.committed_at as attested_at
    from commits
    inner join registration_hashes
        on
            commits.experiment_id = registration_hashes.experiment_id
            and coalesce(commits.registration_hash = registration_hashes.registration_hash, true)
),

attested as (
    select * from signatures
    union all
    select * from committed
),

final as (
    select
        cast(experiment_id as {{ dbt.type_string() }}) as experiment_id,
        min(attested_at) as attested_at
    from attested
    group by experiment_id
)

select * from final
