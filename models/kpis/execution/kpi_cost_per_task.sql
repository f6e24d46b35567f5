{#- The cost of the completed tasks that are covered, those of which all four terms are known, and the terms. Tooling
    and the calls that no completed task carries belong to more tasks than these, so that their share counts. Where
    fewer than half of the tasks are covered, nobody knows. -#}
{%- set double = ai_impact.physical_type('double') -%}
{%- set has_charges = var('cost_records_enabled') -%}
{%- set terms = {
    'compute_cost': 'covered_compute', 'labour_cost': 'labour_cost', 'tooling_cost': 'covered_tooling',
    'review_cost': 'review_cost'
} -%}
with cells as (
    select * from {{ ref('ai_impact', 'int_kpi_cells') }}
),

shared as (
    select
        *,
        completed - covered_tasks as left_out_tasks,
        {{ ai_impact.safe_divide('covered_share', 'completed') if has_charges else 'cast(null as ' ~ double ~ ')' }}
            as coverage,
        -- A call without a cost that no completed task carries counts at the mean of all that have one.
        covered_compute_cost + {{ ai_impact.safe_divide('covered_tasks', 'completed') }} * (
            loose_compute_cost
            + loose_unpriced_calls * coalesce({{ ai_impact.safe_divide('compute_cost', 'calls - unpriced_calls') }}, 0)
        ) as covered_compute,
        tooling_cost * {{ ai_impact.safe_divide('covered_tasks', 'charged_tasks') }} as covered_tooling,
        covered_compute_cost + loose_compute_cost + labour_cost + review_cost + tooling_cost as known_cost
    from cells
),

added as (
    select
        *,
        case when coverage >= 0.5 then {{ terms.values() | join(' + ') }} end as total_cost
    from shared
),

ranged as (
    -- Days are the units of the interval: costs of one day move together.
    select
        *,
        {{ ai_impact.safe_divide('total_cost', 'covered_tasks') }} as cost_per_task,
        {{ ai_impact.interval_z() }}e0 * total_cost / nullif(known_cost, 0) * {{ ai_impact.ratio_std_error(
            'days', 'known_cost', 'covered_tasks', 'total_cost_squared', 'covered_squared', 'total_cost_by_covered'
        ) }} as margin
    from added
),

final as (
    select
        {{ ai_impact.measure_keys('cost_per_task') }},
        {{ ai_impact.ratio_columns('total_cost', 'covered_tasks', 'covered_tasks') }},
        {{ ai_impact.interval(ai_impact.greatest(['cost_per_task - margin', '0']), 'cost_per_task + margin') }},
        cast(coverage as {{ double }}) as coverage,
        {% if has_charges -%}
            {{ ai_impact.said_together([
                "case when coverage < 0.5 then 'The cost of more than half of the tasks is not known.' end",
                ai_impact.counted_sentence('Tasks left out, as a part of their cost is not known', 'left_out_tasks'),
                ai_impact.counted_sentence(
                    'Of unknown human minutes, or of a team without a rate that month in the seed labor_rates', 'unpaid_tasks'
                ),
                ai_impact.counted_sentence(
                    'Done with AI on a day that no licence, infrastructure or maintenance charge covers', 'uncharged_ai_tasks'
                ),
                "case when unpriced_charges > 0 then 'A charge has no effective cost in " ~ var('reporting_currency') ~ ".' end",
                ai_impact.counted_sentence(
                    'Done with AI, but no model call in ai_events carries the task_id', 'ai_tasks_without_calls'
                ),
                ai_impact.counted_sentence('Model calls without a cost, which count at the mean of others', 'unpriced_calls')
            ]) }} as reason,
        {%- else -%}
            'The source cost_records is off: set cost_records_enabled to true.' as reason,
        {%- endif %}
        {% for term, known in terms.items() -%}
            case when coverage >= 0.5 then {{ known }} end as {{ term }},
        {% endfor -%}
        period_grain,
        period_start,
        period_end,
        baseline_of,
        suppression_rule,
        completed,
        covered_tasks
    from ranged
)

select * from final
