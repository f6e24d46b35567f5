{#- What each use case cost in each complete period since its AI went live, by kind of cost. A charge is spread evenly
    over the days that it covers. Training is all that was paid up to the period's end: it is written off over the
    horizon. -#}
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
    select * from {{ ref('roi_charges') }}
),

use_cases as (
    select * from {{ ref('dim_use_cases') }}
    where ai_live_from is not null
),

periods as (
    select * from {{ ref('int_kpi_periods') }}
    where period_grain in ('month', 'rolling_90d', 'rolling_365d')
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
        charges.cost_type,
        charges.billing_currency,
        charges.cost is null as is_unpriced,
        charges.cost * case
            when charges.cost_type = 'training' then 1
            else {{ ai_impact.safe_divide(
                ai_impact.days_from(
                    'greatest(charges.charge_from, lived.cost_from)', 'least(charges.charge_to, lived.period_end)'
                ),
                ai_impact.days_from('charges.charge_from', 'charges.charge_to')
            ) }}
        end as cost
    from lived
    inner join charges
        on
            lived.use_case_id = charges.use_case_id
            and charges.charge_from < lived.period_end
            and (charges.charge_to > lived.cost_from or charges.cost_type = 'training')
),

summed as (
    select
        period_key,
        use_case_id,
        {% for kind in running + ['training'] -%}
            {{ ai_impact.exact_sum("case when cost_type = '" ~ kind ~ "' then cost end") }} as {{ kind }}_cost,
        {% endfor -%}
        count(case when is_unpriced then 1 end) as unpriced_charges,
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
        cast(lived.days_in_period as {{ dbt.type_int() }}) as days_in_period,
        cast(lived.cost_from as date) as cost_from,
        cast({{ ai_impact.days_from('lived.cost_from', 'lived.period_end') }} as {{ dbt.type_int() }}) as days,
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
