{{ config(group='kpis') }}
{#- Fan-out: the hours hold each call, suggestion, edit and verdict once, with its cost and tokens. -#}
with calls as (
    select
        count(case when is_model_call then 1 end) as calls,
        count(case when is_cost_counted then 1 end) as counted_calls,
        coalesce({{ ai_impact.exact_sum('cost_amount_reported') }}, 0) as cost_amount,
        coalesce({{ ai_impact.exact_sum('coalesce(input_tokens, 0) + coalesce(output_tokens, 0)') }}, 0) as tokens
    from {{ ref('ai_impact', 'fct_ai_calls') }}
),

events as (
    select
        count(case when event_type in ('suggestion_accepted', 'suggestion_rejected') then 1 end) as suggestions,
        count(case when event_type = 'human_edit' then edit_ratio end) as edits
    from {{ ref('ai_impact', 'stg_ai_events') }}
),

verdicts as (
    select count(*) as verdicts from {{ ref('ai_impact', 'int_verdicts') }}
),

hours as (
    select
        coalesce(sum(calls), 0) as calls,
        coalesce(sum(counted_calls), 0) as counted_calls,
        coalesce(sum(cost_amount), 0) as cost_amount,
        coalesce(sum(tokens), 0) as tokens,
        coalesce(sum(accepted_suggestions + rejected_suggestions), 0) as suggestions,
        coalesce(sum(edits), 0) as edits,
        coalesce(sum(verdicts), 0) as verdicts
    from {{ ref('ai_impact', 'int_calls_hourly') }}
),

final as (
    select hours.*
    from hours
    cross join calls
    cross join events
    cross join verdicts
    where
        hours.calls <> calls.calls
        or hours.counted_calls <> calls.counted_calls
        or abs(hours.cost_amount - calls.cost_amount) > 1e-6 * (1 + calls.cost_amount)
        or abs(hours.tokens - calls.tokens) > 0.5
        or hours.suggestions <> events.suggestions
        or hours.edits <> events.edits
        or hours.verdicts <> verdicts.verdicts
)

select * from final
