{# The upper edges of the bins in which `int_calls_hourly` counts what varies from call to call: a bin holds what is at or above the edge
   before and below its own, the last one all from the last edge. #}
{% macro call_histograms() %}
    {%- set confidence = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9] -%}
    {{- return({
        'latency_ms': [
            125, 177, 250, 354, 500, 707, 1000, 1414, 2000, 2828, 4000, 5657, 8000, 11314, 16000, 22627, 32000, 45255, 64000
        ],
        'input_tokens': [64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536],
        'output_tokens': [8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192],
        'confidence': confidence,
        'edit_ratio': confidence
    }) -}}
{% endmacro %}

{# What calls, other events and verdicts each say, by column: who says it, its type, and how. #}
{% macro call_facts() %}
    {%- set answered = "case when is_model_call and coalesce(status, 'ok') <> 'error' then " -%}
    {%- set grounded = "case when criterion = 'groundedness' then " -%}
    {{- return({
        'event_received_at': {'calls': 'received_at', 'events': 'received_at', 'type': 'timestamp'},
        'rating_received_at': {'verdicts': 'last_received_at', 'type': 'timestamp'},
        'is_call': {'calls': 'case when is_model_call then 1 end', 'type': 'int'},
        'has_status': {'calls': 'case when is_model_call and status is not null then 1 end', 'type': 'int'},
        'is_error': {'calls': "case when is_model_call and status = 'error' then 1 end", 'type': 'int'},
        'is_counted': {'calls': 'case when is_cost_counted then 1 end', 'type': 'int'},
        'cost_amount': {'calls': 'cost_amount_reported', 'type': 'double'},
        'input_tokens': {'calls': 'input_tokens', 'type': 'int'},
        'output_tokens': {'calls': 'output_tokens', 'type': 'int'},
        'latency_ms': {'calls': answered ~ 'latency_ms end', 'type': 'double'},
        'first_chunk_ms': {'calls': answered ~ 'time_to_first_chunk_ms end', 'type': 'double'},
        'confidence': {'calls': answered ~ 'confidence end', 'type': 'double'},
        'suggestion': {
            'events': "case event_type when 'suggestion_accepted' then 1 when 'suggestion_rejected' then 0 end", 'type': 'int'
        },
        'edit_ratio': {'events': "case when event_type = 'human_edit' then edit_ratio end", 'type': 'double'},
        'failed': {'verdicts': 'is_failed', 'type': 'int'},
        'ungrounded': {'verdicts': grounded ~ 'is_failed end', 'type': 'int'},
        'human_failed': {'verdicts': grounded ~ 'human_failed end', 'type': 'int'},
        'judge_failed': {'verdicts': grounded ~ 'judge_failed end', 'type': 'int'}
    }) -}}
{% endmacro %}

{# What `int_calls_hourly` counts of them: the name of each count, and when a row counts. #}
{% macro call_counts() %}
    {{- return({
        'calls': 'is_call = 1',
        'calls_with_status': 'has_status = 1',
        'errors': 'is_error = 1',
        'counted_calls': 'is_counted = 1',
        'priced_calls': 'is_counted = 1 and cost_amount is not null',
        'token_calls': 'tokens is not null',
        'latency_calls': 'latency_ms is not null',
        'first_chunk_calls': 'first_chunk_ms is not null',
        'confidence_calls': 'confidence is not null',
        'accepted_suggestions': 'suggestion = 1',
        'rejected_suggestions': 'suggestion = 0',
        'edits': 'edit_ratio is not null',
        'verdicts': 'failed is not null',
        'failed_verdicts': 'failed = 1',
        'grounded_verdicts': 'ungrounded is not null',
        'ungrounded_verdicts': 'ungrounded = 1',
        'pairs_both_fail': 'human_failed = 1 and judge_failed = 1',
        'pairs_both_pass': 'human_failed = 0 and judge_failed = 0',
        'pairs_judge_fails': 'human_failed = 0 and judge_failed = 1',
        'pairs_human_fails': 'human_failed = 1 and judge_failed = 0'
    }) -}}
{% endmacro %}

{# What it adds up: sums, and of these also the squares, for intervals. #}
{% macro call_sums() %}
    {{- return(['input_tokens', 'output_tokens', 'tokens', 'cost_amount', 'latency_ms', 'first_chunk_ms', 'confidence', 'edit_ratio']) -}}
{% endmacro %}

{# A sum of squares, exact to what a cost of a millionth needs. #}
{% macro squares_of(column) -%}
    {{ ai_impact.exact_sum('1e6 * ' ~ column ~ ' * ' ~ column) }} / 1e6
{%- endmacro %}

{# The number of the bin of a value, from 0; NULL where there is none. #}
{% macro histogram_bin(value, edges) -%}
    case
        when {{ value }} is null then null
        {% for edge in edges -%}
            when {{ value }} < {{ edge }} then {{ loop.index0 }}
        {% endfor -%}
        else {{ edges | length }}
    end
{%- endmacro %}

{# The start of the hour of a time. #}
{% macro hour_of(time) -%}
    cast({{ dbt.date_trunc('hour', time) }} as {{ ai_impact.physical_type('timestamp') }})
{%- endmacro %}

{# A hash of the vars that made costs of amounts, and of the bins: with other ones, all hours are counted again. #}
{% macro call_rules() -%}
    {{- return(local_md5(ai_impact.in_reporting_currency('amount', 'currency', 'day') ~ ai_impact.call_histograms())) -}}
{%- endmacro %}

{# Before `int_calls_hourly` is built: it forgets the hours in which anything may read otherwise than in the run before. What it then lacks,
   it counts. Received since: calls, suggestions, edits and ratings; with a call also all of its trace, and with a task all that was said of
   it, because versions and what counts go by them. #}
{% macro forget_changed_hours(events, ratings, calls) -%}
    {%- if is_incremental() -%}
        {%- set held = "call_rules = '" ~ ai_impact.call_rules() ~ "'" -%}
        delete from {{ this }} where called_hour in (
            with events as (
                select event_id, trace_id, task_id, occurred_at, received_at from {{ events }}
                where row_status <> 'duplicate' and received_at >= {{ ai_impact.first_possible_time() }}
            ),

            ratings as (
                select target_id, occurred_at, received_at from {{ ratings }}
                where row_status <> 'duplicate' and received_at >= {{ ai_impact.first_possible_time() }}
            ),

            recent as (
                select * from events
                where {{ ai_impact.is_read_again('received_at', 'occurred_at', 'last_event_received_at', held) }}
            ),

            near as (
                select * from recent
                union all
                select * from events where trace_id in (select recent.trace_id from recent)
            ),

            targets as (
                select task_id as target_id from near
                union all
                select event_id from near
                union all
                -- A call without a task has that of the spans around it.
                select task_id from {{ calls }} where trace_id in (select recent.trace_id from recent)
                union all
                select target_id from ratings
                where {{ ai_impact.is_read_again('received_at', 'occurred_at', 'last_rating_received_at', held) }}
            )

            select {{ ai_impact.hour_of('occurred_at') }} from near
            union all
            select {{ ai_impact.hour_of('occurred_at') }} from events
            where task_id in (select targets.target_id from targets)
            union all
            select {{ ai_impact.hour_of('occurred_at') }} from ratings
            where target_id in (select targets.target_id from targets)
        )
    {%- endif -%}
{%- endmacro %}

{# The KPIs that are a sum over another one of the same calls, suggestions, edits, verdicts or tasks with calls, as `task_ratios`; `coverage`
   is what share of all that there is they rest on. #}
{% macro call_ratios() %}
    {{- return({
        'call_error_rate': {
            'kind': 'share', 'scale': 100, 'numerator': 'errors', 'denominator': 'calls_with_status',
            'coverage': ('calls_with_status', 'calls'), 'unless': 'No call has a status.'
        },
        'tokens_per_call': {
            'kind': 'ratio', 'numerator': 'tokens', 'denominator': 'token_calls', 'squared': 'tokens_squared',
            'unless': 'No call has tokens.'
        },
        'tokens_per_task': {
            'kind': 'ratio', 'numerator': 'task_tokens', 'denominator': 'token_tasks', 'squared': 'task_tokens_squared',
            'coverage': ('token_tasks', 'called_tasks'), 'unless': 'No task has a call with tokens.'
        },
        'cost_per_call': {
            'kind': 'ratio', 'numerator': 'cost_amount', 'denominator': 'priced_calls', 'squared': 'cost_amount_squared',
            'coverage': ('priced_calls', 'counted_calls'), 'unless': 'No call has a cost in the reporting currency.'
        },
        'call_cost_per_task': {
            'kind': 'ratio', 'numerator': 'task_cost', 'denominator': 'priced_tasks', 'squared': 'task_cost_squared',
            'coverage': ('priced_tasks', 'called_tasks'), 'unless': 'Of no task do all calls have a cost in the reporting currency.'
        },
        'confidence_mean': {
            'kind': 'mean', 'numerator': 'confidence', 'denominator': 'confidence_calls', 'squared': 'confidence_squared',
            'coverage': ('confidence_calls', 'calls'), 'unless': 'No call has a confidence.'
        },
        'suggestion_acceptance_rate': {
            'kind': 'share', 'scale': 100, 'numerator': 'accepted_suggestions', 'denominator': 'judged_suggestions',
            'unless': 'No suggestion was accepted or rejected.'
        },
        'edit_ratio_mean': {
            'kind': 'ratio', 'numerator': 'edit_ratio', 'denominator': 'edits', 'squared': 'edit_ratio_squared',
            'unless': 'No edit has an edit ratio.'
        },
        'hallucination_rate': {
            'kind': 'share', 'scale': 100, 'numerator': 'ungrounded_verdicts', 'denominator': 'grounded_verdicts',
            'coverage': ('grounded_tasks', 'called_tasks'), 'unless': 'No output was rated on groundedness.'
        }
    }) -}}
{% endmacro %}

{# What they add up over hours and use cases: counts first, then amounts. #}
{% macro call_cell_counts() %}
    {{- return(
        ai_impact.call_counts().keys() | list + ['called_tasks', 'token_tasks', 'priced_tasks', 'grounded_tasks']
    ) -}}
{% endmacro %}

{# The sums of a cell of calls, each with its sum of squares. #}
{% macro call_cell_amounts() %}
    {%- set amounts = [] -%}
    {%- for column in ai_impact.call_sums() + ['task_tokens', 'task_cost'] -%}
        {%- do amounts.extend([column, column ~ '_squared']) -%}
    {%- endfor -%}
    {{- return(amounts) -}}
{% endmacro %}

{# How the quality of an output is binned where outcomes are compared with it: the edges between bins. #}
{% macro quality_edges() %}
    {{- return({'edit_ratio': [0.05, 0.1, 0.2, 0.4], 'confidence': [0.6, 0.7, 0.8, 0.9]}) -}}
{% endmacro %}

{# The lower (side 0) or upper (side 1) end of the bin of a value from 0 to 1. #}
{% macro bin_end(value, edges, side) -%}
    {%- set ends = [0] + edges + [1] -%}
    case
        {% for edge in edges -%}
            when {{ value }} < {{ edge }} then {{ ends[loop.index0 + side] }}
        {% endfor -%}
        when {{ value }} is not null then {{ ends[-2 + side] }}
    end
{%- endmacro %}

{# The name of that bin. #}
{% macro bin_name(value, edges) -%}
    {%- set ends = [0] + edges + [1] -%}
    case
        {% for edge in edges -%}
            when {{ value }} < {{ edge }} then '{{ ends[loop.index0] }} to {{ edge }}'
        {% endfor -%}
        else '{{ ends[-2] }} to 1'
    end
{%- endmacro %}
