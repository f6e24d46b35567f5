select
    'touch-' || j as event_id,
    'web_analytics' as source,
    occurred_at,
    visitor_id,
    channel,
    channel || '_' || strftime(first_day, '%Y') || 'q' || quarter(first_day) as campaign,
    if(cost = 0, 0, round(cost * lognormal('touch cost', j, 0.3), 4)) as cost_amount,
    channel = 'email' and occurred_at >= timestamp '$email_starts' and u('ai touch', j) < 0.7 as is_ai_generated,
    if(channel = 'email' and occurred_at >= timestamp '$email_starts' and u('ai touch', j) < 0.7, 'email_drafting', null) as use_case_id
from journeys
