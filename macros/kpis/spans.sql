{# How far a span stands above the calls of a model, by its operation (OpenTelemetry): 2 workflows, 1 agents, 0 calls, -1 tools. An operation
   that nobody names here is a call. #}
{% macro span_level(operation_name) -%}
    case lower(trim({{ operation_name }}))
        when 'invoke_workflow' then 2
        when 'invoke_agent' then 1
        when 'create_agent' then 1
        when 'execute_tool' then -1
        when 'retrieval' then -1
        else 0
    end
{%- endmacro %}

{# What a span may carry that its children carry too: it counts once. #}
{% macro span_figures() %}
    {{- return(['cost_amount_reported', 'input_tokens', 'output_tokens']) -}}
{% endmacro %}

{# A tool that reports neither cost nor tokens is not a call with a missing cost. #}
{% macro is_bare_tool(calls) -%}
    ({{ ai_impact.span_level(calls ~ '.operation_name') }} = -1{% for figure in ai_impact.span_figures() %} and {{ calls }}.{{ figure }} is null{% endfor %})
{%- endmacro %}

{# How often the distance is doubled over which spans find those that contain them: 16 levels. #}
{% macro span_rounds() %}
    {{- return(4) -}}
{% endmacro %}
