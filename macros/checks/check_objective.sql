{# Stops where a row of slo_targets names an indicator that does not exist, or leaves no error budget; names the rules that can't hold,
   however bad it gets: if all events are bad, the budget burns 1/(1 - objective) times as fast as it may, and a rule may want more. #}
{% macro check_objective(at, indicator, objective, window_days) %}
    {%- set known = [] -%}
    {%- set named = [] -%}
    {%- for name in ai_impact.indicators() -%}
        {%- set limit = indicator[name | length:] | replace('s', '') | float(none) if name[-1] == '_' and indicator.startswith(name) else none -%}
        {%- if indicator == name and name[-1] != '_' or limit is not none and limit > 0 -%}{%- do known.append(name) -%}{%- endif -%}
        {%- do named.append({'latency_under_': 'latency_under_5s (any number of seconds)', 'cost_under_': 'cost_under_0.05 (any amount per call)'}.get(name, name)) -%}
    {%- endfor -%}
    {%- if not known -%}
        {%- do ai_impact.stop(at ~ "`indicator` is " ~ ai_impact.shown(indicator) ~ ", which is none. There are: " ~ named | join(', ') ~ ".") -%}
    {%- elif objective == 1 -%}
        {%- do ai_impact.stop(at ~ "`objective` is 1, which leaves no error budget to watch. Set it below 1, for example 0.999.") -%}
    {%- endif -%}
    {%- set out = [] -%}
    {%- for rule in ai_impact.burn_rules() -%}
        {%- set factor = rule.share * 24 / rule.hours * window_days -%}
        {%- if factor * (1 - objective) >= 1 -%}
            {%- do out.append('of ' ~ rule.hours ~ (' hour' if rule.hours == 1 else ' hours') ~ ' (' ~ (factor | round(2)) ~ ' times)') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if out -%}
        {%- do log('ai_impact: ' ~ at ~ indicator ~ ' at ' ~ objective ~ " in " ~ (window_days | int) ~ ' days can burn its budget ' ~ ((1 / (1 - objective)) | round(2)) ~ ' times too fast at most, so that no event will ever hold the rule' ~ ('s ' if out | length > 1 else ' ') ~ out | join(' and ') ~ '. The other rules watch it; a higher objective or fewer days make all of them reachable.', info=true) -%}
    {%- endif -%}
{% endmacro %}
