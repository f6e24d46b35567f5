{{ ai_impact.stage_source('task_events') }}
