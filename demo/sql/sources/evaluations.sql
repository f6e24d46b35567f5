-- Raters of AI tasks (a person, a judge model, a check in code) and a blinded panel of three on each strategic decision.
with rated as (
    select task_id, ended_at, is_hallucinated, is_reworked, z('quality', task_id) as quality
    from tasks
    where mode <> 'human' and ending = 'completed' and u('rated', task_id) < 0.28
),
task_ratings as (
    select
        task_id || ':' || r.criterion || ':' || r.evaluator_type as event_id,
        plus_hours(ended_at, 6 + 30 * u('rated at', task_id || r.criterion)) as occurred_at,
        'task' as target_type,
        task_id as target_id,
        r.criterion,
        r.evaluator_type,
        r.evaluator_id || if(r.evaluator_type = 'human', cast(draw('rater', task_id, 6) as varchar), '') as evaluator_id,
        -- Raters disagree about what is fine, hardly ever about what is made up.
        case
            when r.criterion = 'groundedness' then if(is_hallucinated, 1.6, 4.4)
            else 3.7 - if(is_reworked, 0.6, 0)
        end + 0.45 * quality + 0.35 * z('rater noise', task_id || r.criterion || r.evaluator_type) as raw_score,
        r.criterion = 'groundedness' and is_hallucinated as is_made_up,
        false as is_blinded
    from rated
    cross join (values
        ('groundedness', 'human', 'rater-'), ('groundedness', 'llm', 'judge-1'), ('tone', 'human', 'rater-'), ('tone', 'code', 'lint-tone')
    ) as r (criterion, evaluator_type, evaluator_id)
    where r.evaluator_type <> 'human' or u('rated by hand', task_id) < 0.35
),
panel as (
    select
        decision_id || ':strategy:' || p.p as event_id,
        plus_hours(decided_at, 12 + 60 * u('panel', decision_id || p.p)) as occurred_at,
        'decision' as target_type,
        decision_id as target_id,
        'strategy' as criterion,
        'human' as evaluator_type,
        'panel-' || p.p as evaluator_id,
        3.2 + if(has_human, 0.5, 0) + 0.6 * z('strategy', decision_id) + 0.4 * z('panel noise', decision_id || p.p) as raw_score,
        false as is_made_up,
        true as is_blinded
    from decisions, range(3) as p (p)
    where decisions.use_case_id = 'positioning' and u('paneled', decisions.decision_id) < 0.35
),
everything as (
    select * from task_ratings
    union all select * from panel
)
select
    event_id,
    'review_desk' as source,
    occurred_at,
    target_type,
    target_id,
    criterion,
    cast(round(greatest(1, least(5, raw_score))) as integer) as score,
    1 as scale_min,
    5 as scale_max,
    -- Groundedness is a matter of fact, so its label is the truth; the other labels follow from the score.
    case when criterion = 'groundedness' then if(is_made_up, 'fail', 'pass') else if(raw_score >= 2.5, 'pass', 'fail') end as label,
    evaluator_type,
    evaluator_id,
    'rubric-2026-01' as rubric_version,
    is_blinded
from everything
