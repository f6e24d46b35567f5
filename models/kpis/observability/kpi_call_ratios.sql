{#- The KPIs of calls that are a ratio of two sums, one entry of the list call_ratios each; and how far people and
    models that judge the same outputs agree. -#}
{{ config(materialized=ai_impact.heavy_view()) }}
{%- set double = ai_impact.physical_type('double') -%}
with cells as (
    select * from {{ ref('ai_impact', 'int_call_cells') }}
    where suppression_rule is null
),

sums as (
    {% for kpi_id, ratio in ai_impact.call_ratios().items() %}
        select
            {{ ai_impact.measure_keys(kpi_id) }},
            '{{ ratio.kind }}' as kind,
            {{ ratio.scale or 1 }} as scale,
            cast({{ ratio.numerator }} as {{ double }}) as numerator,
            cast({{ ratio.denominator }} as {{ double }}) as denominator,
            cast({{ ratio.denominator }} as bigint) as n,
            cast({{ ratio.squared or 'null' }} as {{ double }}) as numerator_squared,
            cast({{ ratio.denominator }} as {{ double }}) as denominator_squared,
            cast({{ ratio.numerator }} as {{ double }}) as numerator_by_denominator,
            cast({{ ai_impact.safe_divide(*ratio.coverage) if ratio.coverage else 'null' }} as {{ double }})
                as coverage,
            case when {{ ratio.denominator }} = 0 then '{{ ratio.unless }}' end as reason
        from cells
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

{{ ai_impact.valued_ratios('sums') }},

pairs as (
    select
        period_key,
        use_case_id,
        team_id,
        grounded_verdicts,
        pairs_both_fail as n_both,
        pairs_both_pass as n_neither,
        pairs_human_fails as n_only_first,
        pairs_judge_fails as n_only_second
    from cells
),

{{ ai_impact.kappas('pairs') }},

{% set margin = ai_impact.interval_z() ~ 'e0 * nullif(kappa_std_error, 0)' -%}
final as (
    select
        period_key,
        use_case_id,
        team_id,
        kpi_id,
        cast(value as {{ double }}) as value,
        numerator,
        denominator,
        n,
        {{ ai_impact.interval('low', 'high') }},
        reason,
        coverage
    from valued
    union all
    select
        {{ ai_impact.measure_keys('judge_human_agreement') }},
        {{ ai_impact.ratio_columns('p_agreed - p_chance', '1 - p_chance', 'n_pairs') }},
        {{ ai_impact.interval(
            'kappa - ' ~ margin, 'case when kappa + ' ~ margin ~ ' > 1 then 1 else kappa + ' ~ margin ~ ' end'
        ) }},
        case
            when n_pairs = 0 then 'No output was judged by a person and by a model.'
            when kappa is null then 'Both said the same of all: there is nothing to tell agreement from chance by.'
            when kappa_std_error = 0 then 'They agree on all, so the interval has no width.'
        end,
        cast({{ ai_impact.safe_divide('n_pairs', 'grounded_verdicts') }} as {{ double }}) as coverage
    from agreed
)

select * from final
