{{ ai_impact.from_zendesk_satisfaction_ratings(
    ref('support_desk', 'zendesk_satisfaction_rating'),
    ref('support_desk', 'zendesk_ticket')
) }}
