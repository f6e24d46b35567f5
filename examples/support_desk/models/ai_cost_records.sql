{{ ai_impact.from_focus_costs(
    ref('support_desk', 'focus_costs'),
    use_case_id=ai_impact.focus_tag('use_case')
) }}
