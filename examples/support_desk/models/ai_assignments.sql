-- The lot that the helpdesk drew for each ticket.
select
    'draft:' || id as event_id,
    'zendesk' as source,
    created_at as occurred_at,
    created_at as received_at,
    'reply_drafts' as experiment_id,
    'task' as unit_type,
    'zendesk:' || id as unit_id,
    custom_draft_arm as arm,
    created_at as assigned_at,
    cast(null as timestamp) as exposed_at,
    'randomized' as assignment_method,
    cast(group_id as varchar) as stratum
from {{ ref('support_desk', 'zendesk_ticket') }}
where custom_draft_arm is not null
