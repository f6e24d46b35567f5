{#- The four terms of the cost of completed tasks. A term of which a part is unknown is NULL and says why; only where
    no more than a few model calls have no cost are these taken at the mean of the others, and that is said too. -#}
with cells as (
    select * from {{ ref('int_kpi_cells') }}
),

explained as (
    select
        *,
        case
            when unpriced_calls > calls * {{ 1 - var('min_cost_coverage') | float }}
                then 'Too many model calls have no cost in {{ var("reporting_currency") }}.'
            when calls = 0 and ai_tasks > 0
                then
                    'No model call in ai_events carries the task_id of a task done with AI: '
                    || 'record the calls, or write task_id alike in ai_events and task_events.'
        end as compute_reason,
        case
            when
                unpaid_tasks > 0
                then 'A task has unknown human minutes, or its team has no rate that month in the seed labor_rates.'
        end as labour_reason,
        {% if not var('cost_records_enabled') -%}
        'The source cost_records is off: set cost_records_enabled to true.' as tooling_reason
        {%- else -%}
            case
                when unpriced_charges > 0 then 'A charge has no effective cost in {{ var("reporting_currency") }}.'
                when
                    uncharged_ai_tasks > 0
                    then 'No licence, infrastructure or maintenance charge covers a day of work with AI.'
            end as tooling_reason
        {%- endif %}
    from cells
),

final as (
    select
        period_key,
        use_case_id,
        team_id,
        period_grain,
        period_start,
        period_end,
        baseline_of,
        n_people,
        suppression_rule,
        completed,
        days,
        completed_squared,
        total_cost_squared,
        total_cost_by_completed,
        case
            when
                compute_reason is null
                then compute_cost * coalesce({{ ai_impact.safe_divide('calls', 'calls - unpriced_calls') }}, 1)
        end as compute_cost,
        case when labour_reason is null then labour_cost end as labour_cost,
        case when tooling_reason is null then tooling_cost end as tooling_cost,
        case when labour_reason is null then review_cost end as review_cost,
        compute_cost + labour_cost + tooling_cost + review_cost as known_cost,
        coalesce(
            compute_reason, labour_reason, tooling_reason,
            case when unpriced_calls > 0 then 'Some model calls have no cost and count at the mean of the others.' end
        ) as reason
    from explained
)

select * from final
