{{ ai_impact.from_zendesk_tickets(
    ref('support_desk', 'zendesk_ticket'),
    ref('support_desk', 'zendesk_ticket_field_history'),
    use_case_id="'support'",
    execution_mode="case when custom_draft_arm = 'draft' or created_at >= '2026-05-25' then 'ai_assisted' else 'human' end",
    is_eligible="true",
    human_minutes="custom_total_time_spent_sec / 60.0"
) }}
