{#- What each use case cost in each complete period since its AI went live, by kind of cost. A charge is spread evenly
    over the days that it covers; a charge of no use case is split by the tasks that AI touched. Training is all that
    was paid up to the period's end: it is written off over the horizon. -#}
{%- set running = ['licence', 'usage', 'infrastructure', 'oversight', 'maintenance', 'remediation'] -%}
{%- set required = var('roi_required_costs') -%}
{#- What may be missing counts as nothing, once there is any charge at all. -#}
{%- set operating = [] -%}
{%- for kind in running[:-1] -%}
    {%- set cost = 'summed.' ~ kind ~ '_cost' -%}
    {%- set nothing = 'case when summed.use_case_id is not null then 0 end' -%}
    {%- do operating.append(cost if kind in required else 'coalesce(' ~ cost ~ ', ' ~ nothing ~ ')') -%}
{%- endfor -%}
with charges as (
    select * from {{ ref('stg_cost_records') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
    where ai_live_from is not null
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
),

task_days as (
    select * from {{ ref('int_task_days') }}
    where ai_tasks > 0
),

priced as (
    select
        charge_id,
        use_case_id,
        cost_type,
        billing_currency,
        cast(charge_period_start as date) as charge_from,
        greatest(cast(charge_period_end as date), {{ ai_impact.add_days('charge_period_start', 1) }}) as charge_to,
        case
            when billing_currency is not null
                then {{ ai_impact.in_reporting_currency('effective_cost', 'billing_currency') }}
        end as cost
    from charges
),

weights as (
    select
        priced.charge_id,
        task_days.use_case_id,
        sum(task_days.ai_tasks) as weight
    from priced
    inner join task_days
        on
            task_days.completed_on >= priced.charge_from
            and task_days.completed_on < priced.charge_to
    where priced.use_case_id is null
    group by priced.charge_id, task_days.use_case_id
),

shares as (
    select
        charge_id,
        use_case_id,
        {{ ai_impact.safe_divide('weight', 'sum(weight) over (partition by charge_id)') }} as share
    from weights
),

lived as (
    select
        periods.period_key,
        periods.period_grain,
        periods.period_start,
        periods.period_end,
        periods.days_in_period,
        use_cases.use_case_id,
        greatest(periods.period_start, use_cases.ai_live_from) as cost_from
    from periods
    inner join use_cases on periods.period_end > use_cases.ai_live_from
),

spread as (
    select
        lived.period_key,
        lived.use_case_id,
        priced.cost_type,
        priced.billing_currency,
        priced.cost is null as is_unpriced,
        priced.cost * coalesce(shares.share, 1)
        * case
            when priced.cost_type = 'training' then 1
            else {{ ai_impact.safe_divide(
                ai_impact.days_from(
                    'greatest(priced.charge_from, lived.cost_from)', 'least(priced.charge_to, lived.period_end)'
                ),
                ai_impact.days_from('priced.charge_from', 'priced.charge_to')
            ) }}
        end as cost
    from lived
    inner join priced
        on
            priced.charge_from < lived.period_end
            and (priced.charge_to > lived.cost_from or priced.cost_type = 'training')
    left join shares
        on
            priced.charge_id = shares.charge_id
            and lived.use_case_id = shares.use_case_id
    where lived.use_case_id = priced.use_case_id or shares.use_case_id is not null
),

summed as (
    select
        period_key,
        use_case_id,
        {% for kind in running + ['training'] -%}
            {{ ai_impact.exact_sum("case when cost_type = '" ~ kind ~ "' then cost end") }} as {{ kind }}_cost,
        {% endfor -%}
        count(*) filter (where is_unpriced) as unpriced_charges,
        min(case when is_unpriced then coalesce(billing_currency, '(none)') end) as unpriced_currency
    from spread
    group by period_key, use_case_id
),

final as (
    select
        {{ ai_impact.hash_key(['lived.use_case_id', 'lived.period_key']) }} as roi_cost_key,
        lived.use_case_id,
        lived.period_key,
        lived.period_grain,
        lived.period_start,
        lived.period_end,
        lived.days_in_period,
        {{ ai_impact.days_from('lived.cost_from', 'lived.period_end') }} as days,
        {% for kind in running + ['training'] -%}
            summed.{{ kind }}_cost,
        {% endfor -%}
        {{ operating | join(' + ') }} as operating_cost,
        case
            when summed.use_case_id is null
                then 'The source cost_records has no charge of it in this period.'
            when summed.unpriced_charges > 0
                then
                    'A charge in ' || summed.unpriced_currency || ' has no effective cost, or its currency no rate: '
                    || 'add it to the var currency_rates.'
            {% for kind in required -%}
                when summed.{{ kind }}_cost is null
                    then
                        'No charge of the type {{ kind }} in cost_records: '
                        || 'add one, with the cost 0 where there was none.'
            {% endfor -%}
        end as reason
    from lived
    left join summed
        on
            lived.period_key = summed.period_key
            and lived.use_case_id = summed.use_case_id
)

select * from final
