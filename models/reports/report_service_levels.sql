{#- Every service level at the end of the data and of each day before: objective, what was reached, what is left. -#}
with {{ ai_impact.imports(['sla_status', 'dim_use_cases']) }},

final as (
    select
        sla_status.sla_key as report_key,
        sla_status.use_case_id,
        coalesce(dim_use_cases.name, sla_status.use_case_id) as use_case,
        sla_status.indicator as indicator_id,
        replace(sla_status.indicator, '_', ' ') as indicator,
        sla_status.as_of,
        sla_status.is_latest as is_newest,
        sla_status.window_days,
        sla_status.objective,
        sla_status.value,
        sla_status.n_events as n,
        sla_status.n_bad_events as n_bad,
        sla_status.budget_left,
        sla_status.state,
        case sla_status.state
            when 'ok' then 1 when 'recovering' then 2 when 'unknown' then 3 when 'warning' then 4 else 5
        end as state_rank,
        sla_status.value is not null as is_shown,
        sla_status.budget_policy,
        sla_status.reason,
        sla_status.sentence
    from sla_status
    left join dim_use_cases on sla_status.use_case_id = dim_use_cases.use_case_id
)

select * from final
