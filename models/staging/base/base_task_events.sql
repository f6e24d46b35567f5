{{ ai_impact.sift('task_events') }}
