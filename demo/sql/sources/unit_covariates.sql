with attributes as (
    select 'lead' as unit_type, lead_id as unit_id, 'engagement_score' as name, round(50 + 15 * x, 3) as value_number, cast(null as varchar) as value_text,
        plus_hours(assigned_at, -24 * (1 + 6 * u('scored', i))) as observed_at
    from leads where in_experiment
    union all
    select 'lead', lead_id, 'market', null,
        case
            when u('market', i) < 0.24 then 'us'
            when u('market', i) < 0.38 then 'gb'
            when u('market', i) < 0.50 then 'de'
            when u('market', i) < 0.60 then 'fr'
            when u('market', i) < 0.68 then 'ca'
            when u('market', i) < 0.75 then 'in'
            when u('market', i) < 0.81 then 'au'
            when u('market', i) < 0.86 then 'br'
            when u('market', i) < 0.91 then 'nl'
            when u('market', i) < 0.95 then 'es'
            when u('market', i) < 0.98 then 'jp'
            else 'se'
        end,
        plus_hours(assigned_at, -24 * (1 + 6 * u('scored', i)))
    from leads where in_experiment
    union all
    select 'account', account_id, 'prior_engagement', round(50 + 15 * x, 3), null, timestamp '$landing_starts' - interval 10 day from accounts
    union all
    select 'account', account_id, 'segment', null, segment, timestamp '$landing_starts' - interval 10 day from accounts
    union all
    select 'person', person_id, 'prior_attainment', round(100 + 12 * skill + 4 * z('attainment', person_id), 2), null,
        timestamp '$research_starts' - interval 14 day
    from people where area = 'sales' and $is_first_chunk
    union all
    select 'person', person_id, 'tenure_months', cast(2 + draw('tenure', person_id, 60) as double), null, timestamp '$research_starts' - interval 14 day
    from people where area = 'sales' and $is_first_chunk
    union all
    select 'team', team_id, 'headcount', cast(people as double), null, timestamp '$first_day'
    from teams where area = 'service' and $is_first_chunk
)
select
    unit_type || ':' || unit_id || ':' || name as row_key,
    plus_hours(observed_at, 1) as updated_at,
    false as is_deleted,
    *
from attributes
