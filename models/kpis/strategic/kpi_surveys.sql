{#- NPS and CSAT, each segment of accounts weighted by how many accounts it has, not by how many answered; and the
    share of accounts that did. -#}
with answers as (
    select * from {{ ref('int_answers') }}
),

segments as (
    select
        segment,
        count(*) as accounts,
        sum(count(*)) over () as all_accounts
    from {{ ref('int_account_segments') }}
    group by segment
),

periods as (
    select * from {{ ref('int_long_periods') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

-- Who answers twice in a period is heard once, with the last answer.
said as (
    select
        periods.period_key,
        answers.*,
        row_number() over (
            partition by periods.period_key, answers.kpi_id, answers.person_id
            order by answers.occurred_at desc, answers.event_key desc
        ) as nth_last
    from answers
    inner join catalog on answers.kpi_id = catalog.kpi_id
    inner join periods
        on
            answers.answered_on = periods.date_day
            and periods.baseline_of in ({{ ai_impact.all_of_them() }}, catalog.baseline_use_case_id)
),

strata as (
    select
        said.period_key,
        said.kpi_id,
        segments.accounts,
        segments.all_accounts,
        count(said.points) as n,
        count(*) as n_seen,
        count(distinct said.account_id) as answered,
        {{ ai_impact.exact_sum('said.points') }} as y,
        {{ ai_impact.exact_sum('said.points * said.points') }} as yy
    from said
    inner join segments on said.segment = segments.segment
    where said.nth_last = 1
    group by said.period_key, said.kpi_id, said.segment, segments.accounts, segments.all_accounts
),

-- The spread of a segment with one answer is taken from all answers.
spread as (
    select
        *,
        case
            when n > 1 then (yy - y * y / n) / (n - 1e0)
            else (
                sum(yy) over (partition by period_key, kpi_id)
                - power(sum(y) over (partition by period_key, kpi_id), 2)
                / sum(n) over (partition by period_key, kpi_id)
            ) / nullif(sum(n) over (partition by period_key, kpi_id) - 1e0, 0)
        end as variance
    from strata
),

weighted as (
    select
        period_key,
        kpi_id,
        sum(n) as n,
        sum(n_seen) as n_seen,
        sum(answered) as answered,
        max(all_accounts) as all_accounts,
        sum(case when n > 0 then accounts * 1e0 * y / n end) / sum(case when n > 0 then accounts * 1e0 end) as mean,
        sqrt(sum(case when n > 0 then accounts * 1e0 * accounts * variance / n end))
        / sum(case when n > 0 then accounts * 1e0 end) as std_error
    from spread
    group by period_key, kpi_id
),

final as (
    {{ ai_impact.survey_rows(
        'kpi_id',
        'mean',
        'n',
        'mean - ' ~ ai_impact.interval_z() ~ 'e0 * std_error',
        'mean + ' ~ ai_impact.interval_z() ~ 'e0 * std_error',
        ai_impact.left_out_reason('n', 'n_seen', "'Their scale is not that of the instrument.'")
    ) }}
    union all
    {{ ai_impact.survey_rows(
        "kpi_id || '_response_rate'",
        'answered * 1e0 / all_accounts',
        'all_accounts',
        ai_impact.wilson('answered', 'all_accounts', -1),
        ai_impact.wilson('answered', 'all_accounts', 1),
        'cast(null as ' ~ dbt.type_string() ~ ')'
    ) }}
)

select * from final
