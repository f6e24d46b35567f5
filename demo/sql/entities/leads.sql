-- Leads and what was known of them before an email was written.
create or replace table leads as
with numbered as (
    select
        i,
        case when u('lead window', i) < 0.16 then 'email before' when u('lead window', i) < 0.74 then 'email experiment' else 'email after' end
            as window_name,
        z('lead', i) as x
    from range($lo_leads, $hi_leads) as t (i)
)
select
    numbered.i,
    'lead-' || numbered.i as lead_id,
    numbered.window_name,
    numbered.x,
    numbered.window_name = 'email experiment' as in_experiment,
    case
        when numbered.window_name = 'email before' then 'human'
        when numbered.window_name = 'email experiment' then if(u('email arm', numbered.i) < 0.5, 'ai', 'human')
        else 'after'
    end as arm,
    office_time(days.day, 'lead time', numbered.i) as assigned_at
from numbered
join day_lookup as days on days.window_name = numbered.window_name and days.bucket = bucket('lead day', numbered.i);
