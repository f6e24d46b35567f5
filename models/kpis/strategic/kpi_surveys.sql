{#- NPS and CSAT, each segment of accounts weighted by how many accounts it has, not by how many answered; and the
    share of accounts that did. Answers of unknown accounts, which no segment can speak for, weigh as much as their
    share of the answers. -#}
with answers as (
    select * from {{ ref('ai_impact', 'int_answers') }}
),

segments as (
    select
        segment,
        count(*) as accounts
    from {{ ref('ai_impact', 'int_account_segments') }}
    group by segment
),

known as (
    select count(*) as all_accounts from {{ ref('ai_impact', 'int_account_segments') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_long_periods') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
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
            and periods.baseline_of in ({{ ai_impact.rollup_label() }}, catalog.baseline_use_case_id)
),

strata as (
    select
        said.period_key,
        said.kpi_id,
        max(case when said.account_id is not null then segments.accounts end) as accounts,
        count(said.points) as n,
        count(*) as n_total,
        count(distinct said.account_id) as answered,
        {{ ai_impact.exact_sum('said.points') }} as points,
        {{ ai_impact.exact_sum('said.points * said.points') }} as points_squared
    from said
    left join segments on said.segment = segments.segment
    where said.nth_last = 1
    group by said.period_key, said.kpi_id, said.segment, said.account_id is null
),

-- The spread of a segment with one answer is taken from all answers.
spread as (
    select
        strata.*,
        coalesce(
            accounts * 1e0,
            n * sum(case when n > 0 then accounts * 1e0 end) over (partition by period_key, kpi_id)
            / nullif(sum(case when accounts is not null then n else 0 end) over (partition by period_key, kpi_id), 0),
            n * 1e0
        ) as weight,
        case
            when n > 1 then (points_squared - points * points / n) / (n - 1e0)
            else (
                sum(points_squared) over (partition by period_key, kpi_id)
                - power(sum(points) over (partition by period_key, kpi_id), 2)
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
        sum(n_total) as n_total,
        sum(case when accounts is not null then n_total else 0 end) as n_placed,
        nullif(sum(answered), 0) as answered,
        max(known.all_accounts) as all_accounts,
        sum(weight * points / nullif(n, 0)) / sum(case when n > 0 then weight end) as mean,
        sqrt(sum(weight * weight * variance / nullif(n, 0))) / sum(case when n > 0 then weight end) as std_error
    from spread
    cross join known
    group by period_key, kpi_id
),

final as (
    {{ ai_impact.survey_rows(
        'kpi_id',
        'mean',
        'n',
        'mean - ' ~ ai_impact.interval_z() ~ 'e0 * std_error',
        'mean + ' ~ ai_impact.interval_z() ~ 'e0 * std_error',
        ai_impact.left_out_reason('n', 'n_total', "'Their scale differs from that of the instrument.'")
    ) }}
    union all
    {{ ai_impact.survey_rows(
        "kpi_id || '_response_rate'",
        'answered * 1e0 / nullif(all_accounts, 0)',
        'all_accounts',
        ai_impact.wilson('answered', 'all_accounts', -1),
        ai_impact.wilson('answered', 'all_accounts', 1),
        ai_impact.left_out_reason('n_placed', 'n_total', "'Their account is not known.'")
    ) }}
)

select * from final
