{#- What each person on a panel said of a decision on a criterion; who rated twice is taken at the last word.
    Scores on another scale than the rubric's become its shares; without a scale of its own a score is on the
    rubric's. -#}
{{ config(materialized=ai_impact.view_or_table()) }}

with evaluations as (
    select * from {{ ref('ai_impact', 'stg_evaluations') }}
    where target_type = 'decision' and evaluator_type = 'human' and score is not null
),

rubrics as (
    select * from {{ ref('ai_impact', 'rubrics') }}
),

people as (
    select * from {{ ref('ai_impact', 'int_known_ids') }}
    where id_type = 'person'
),

scaled as (
    select
        evaluations.target_id as decision_id,
        evaluations.criterion,
        -- Raters of whom nothing is known are as many as they rated.
        coalesce(
            people.entity_id, {{ ai_impact.entity_id("'person'", 'evaluations.evaluator_id') }}, evaluations.event_key
        ) as person_id,
        evaluations.score,
        coalesce(rubrics.weight, 0) as weight,
        evaluations.rubric_version,
        coalesce(evaluations.is_blinded, false) as is_blinded,
        evaluations.occurred_at,
        coalesce(evaluations.scale_min, rubrics.scale_min) as scale_min,
        coalesce(evaluations.scale_max, rubrics.scale_max) as scale_max,
        row_number() over (
            partition by
                evaluations.target_id,
                evaluations.criterion,
                coalesce(
                    people.entity_id,
                    {{ ai_impact.entity_id("'person'", 'evaluations.evaluator_id') }},
                    evaluations.event_key
                )
            order by evaluations.occurred_at desc, evaluations.event_key desc
        ) as nth_last
    from evaluations
    left join rubrics
        on evaluations.rubric_version = rubrics.rubric_version and evaluations.criterion = rubrics.criterion
    left join people on evaluations.evaluator_id = people.id
),

final as (
    select
        decision_id,
        criterion,
        person_id,
        score,
        weight,
        rubric_version,
        is_blinded,
        occurred_at,
        (score - scale_min) / nullif(scale_max - scale_min, 0) as score_share
    from scaled
    where nth_last = 1 and score between scale_min and scale_max
)

select * from final
