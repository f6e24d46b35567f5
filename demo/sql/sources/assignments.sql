with units as (
    select 'email_drafting' as experiment_id, 'lead' as unit_type, lead_id as unit_id, if(arm = 'ai', 'ai_draft', 'human_draft') as arm,
        assigned_at, plus_hours(assigned_at, 0.5) as exposed_at, 'randomized' as assignment_method, cast(null as varchar) as stratum
    from leads where in_experiment
    union all
    select 'landing_page', 'account', account_id, landing_arm, landing_assigned_at,
        if(landing_arm = 'holdout', null, plus_hours(landing_assigned_at, 2)), 'holdout', segment
    from accounts
    union all
    select 'positioning', 'account', account_id, positioning_arm, positioning_assigned_at, plus_hours(positioning_assigned_at, 2), 'randomized', segment
    from accounts where in_positioning
    union all
    select 'account_outreach', 'account', account_id, churn_arm, churn_assigned_at,
        if(churn_arm = 'holdout', null, plus_hours(churn_assigned_at, 24)), 'holdout', segment
    from accounts
    union all
    select 'incident_triage', 'team', team_id, if(wave_at is null, 'not_rolled_out', 'ai_triage'), coalesce(wave_at, timestamp '$triage_starts'),
        wave_at, 'staggered', null
    from teams where area = 'service' and $is_first_chunk
    union all
    select 'sales_research', 'person', person_id, if(is_adopter, 'adopter', 'non_adopter'), if(is_adopter, chose_at, timestamp '$research_starts'),
        if(is_adopter, chose_at, null), 'self_selected', team_id
    from people where area = 'sales' and $is_first_chunk
    union all
    select 'regional_campaigns', 'region', region_id, if(is_treated, 'ai_campaigns', 'held_back'), timestamp '$regions_starts',
        if(is_treated, timestamp '$regions_starts', null), 'randomized', 'pair-' || pair
    from regions where $is_first_chunk
)
select
    experiment_id || ':' || unit_id as event_id,
    'experiment_service' as source,
    assigned_at as occurred_at,
    *
from units
