{#- What AI's revenue estimate of each use case comes to in a month, if AI goes on reaching as many new units as in the
    newest 90 days (or the series goes on), with what a projection assumes, or what is missing for one. Units that were
    reached before bring nothing anew. -#}
{%- set double = ai_impact.physical_type('double') -%}
{%- set assumed = {'value_per_unit': 'below 0', 'monthly_decay': 'outside of 0 to 1'} -%}
with effects as (
    select * from {{ ref('ai_impact', 'roi_effects') }}
    where term = 'revenue' and choice = 1
),

costs as (
    select * from {{ ref('ai_impact', 'roi_costs') }}
    where period_grain = 'rolling_90d'
),

volumes as (
    select * from {{ ref('ai_impact', 'roi_volumes') }}
),

assumptions as (
    select * from {{ ref('ai_impact', 'roi_assumptions') }}
),

newest as (
    select max(period_end) as period_end from costs
),

reached as (
    select
        costs.use_case_id,
        costs.period_end,
        cast(coalesce(volumes.new_units, volumes.revenue_volume) as {{ double }})
        * 365 / (12 * nullif(costs.days, 0)) as volume
    from costs
    inner join newest on costs.period_end = newest.period_end
    inner join volumes on costs.roi_cost_key = volumes.roi_cost_key
),

pivoted as (
    select
        use_case_id,
        {% for name in assumed -%}
            {% for end in ['low', 'base', 'high'] -%}
                max(case when name = '{{ name }}' then {{ end }} end) as {{ name }}_{{ end }},
            {% endfor -%}
        {% endfor -%}
        count(*) as n_assumptions
    from assumptions
    group by use_case_id
),

judged as (
    select
        effects.*,
        reached.period_end,
        reached.volume,
        {% for name in assumed -%}
            {% for end in ['low', 'base', 'high'] -%}
                pivoted.{{ name }}_{{ end }},
            {% endfor -%}
        {% endfor -%}
        case when effects.direction = 'down' then -1 else 1 end as sign,
        case
            when not effects.has_price then effects.not_counted_because
            {% for name, wrong in assumed.items() -%}
                {%- set low, base, high = name ~ '_low', name ~ '_base', name ~ '_high' -%}
                when pivoted.{{ low }} is null or pivoted.{{ base }} is null or pivoted.{{ high }} is null
                    then
                        'Add the row {{ name }} of ' || effects.use_case_id
                        || ', with low, base and high, to the seed roi_assumptions.'
                when
                    pivoted.{{ low }} > pivoted.{{ base }}
                    or pivoted.{{ base }} > pivoted.{{ high }}
                    or pivoted.{{ low }} < 0
                    {{ 'or pivoted.' ~ high ~ ' > 1' if name == 'monthly_decay' }}
                    then
                        'The row {{ name }} of ' || effects.use_case_id
                        || ' in the seed roi_assumptions is not in order, or {{ wrong }}.'
            {% endfor -%}
            when reached.volume is null then 'No 90 days are complete since its AI went live.'
        end as problem
    from effects
    left join reached on effects.use_case_id = reached.use_case_id
    left join pivoted on effects.use_case_id = pivoted.use_case_id
),

final as (
    select
        use_case_id,
        experiment_id,
        metric_id,
        basis,
        period_end,
        {% for end in ['low', 'base', 'high'] -%}
            value_per_unit_{{ end }},
            monthly_decay_{{ end }},
        {% endfor -%}
        cast(case when problem is null then sign * estimate * volume end as {{ double }}) as units,
        cast(
            case when problem is null then volume * case when sign > 0 then ci_low else -ci_high end end as {{ double }}
        ) as units_low,
        cast(
            case when problem is null then volume * case when sign > 0 then ci_high else -ci_low end end as {{ double }}
        ) as units_high,
        alpha,
        evidence_grade,
        is_counted,
        is_admitted_by_var,
        stale_since,
        coalesce(
            problem,
            not_counted_because,
            case when volume = 0 then 'AI reached no new unit within the newest 90 days.' end,
            case
                when stale_since is not null
                    then
                        'Stale since ' || cast(stale_since as {{ dbt.type_string() }})
                        || ': what AI does has changed since the evidence was gathered.'
            end
        ) as reason
    from judged
)

select * from final
