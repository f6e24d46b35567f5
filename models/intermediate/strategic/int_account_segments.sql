{#- Each account that anything is known of, however many ids it has, with its segment: the last one observed, from the
    covariate that the var `account_segment_covariate` names. Accounts without one are one segment. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with covariates as (
    select * from {{ ref('ai_impact', 'stg_unit_covariates') }}
    where
        is_current
        and unit_type in ({{ ai_impact.quoted(ai_impact.same_kind('account')) }})
        and name = {{ ai_impact.quoted([var('account_segment_covariate')]) }}
),

opportunities as (
    select * from {{ ref('ai_impact', 'stg_opportunities') }}
),

answers as (
    select * from {{ ref('ai_impact', 'stg_survey_responses') }}
),

outcomes as (
    select distinct
        unit_type,
        unit_id
    from {{ ref('ai_impact', 'stg_outcome_events') }}
    where unit_type in ({{ ai_impact.quoted(ai_impact.same_kind('account')) }})
),

known_ids as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where entity_kind = 'account'
),

mentions as (
    select
        unit_type as id_type,
        unit_id as id,
        value_text as segment,
        observed_at
    from covariates
    union all
    select
        'account',
        account_id,
        cast(null as {{ dbt.type_string() }}),
        cast(null as {{ ai_impact.physical_type('timestamp') }})
    from opportunities
    union all
    select
        'account',
        account_id,
        cast(null as {{ dbt.type_string() }}),
        cast(null as {{ ai_impact.physical_type('timestamp') }})
    from answers
    union all
    select
        unit_type,
        unit_id,
        cast(null as {{ dbt.type_string() }}),
        cast(null as {{ ai_impact.physical_type('timestamp') }})
    from outcomes
),

ranked as (
    select
        coalesce(known_ids.known_as, mentions.id) as account_id,
        mentions.segment,
        row_number() over (
            partition by coalesce(known_ids.known_as, mentions.id)
            order by
                case when mentions.segment is null then 0 else 1 end desc,
                case when mentions.observed_at is null then 0 else 1 end desc,
                mentions.observed_at desc,
                mentions.segment desc
        ) as position
    from mentions
    left join known_ids on mentions.id_type = known_ids.id_type and mentions.id = known_ids.id
    where mentions.id is not null
),

final as (
    select
        account_id,
        coalesce(segment, {{ ai_impact.unmapped() }}) as segment
    from ranked
    where position = 1
)

select * from final
