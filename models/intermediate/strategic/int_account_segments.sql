{#- The segment of each account, from the covariate that the var `account_segment_covariate` names. Accounts
    without one are one segment. -#}
{{ config(materialized=ai_impact.plain_view()) }}

with covariates as (
    select * from {{ ref('stg_unit_covariates') }}
    where is_current and unit_type = 'account' and name = '{{ var("account_segment_covariate") }}'
),

opportunities as (
    select * from {{ ref('stg_opportunities') }}
),

answers as (
    select * from {{ ref('stg_survey_responses') }}
),

accounts as (
    select unit_id as account_id from covariates
    {{ ai_impact.union_distinct() }}
    select account_id from opportunities
    {{ ai_impact.union_distinct() }}
    select account_id from answers
),

final as (
    select
        accounts.account_id,
        coalesce(covariates.value_text, {{ ai_impact.unmapped() }}) as segment
    from accounts
    left join covariates on accounts.account_id = covariates.unit_id
    where accounts.account_id is not null
)

select * from final
