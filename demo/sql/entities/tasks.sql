-- Every unit of execution work, one row per task, from all areas of the company in the same columns.
create or replace table tasks as
with email_drafts as (
    select
        leads.*,
        k.k,
        leads.i * 2 + k.k as e,
        draw('sdr team', leads.i * 2 + k.k, 3) as team_ix,
        plus_hours(leads.assigned_at, k.k * 24 + 4 * u('email created', leads.i * 2 + k.k)) as created_at
    from leads, range(2) as k (k)
    where k.k = 0 or u('second email', leads.i) < 0.12
),
email_modes as (
    select
        *,
        case
            when arm = 'human' then 'human'
            when arm = 'ai' or u('email mode', e) < 0.82 then 'ai_assisted'
            when u('email mode', e) < 0.92 then 'ai_autonomous'
            else 'human'
        end as mode,
        complexity_of('email complexity', e) as complexity
    from email_drafts
),
email as (
    select
        'task-email-' || m.e as task_id,
        'email_drafting' as use_case_id,
        teams.team_id,
        m.mode,
        draw('sdr', m.e, teams.people) as k,
        'lead' as subject_type,
        m.lead_id as subject_id,
        m.complexity,
        m.created_at,
        m.mode <> 'human' or u('email eligible', m.e) < 0.85 as is_eligible,
        0.2 + 1.5 * u('email queue', m.e) as queue_hours,
        $email_cycle_hours * if(m.mode = 'human', 1, 1 + $email_cycle_change) * lognormal('email cycle', m.e, 0.6) as cycle_hours,
        $email_human_minutes * if(m.mode = 'human', 1, 1 / $email_throughput_ratio) * (1 - $email_minutes_slope * cut(m.x))
        * complexity_factor(m.complexity) * lognormal('email minutes', m.e, 0.4) as human_minutes,
        $email_human_minutes * complexity_factor(m.complexity) as baseline_minutes,
        'measured' as baseline_source,
        if(m.mode = 'human', $email_review_share, $email_review_share_ai) as review_share,
        $email_review_minutes
        * if(m.mode = 'human', 1, $email_review_share / $email_review_share_ai / $email_throughput_ratio) as review_minutes,
        if(m.mode = 'human', $email_rework, $email_rework_ai * if(is_bad_model(m.created_at), $bad_model_rework_factor, 1)) as rework_share,
        if(m.mode = 'human', $email_errors, $email_errors_ai * if(is_bad_model(m.created_at), $bad_model_error_factor, 1)) as error_share,
        'crm' as source
    from email_modes as m
    join teams on teams.area = 'sales' and teams.ix = m.team_ix
),
triage as (
    select
        'task-triage-' || i as task_id,
        'incident_triage' as use_case_id,
        team_id,
        case when not is_treated then 'human' when not is_major and u('triage mode', i) < 0.2 then 'ai_autonomous' else 'ai_assisted' end as mode,
        draw('engineer', i, people) as k,
        'incident' as subject_type,
        incident_id as subject_id,
        complexity_of('triage complexity', i) as complexity,
        opened_at as created_at,
        not is_major as is_eligible,
        0.05 + 0.2 * u('acknowledged', i) as queue_hours,
        resolve_hours - (0.05 + 0.2 * u('acknowledged', i)) as cycle_hours,
        -- Those that AI handles alone take no minutes: the mean over all is the planted one.
        $triage_minutes * if(is_treated, $triage_minutes_ratio / (1 - 0.2 * (1 - $triage_major_share)), 1) * lognormal('triage minutes', i, 0.4) as human_minutes,
        $triage_minutes as baseline_minutes,
        'measured' as baseline_source,
        0.15 as review_share,
        6.0 as review_minutes,
        if(is_treated, 0.07, 0.09) as rework_share,
        if(is_treated, 0.020, 0.025) as error_share,
        'itsm' as source
    from incidents
),
research_numbered as (
    select t.i, draw('research team', t.i, 3) as team_ix, office_time(days.day, 'research time', t.i) as created_at
    from range($lo_research, $hi_research) as t (i)
    join day_lookup as days on days.window_name = 'work' and days.bucket = bucket('research day', t.i)
),
research as (
    select
        'task-research-' || n.i as task_id,
        'sales_research' as use_case_id,
        teams.team_id,
        if(people.is_adopter and n.created_at >= people.chose_at, 'ai_assisted', 'human') as mode,
        people.k,
        'account' as subject_type,
        account(draw('research account', n.i, $n_accounts)) as subject_id,
        complexity_of('research complexity', n.i) as complexity,
        n.created_at,
        u('research eligible', n.i) < 0.9 as is_eligible,
        0.1 + u('research queue', n.i) as queue_hours,
        5.0 * if(people.is_adopter and n.created_at >= people.chose_at, 0.75, 1) * lognormal('research cycle', n.i, 0.5) as cycle_hours,
        $research_minutes * exp(-$research_skill_slope * people.skill)
        * if(people.is_adopter and n.created_at >= people.chose_at, 1 + $research_change, 1)
        * complexity_factor(complexity_of('research complexity', n.i)) * lognormal('research minutes', n.i, 0.4) as human_minutes,
        $research_minutes * complexity_factor(complexity_of('research complexity', n.i)) as baseline_minutes,
        'survey' as baseline_source,
        0.2 as review_share,
        5.0 as review_minutes,
        0.10 as rework_share,
        0.02 as error_share,
        'crm' as source
    from research_numbered as n
    join teams on teams.area = 'sales' and teams.ix = n.team_ix
    join people on people.team_id = teams.team_id and people.k = draw('researcher', n.i, teams.people)
),
routine_numbered as (
    select
        routine.*,
        r.i,
        routine.use_case_id || '-' || r.i as r,
        office_time(days.day, 'routine time', routine.use_case_id || '-' || r.i) as created_at
    from routine, range(routine.lo, routine.hi) as r (i)
    join day_lookup as days
        on days.window_name = 'work' and days.bucket = bucket('routine day', routine.use_case_id || '-' || r.i)
),
routine_modes as (
    select
        *,
        case
            when created_at < ai_from or u('routine ai', r) >= ai_share then 'human'
            when u('routine ai', r) < ai_share * 0.15 then 'ai_autonomous'
            else 'ai_assisted'
        end as mode,
        complexity_of('routine complexity', r) as complexity
    from routine_numbered
),
routine_tasks as (
    select
        'task-' || r as task_id,
        m.use_case_id,
        teams.team_id,
        m.mode,
        draw('routine person', r, teams.people) as k,
        'account' as subject_type,
        account(draw('routine account', r, $n_accounts)) as subject_id,
        m.complexity,
        m.created_at,
        m.mode <> 'human' or u('routine eligible', r) < 0.7 as is_eligible,
        0.2 + 3 * u('routine queue', r) as queue_hours,
        m.cycle_hours * if(m.mode = 'human', 1, m.cycle_left) * lognormal('routine cycle', r, 0.5) as cycle_hours,
        m.minutes * if(m.mode = 'human', 1, m.minutes_left) * complexity_factor(m.complexity) * lognormal('routine minutes', r, 0.5) as human_minutes,
        m.minutes * complexity_factor(m.complexity) as baseline_minutes,
        m.baseline_source,
        if(m.mode = 'human', 0.25, 0.6) as review_share,
        5.0 as review_minutes,
        if(m.mode = 'human', m.rework, m.rework_ai) as rework_share,
        if(m.mode = 'human', m.errors, m.errors_ai) as error_share,
        'workflow' as source
    from routine_modes as m
    join teams on teams.area = m.area and teams.ix = 0
),
everything as (
    select * from email
    union all select * from triage
    union all select * from research
    union all select * from routine_tasks
)
select
    * exclude (human_minutes, review_minutes, k, review_share, rework_share, error_share),
    if(mode = 'ai_autonomous', 'ai', 'human') as actor_kind,
    if(mode = 'ai_autonomous', 'agent-' || use_case_id, person(team_id, k, created_at)) as actor_id,
    k,
    plus_hours(created_at, queue_hours) as started_at,
    plus_hours(plus_hours(created_at, queue_hours), cycle_hours) as ended_at,
    case
        when use_case_id = 'incident_triage' or u('task ends', task_id) >= 0.03 then 'completed'
        when u('task ends', task_id) < 0.01 then 'failed'
        else 'cancelled'
    end as ending,
    round(if(mode = 'ai_autonomous', 0, human_minutes), 3) as human_minutes,
    u('reviewed', task_id) < review_share as is_reviewed,
    round(review_minutes * lognormal('review minutes', task_id, 0.4), 3) as review_minutes,
    u('reworked', task_id) < rework_share as is_reworked,
    u('erred', task_id) < error_share as is_wrong,
    u('hallucinated', task_id) < if(use_case_id = 'email_drafting' and is_bad_model(created_at), $hallucination_bad_model, $hallucination) as is_hallucinated
from everything;
