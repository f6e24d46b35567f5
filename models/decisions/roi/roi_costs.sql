{#- What each use case cost in each complete period since its AI went live, by kind of cost. A charge is spread evenly
    over the days that it covers. Training is all that was paid up to the period's end: it is written off over the
    horizon. Charges of no use case that is live on the map are the company's. -#}
{%- set running = ['licence', 'usage', 'infrastructure', 'oversight', 'maintenance', 'remediation'] -%}
{%- set required = var('roi_required_costs') -%}
{#- What may be missing counts as nothing, once there is any charge at all; of the unmapped anything may be. -#}
{%- set operating = [] -%}
{%- for kind in running[:-1] -%}
    {%- set whose = '= ' ~ ai_impact.unmapped() if kind in required else 'is not null' -%}
    {%- set nothing = 'case when summed.use_case_id ' ~ whose ~ ' then 0 end' -%}
    {%- do operating.append('coalesce(summed.' ~ kind ~ '_cost, ' ~ nothing ~ ')') -%}
{%- endfor -%}
with charges as (
    select * from {{ ref('ai_impact', 'roi_charges') }}
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where ai_live_from is not null
),

lived as (
    select * from {{ ref('ai_impact', 'roi_periods') }}
),

owned as (
    select
        charges.*,
        coalesce(use_cases.use_case_id, {{ ai_impact.unmapped() }}) as owner_id
    from charges
    left join use_cases on charges.use_case_id = use_cases.use_case_id
),

spread as (
    select
        lived.period_key,
        lived.use_case_id,
        owned.cost_type,
        owned.billing_currency,
        owned.cost is null as is_unpriced,
        owned.cost * case
            when owned.cost_type = 'training' then 1
            else {{ ai_impact.safe_divide(
                ai_impact.days_from(
                    ai_impact.greatest(['owned.charge_from', 'lived.cost_from']),
                    ai_impact.least(['owned.charge_to', 'lived.period_end'])
                ),
                ai_impact.days_from('owned.charge_from', 'owned.charge_to')
            ) }}
        end as cost
    from lived
    inner join owned
        on
            lived.use_case_id = owned.owner_id
            and owned.charge_from < lived.period_end
            and (owned.charge_to > lived.cost_from or owned.cost_type = 'training')
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
        lived.roi_cost_key,
        lived.use_case_id,
        lived.period_key,
        lived.period_grain,
        lived.period_start,
        lived.period_end,
        lived.days_in_period,
        lived.cost_from,
        lived.days,
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
                when summed.{{ kind }}_cost is null and lived.use_case_id <> {{ ai_impact.unmapped() }}
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
    where summed.use_case_id is not null or lived.use_case_id <> {{ ai_impact.unmapped() }}
)

select * from final
