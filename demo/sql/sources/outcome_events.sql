with qualified as (
    select
        leads.*,
        u('mql', i) < $email_mql * (1 + $email_mql_slope * cut(x))
        * case arm when 'human' then 1 when 'ai' then 1 + $email_mql_lift else 1 + 0.9 * $email_mql_lift end as is_mql,
        plus_hours(assigned_at, 24 * (0.5 + ($email_window_days - 1) * u('mql time', i))) as mql_at
    from leads
),
deployments as (
    select d, office_time(cast(timestamp '2025-12-15' + to_days(cast(5 * d as integer)) as date), 'deployment', d) as failed_at
    from range(60) as t (d)
),
outcomes as (
    select 'mql:' || i as event_id, mql_at as occurred_at, 'lead' as unit_type, lead_id as unit_id, 'mql' as name, 1.0 as value, cast(null as varchar) as currency
    from qualified where is_mql
    union all
    select 'sql:' || i, plus_hours(mql_at, 24 * (1 + 4 * u('sql time', i))), 'lead', lead_id, 'sql', 1.0, null
    from qualified where is_mql and u('sql', i) < 0.35
    union all
    select 'conversion:' || i || ':' || k.k, plus_hours(landing_assigned_at, 24 * (3 + 85 * u('conversion time', i * 2 + k.k))), 'account', account_id, 'page_conversion', 1.0, null
    from accounts, range(2) as k (k)
    where u('converts', i) < landing_chance and (k.k = 0 or u('converts twice', i) < 0.3)
    union all
    select 'conversion:' || i || ':early', office_time(days.day, 'early conversion', i), 'account', account_id, 'page_conversion', 1.0, null
    from accounts
    join day_lookup as days on days.window_name = 'landing before' and days.bucket = bucket('early conversion day', accounts.i)
    where u('converts early', i) < $landing_conversion * (1 + 0.4 * cut(x))
    union all
    select 'churn:' || i, plus_hours(churn_assigned_at, 24 * (15 + 160 * u('churn time', i))), 'account', account_id, 'churned', 1.0, null
    from accounts where u('churned', i) < churn_chance
    union all
    select 'signup:' || i, plus_hours(occurred_at, 0.4), 'account', account(account_i), 'signup', round(900 * lognormal('signup value', i, 0.4), 2), 'USD'
    from journeys where is_conversion
    union all
    select 'prevented:' || p.p, timestamp '2026-02-20 09:00:00' + to_days(cast(18 * p.p as integer)), 'team',
        (['sre_payments', 'sre_ledger', 'sre_billing'])[1 + p.p % 3], 'incident_prevented', 1.0, null
    from range($triage_prevented) as p (p) where $is_first_chunk
    union all
    select 'playbook:' || p.p, timestamp '2026-01-26 15:00:00' + to_days(cast(9 * p.p as integer)), 'team', teams.team_id, 'playbook_created', 1.0, null
    from range(30) as p (p)
    join teams on teams.area = 'service' and teams.ix = p.p % 6 and $is_first_chunk
    union all
    select 'deployment failed:' || d.d, failed_at, 'deployment', 'deploy-' || d.d, 'deployment_failed', 1.0, null
    from deployments as d where $is_first_chunk
    union all
    select 'deployment recovered:' || d.d, plus_hours(failed_at, 1.5 * lognormal('recovery', d.d, 0.5)), 'deployment', 'deploy-' || d.d, 'deployment_recovered', 1.0, null
    from deployments as d where $is_first_chunk
    union all
    select 'orders:' || region_id || ':' || w, reported_at, 'region', region_id, 'regional_orders', orders, null
    from region_weeks where $is_first_chunk
)
-- What comes of the last leads is not known yet.
select *, if(unit_type in ('team', 'deployment'), 'itsm', 'crm') as source from outcomes
where occurred_at < timestamp '$last_day' + interval 1 day
