{{ ai_impact.from_salesforce_opportunities(
    ref('support_desk', 'salesforce_opportunity'),
    currency="'USD'"
) }}
