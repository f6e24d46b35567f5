{{ ai_impact.stage_source('identity_links') }}
