{{ ai_impact.from_otel_genai_spans(
    ref('support_desk', 'otel_traces'),
    task_id="'zendesk:' || " ~ ai_impact.span_attribute('ticket.id'),
    use_case_id="'support'",
    prices=ref('support_desk', 'model_prices')
) }}
