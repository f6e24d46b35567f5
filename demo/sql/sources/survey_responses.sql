with answers as (
    select t.i, office_time(days.day, 'answer time', t.i) as occurred_at, u('instrument', t.i) < 0.6 as is_nps, draw('answer account', t.i, $n_accounts) as account_i
    from range($lo_answers, $hi_answers) as t (i)
    join day_lookup as days on days.window_name = 'all' and days.bucket = bucket('answer day', t.i)
)
select
    'answer-' || i as event_id,
    'survey_tool' as source,
    occurred_at,
    if(is_nps, 'nps', 'csat') as instrument,
    md5('respondent ' || account_i || ':' || draw('respondent', i, 3)) as respondent_hash,
    account(account_i) as account_id,
    if(
        is_nps,
        greatest(0, least(10, cast(round(7.4 + if(occurred_at >= timestamp '$churn_starts', 0.4, 0) + 2.0 * z('nps', i)) as integer))),
        greatest(1, least(5, cast(round(3.9 + if(occurred_at >= timestamp '$email_starts', 0.15, 0) + 0.9 * z('csat', i)) as integer)))
    ) as score,
    if(is_nps, 0, 1) as scale_min,
    if(is_nps, 10, 5) as scale_max
from answers
