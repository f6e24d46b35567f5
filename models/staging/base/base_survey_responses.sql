{{ ai_impact.stage_source('survey_responses') }}
