{{ ai_impact.sift('survey_responses') }}
