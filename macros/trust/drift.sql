{# What a version is named by; each is compared by itself. #}
{% macro version_kinds() %}
    {{- return(['response_model', 'agent_version', 'prompt_version']) -}}
{% endmacro %}

{#
    What is compared between versions: of each metric the count, the sum and the sum of squares in `int_calls_hourly` (a share has no
    squares: they are its sum), which way is worse (1 up, -1 down, 0 neither: a model that is less sure of itself may be right) and, where there is one, its histogram.
#}
{% macro drift_metrics() %}
    {{- return({
        'error_rate': {'n': 'calls_with_status', 'total': 'errors', 'share': true, 'worse': 1},
        'suggestion_acceptance': {
            'n': 'accepted_suggestions + rejected_suggestions', 'total': 'accepted_suggestions', 'share': true, 'worse': -1
        },
        'hallucination_rate': {'n': 'grounded_verdicts', 'total': 'ungrounded_verdicts', 'share': true, 'worse': 1},
        'failed_verdict_rate': {'n': 'verdicts', 'total': 'failed_verdicts', 'share': true, 'worse': 1},
        'latency_ms': {'n': 'latency_calls', 'total': 'latency_ms', 'worse': 1, 'histogram': true},
        'first_chunk_ms': {'n': 'first_chunk_calls', 'total': 'first_chunk_ms', 'worse': 1},
        'confidence': {'n': 'confidence_calls', 'total': 'confidence', 'worse': 0, 'histogram': true},
        'edit_ratio': {'n': 'edits', 'total': 'edit_ratio', 'worse': 1, 'histogram': true},
        'cost_per_call': {'n': 'priced_calls', 'total': 'cost_amount', 'worse': 1},
        'input_tokens': {'n': 'token_calls', 'total': 'input_tokens', 'worse': 0, 'histogram': true},
        'output_tokens': {'n': 'token_calls', 'total': 'output_tokens', 'worse': 0, 'histogram': true}
    }) -}}
{% endmacro %}

{# The columns of `int_calls_hourly` that these need. #}
{% macro drift_columns() %}
    {%- set found = [] -%}
    {%- for metric, rule in ai_impact.drift_metrics().items() -%}
        {%- for column in rule.n.split(' + ') + [rule.total] + ([] if rule.share else [rule.total ~ '_squared']) if column not in found -%}
            {%- do found.append(column) -%}
        {%- endfor -%}
        {%- if rule.histogram -%}
            {%- for bin in range(ai_impact.call_histograms()[metric] | length + 1) -%}{%- do found.append(metric ~ '_bin_' ~ bin) -%}{%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# Chance of a false alarm of one metric of one comparison, however often it is looked at. #}
{% macro alarm_level() -%}1e-3{%- endmacro %}

{#
    How many standard errors an interval must be wide on each side to hold at every look at once, after n observations (of those that come
    in): sqrt(2 (n r + 1)/(n r) ln(sqrt(n r + 1)/alpha)), narrowest at 200, where r = (ln(1 - 2 ln alpha) - 2 ln alpha)/200. The Gaussian
    mixture of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024); `always_valid` in src/ai_impact_stats is the same.
#}
{% macro every_look(n) -%}
    {%- set spread = n ~ ' * (ln(1e0 - 2e0 * ln(' ~ ai_impact.alarm_level() ~ ')) - 2e0 * ln(' ~ ai_impact.alarm_level() ~ ')) / 200e0' -%}
    sqrt(2e0 * (1e0 + 1e0 / ({{ spread }})) * ln(sqrt({{ spread }} + 1e0) / {{ ai_impact.alarm_level() }}))
{%- endmacro %}

{# The variance of one observation from sums. Of a share with one more of either kind, so that none or all of a few is not certainty. #}
{% macro variance_of(n, total, squares, is_share) -%}
    (case
        when {{ is_share }} = 1 then ({{ total }} + 1e0) * ({{ n }} - {{ total }} + 1e0) / (({{ n }} + 2e0) * ({{ n }} + 2e0))
        when {{ n }} > 1 then {{ ai_impact.greatest(['(' ~ squares ~ ' - ' ~ total ~ ' * ' ~ total ~ ' / ' ~ n ~ ') / (' ~ n ~ ' - 1)', '0e0']) }}
    end)
{%- endmacro %}

{# A quantile of chi-square with one degree of freedom less than bins, from 2 to 10 bins: at 95 %, or at 99.95 %. #}
{% macro chi_square_quantile(bins, level='0.95') -%}
    {%- set table = {
        '0.95': [3.841459, 5.991465, 7.814728, 9.487729, 11.070498, 12.591587, 14.06714, 15.507313, 16.918978],
        '0.9995': [12.115665, 15.201805, 17.729996, 19.997355, 22.105327, 24.102799, 26.017768, 27.868046, 29.665808]
    } -%}
    (case {{ bins }} {% for quantile in table[level] %}when {{ loop.index + 1 }} then {{ quantile }}e0 {% endfor %}end)
{%- endmacro %}

{# A sum of doubles that does not depend on the order of its rows, to 15 decimals: a run that adds up what has changed ends as one of all. #}
{% macro steady_sum(expression) -%}
    ({{ ai_impact.exact_sum('1e6 * (' ~ expression ~ ')') }} / 1e6)
{%- endmacro %}
