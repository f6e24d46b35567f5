{{ ai_impact.from_langfuse_scores(
    ref('support_desk', 'langfuse_scores'),
    task_id="'zendesk:' || trace_id",
    scale_min="1",
    scale_max="5"
) }}
