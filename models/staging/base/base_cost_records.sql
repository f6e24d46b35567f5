{{ ai_impact.stage_source('cost_records') }}
