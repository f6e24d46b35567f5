{# The indicators that an objective may be set for: where their events come from. A number in the name is the limit, of seconds or of the
   reporting currency per call; `model` says whether the model's version answers for it. #}
{% macro indicators() %}
    {{- return({
        'availability': {'source': 'ai_events', 'n': 'calls_with_status', 'bad': 'errors', 'model': true},
        'suggestion_acceptance': {
            'source': 'ai_events', 'n': 'accepted_suggestions + rejected_suggestions', 'bad': 'rejected_suggestions', 'model': true
        },
        'groundedness': {'source': 'evaluations', 'n': 'grounded_verdicts', 'bad': 'ungrounded_verdicts', 'model': true},
        'latency_under_': {'source': 'ai_events', 'model': true},
        'cost_under_': {'source': 'ai_events', 'model': true},
        'first_pass_yield': {'source': 'task_events', 'model': false},
        'sign_off': {'source': 'decision_events', 'model': false},
        'uptime': {'source': 'incidents', 'model': false}
    }) -}}
{% endmacro %}

{# The limit in the name of an indicator, in milliseconds or money; NULL where it has none. #}
{% macro indicator_limit(indicator) -%}
    case
        when {{ indicator }} like 'latency_under_%s'
            then 1000e0 * {{ ai_impact.try_cast("replace(replace(" ~ indicator ~ ", 'latency_under_', ''), 's', '')", 'double') }}
        when {{ indicator }} like 'cost_under_%'
            then {{ ai_impact.try_cast("replace(" ~ indicator ~ ", 'cost_under_', '')", 'double') }}
    end
{%- endmacro %}

{# The source of an indicator. #}
{% macro indicator_source(indicator) -%}
    case
        {%- for name, rule in ai_impact.indicators().items() %}
        when {{ indicator }} like '{{ name }}{{ '%' if name[-1] == '_' }}' then '{{ rule.source }}'
        {%- endfor %}
    end
{%- endmacro %}

{#
    The rules that watch how fast a budget burns: hours of the long window and of the short one, which says that it still burns (a twelfth
    of the long one, but an hour at least), and the share of the whole budget that the long window may spend.
    The factor is share * period / window: 2 % in an hour of 28 days are 13.44 times the pace that lasts for the period.
    The windows and shares are those of Beyer et al., "The Site Reliability Workbook" (2018), chapter 5.
#}
{% macro burn_rules() %}
    {{- return([
        {'hours': 1, 'short': 1, 'share': 0.02, 'state': 'breach'},
        {'hours': 6, 'short': 1, 'share': 0.05, 'state': 'breach'},
        {'hours': 72, 'short': 6, 'share': 0.10, 'state': 'warning'}
    ]) -}}
{% endmacro %}

{# How many times faster than planned the budget must burn for a rule. #}
{% macro burn_factor(rule, window_days) -%}
    cast({{ rule.share * 24 / rule.hours }}e0 * {{ window_days }} as {{ ai_impact.physical_type('double') }})
{%- endmacro %}

{# Fewer bad events than this say nothing about a pace. #}
{% macro least_bad_events() -%}5{%- endmacro %}

{# Whether more bad events were seen than `share` of n allows, and not by chance: Byar's lower bound of the count at one in 2,000, as a rule
   is looked at every hour. #}
{% macro is_beyond(bad, n, share) -%}
    ({{ n }} >= {{ var('min_observations') }} and {{ bad }} >= {{ ai_impact.least_bad_events() }}
    and {{ bad }} * power(1e0 - 1e0 / (9e0 * nullif({{ bad }}, 0)) - 3.29e0 / (3e0 * sqrt(nullif({{ bad }}, 0))), 3) > {{ share }} * {{ n }})
{%- endmacro %}

{# A number in a sentence, with so many decimals. #}
{% macro rounded_text(number, decimals) -%}
    cast(cast(round(cast({{ number }} as decimal(28, 9)), {{ decimals }}) as decimal(18, {{ decimals }})) as {{ dbt.type_string() }})
{%- endmacro %}
