{#- Open deals x average size x win rate / median days to close: money a day. Open deals are the mean over the
    days of the period. The interval adds up the relative errors of the other three. -#}
with ratios as (
    select * from {{ ref('ai_impact', 'kpi_ratios') }}
    where kpi_id in ('average_deal_size', 'win_rate') and use_case_id = {{ ai_impact.rollup_label() }}
),

survival as (
    select * from {{ ref('ai_impact', 'kpi_survival') }}
    where kpi_id = 'days_to_close_p50'
),

stocks as (
    select * from {{ ref('ai_impact', 'int_open_opportunities') }}
),

factors as (
    select
        survival.period_key,
        survival.n,
        survival.value as days,
        stocks.open_deals * size.value * (wins.value / 100) as money,
        sqrt(
            power({{ ai_impact.log_width('survival') }}, 2)
            + power({{ ai_impact.log_width('size') }}, 2)
            + power({{ ai_impact.log_width('wins') }}, 2)
        ) as width,
        coalesce(survival.reason, size.reason) as reason
    from survival
    inner join ratios as size on survival.period_key = size.period_key and size.kpi_id = 'average_deal_size'
    inner join ratios as wins on survival.period_key = wins.period_key and wins.kpi_id = 'win_rate'
    inner join stocks on survival.period_key = stocks.period_key
),

final as (
    select
        period_key,
        {{ ai_impact.rollup_label() }} as use_case_id,
        {{ ai_impact.rollup_label() }} as team_id,
        'pipeline_velocity' as kpi_id,
        {{ ai_impact.ratio_columns('money', 'days', 'n') }},
        {{ ai_impact.interval('money / nullif(days, 0) * exp(-width)', 'money / nullif(days, 0) * exp(width)') }},
        reason
    from factors
)

select * from final
