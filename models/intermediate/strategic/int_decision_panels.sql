{#- What a panel of people thinks of each decision: the mean of its raters on each criterion, as a share of the
    scale, weighted by the rubric they used. A criterion that the rubric does not know has no weight. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
{%- set double = ai_impact.physical_type('double') -%}
with ratings as (
    select * from {{ ref('ai_impact', 'int_panel_ratings') }}
),

criteria as (
    select
        decision_id,
        criterion,
        max(weight) as weight,
        {{ ai_impact.exact_sum('score_share') }} / count(*) as score_share,
        count(*) as n_ratings
    from ratings
    group by decision_id, criterion
),

final as (
    select
        decision_id,
        cast(
            {{ ai_impact.safe_divide(ai_impact.exact_sum('weight * score_share'), ai_impact.exact_sum('weight')) }}
            as {{ double }}
        ) as panel_score,
        cast(sum(n_ratings) as bigint) as n_ratings
    from criteria
    where weight > 0
    group by decision_id
)

select * from final
