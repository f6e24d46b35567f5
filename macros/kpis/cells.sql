{# Inside the KPI layer a cell never has a NULL key: 'all' and 'nobody said which' are words, so that they can be joined and never mixed up. kpi_values turns (all) into NULL. #}
{% macro rollup_label() -%}'(all)'{%- endmacro %}

{# The key of what names no use case or team. #}
{% macro unmapped() -%}'(unmapped)'{%- endmacro %}

{# A column as a key: what names nothing is unmapped. #}
{% macro mapped(column) -%}
    coalesce(nullif({{ column }}, ''), {{ ai_impact.unmapped() }})
{%- endmacro %}

{# The text of a grouping-sets column: (all) where the set leaves it out. #}
{% macro cell_of(column) -%}
    case when grouping({{ column }}) = 1 then {{ ai_impact.rollup_label() }} else {{ column }} end
{%- endmacro %}

{# The four sets of use case by team, with further columns that are always grouped by. #}
{% macro cell_sets(always, use_case='use_case_id', team='team_id') -%}
    grouping sets (
        ({{ always | join(', ') }}, {{ use_case }}, {{ team }}),
        ({{ always | join(', ') }}, {{ use_case }}),
        ({{ always | join(', ') }}, {{ team }}),
        ({{ always | join(', ') }})
    )
{%- endmacro %}

{# What the execution KPIs add up over days, teams and use cases: counts first, then amounts. #}
{% macro kpi_counts() %}
    {{- return([
        'completed', 'ai_tasks', 'timed_tasks', 'untimed_tasks', 'eligible_tasks', 'eligible_ai_tasks', 'automated_tasks', 'errors', 'reworked_tasks',
        'saved_tasks', 'saved_tasks_without_rate', 'calls', 'unpriced_calls', 'loose_unpriced_calls', 'ai_tasks_without_calls',
        'unpaid_tasks', 'uncharged_ai_tasks', 'unpriced_charges', 'charged_tasks', 'covered_tasks'
    ]) -}}
{% endmacro %}

{# The amounts: hours and money, and the sums of squares behind their intervals. #}
{% macro kpi_amounts() %}
    {{- return([
        'timed_hours', 'timed_hours_squared', 'review_hours', 'recaptured_hours', 'recaptured_hours_squared',
        'compute_cost', 'loose_compute_cost', 'covered_share', 'covered_compute_cost', 'labour_cost', 'review_cost', 'tooling_cost'
    ]) -}}
{% endmacro %}

{# The execution KPIs that are a sum over another one of the same tasks. `kind` says what varies, and so how the interval is found; `n` is
   the number of observations, or else the denominator is; `unless` says why there is no value where the denominator is 0; and of what
   somebody must report, `reported` names the thing and its event: where none was ever reported, none was looked for. #}
{% macro task_ratios() %}
    {{- return({
        'throughput': {
            'kind': 'count', 'numerator': 'completed', 'denominator': 'days_in_period * 24', 'n': 'completed'
        },
        'throughput_per_labour_hour': {
            'kind': 'ratio', 'numerator': 'timed_tasks', 'denominator': 'timed_hours', 'n': 'timed_tasks',
            'squares': ('timed_tasks', 'timed_hours_squared', 'timed_hours'),
            'unless': 'No completed task has known human minutes.'
        },
        'automation_rate': {
            'kind': 'share', 'numerator': 'automated_tasks', 'denominator': 'eligible_tasks',
            'unless': 'No completed task is marked as eligible for automation.'
        },
        'ai_task_share': {
            'kind': 'share', 'scale': 100, 'numerator': 'eligible_ai_tasks', 'denominator': 'eligible_tasks',
            'unless': 'No completed task is marked as eligible for automation.'
        },
        'active_people_share': {
            'kind': 'share', 'scale': 100, 'numerator': 'n_ai_people', 'denominator': 'n_people',
            'unless': 'No person is known to have completed a task.'
        },
        'error_rate': {
            'kind': 'count', 'scale': 1000, 'numerator': 'errors', 'denominator': 'completed',
            'reported': ('error', 'error_found')
        },
        'rework_rate': {
            'kind': 'share', 'scale': 100, 'numerator': 'reworked_tasks', 'denominator': 'completed',
            'reported': ('rework', 'rework_requested')
        }
    }) -}}
{% endmacro %}

{# The sums of all of them, in a select list. #}
{% macro kpi_sums(counts, amounts) -%}
    {%- for column in counts %}
        cast(coalesce(sum({{ column }}), 0) as bigint) as {{ column }},
    {%- endfor %}
    {%- for column in amounts %}
        coalesce({{ ai_impact.exact_sum(column) }}, 0) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The columns of one part of a union: those it knows by name, 0 for the rest. #}
{% macro kpi_columns(known) -%}
    {%- for column in ai_impact.kpi_counts() + ai_impact.kpi_amounts() %}
        {{ column if column in known else '0 as ' ~ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
