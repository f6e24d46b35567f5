with compared as (
    select * from {{ ref('ai_impact', 'int_kpi_compared') }}
),

guards as (
    select
        kpi_id,
        period_key,
        use_case_id,
        team_id,
        as_guardrail
    from compared
),

guarded as (
    select
        compared.*,
        case when compared.guarded_by is null then 'none' else coalesce(guards.as_guardrail, 'not_shown') end
            as guardrail,
        -- What is left out might cost otherwise: what covers little has no verdict, nor has what is compared with it.
        compared.kpi_id = 'cost_per_task'
        and coalesce(
            {{ ai_impact.least(['compared.coverage', 'compared.baseline_coverage']) }}
            < {{ var('min_cost_coverage') }}, false
        ) as has_little_coverage,
        case compared.target_basis
            when 'absolute' then compared.value
            when 'points vs baseline' then compared.change_absolute
            else compared.change_percent
        end as judged
    from compared
    left join guards
        on
            compared.guarded_by = guards.kpi_id
            and compared.period_key = guards.period_key
            and compared.use_case_id = guards.use_case_id
            and compared.team_id = guards.team_id
),

margins as (
    select
        *,
        {{ ai_impact.target_margin('target_low', 'low') }} as low_above_target_low,
        {{ ai_impact.target_margin('target_low', 'high') }} as high_above_target_low,
        {{ ai_impact.target_margin('target_high', 'low') }} as low_above_target_high,
        {{ ai_impact.target_margin('target_high', 'high') }} as high_above_target_high
    from guarded
),

-- A target is met where the whole interval meets it, and missed where the whole interval misses it.
targeted as (
    select
        *,
        case
            when suppression_rule is not null then 'suppressed'
            when
                value is null
                or n < {{ var('min_observations') }}
                or coalesce(target_low, target_high) is null
                or has_little_coverage
                then 'not_enough_data'
            when judged is null then 'no_baseline'
            when direction = 'up' and high_above_target_low < 0 then 'off_target'
            when direction = 'down' and low_above_target_high > 0 then 'off_target'
            -- A gain that quality paid for is none.
            when guardrail = 'worsened' then 'off_target'
            when coalesce(low_above_target_low, low_above_target_high) is null then 'uncertain'
            when coalesce(high_above_target_low, high_above_target_high) is null then 'uncertain'
            when direction = 'up' and low_above_target_low < 0 then 'uncertain'
            when direction = 'down' and high_above_target_high > 0 then 'uncertain'
            when direction = 'up' and low_above_target_high > 0 then 'better_than_target'
            when direction = 'down' and high_above_target_low < 0 then 'better_than_target'
            else 'on_target'
        end as status
    from margins
),

final as (
    select
        {{ ai_impact.hash_key(['kpi_id', 'period_key', 'use_case_id', 'team_id']) }} as kpi_value_key,
        kpi_id,
        domain,
        period_grain,
        period_start,
        period_end,
        nullif(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        nullif(team_id, {{ ai_impact.rollup_label() }}) as team_id,
        {% for column in [
            'value', 'numerator', 'denominator', 'n', 'baseline_value', 'change_absolute', 'change_percent', 'ci_low', 'ci_high',
            'coverage'
        ] -%}
            case when suppression_rule is null then {{ column }} end as {{ column }},
        {% endfor -%}
        target_low,
        target_high,
        target_basis,
        status,
        case when suppression_rule is not null and guarded_by is not null then 'not_shown' else guardrail end
            as guardrail_status,
        case when suppression_rule is null then n_people end as n_people,
        case
            when suppression_rule is not null then {{ ai_impact.suppression_reason('suppression_rule') }}
            when status = 'no_baseline'
                then coalesce(baseline_problem, 'The baseline is 0: there is no change in percent.')
            when
                status = 'not_enough_data'
                and reason is null
                and value is not null
                and n < {{ var('min_observations') }}
                then 'Fewer than {{ var("min_observations") }} observations.'
            when status = 'not_enough_data' and value is not null and has_little_coverage
                then {{ ai_impact.said_together([
                    "case when coverage < " ~ var('min_cost_coverage') ~ " then 'Too few tasks are covered for a verdict.' "
                    ~ "else 'Too few tasks are covered in the baseline window for a verdict.' end",
                    'reason'
                ]) }}
            when status = 'not_enough_data' and value is not null and coalesce(target_low, target_high) is null
                then coalesce(reason, 'The KPI has no target.')
            when
                status = 'off_target' and guardrail = 'worsened'
                then 'Its guardrail worsened by more than chance.'
            when status = 'uncertain' and reason is null
                then
                    case
                        when
                            coalesce(low_above_target_low, low_above_target_high) is null
                            or coalesce(high_above_target_low, high_above_target_high) is null
                            then 'It or its baseline has no interval to judge the target by.'
                        else 'Its interval holds the limit of the target.'
                    end
            else reason
        end as reason,
        suppression_rule,
        baseline_use_case_id,
        causal_experiment_id,
        causal_metric_id
    from targeted
)

select * from final
