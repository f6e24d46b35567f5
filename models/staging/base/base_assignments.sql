{{ ai_impact.sift('assignments') }}
