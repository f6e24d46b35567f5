{# What an export holds, with the time that a run first saw it. #}
{{ ai_impact.landed(source('tracker', 'ticket_export'), occurred_at='updated') }}
