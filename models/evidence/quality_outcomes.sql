{#- What came of outputs of each quality: a dose-response that no one assigned. Where an experiment assigned the
    versions (its arms have their names), its estimate and grade are beside it. -#}
{%- set double = ai_impact.physical_type('double') -%}
{%- set outcomes = {'conversion': 'is_converted', 'rework': 'is_reworked', 'error': 'has_error'} -%}
with outputs as (
    select * from {{ ref('ai_impact', 'int_output_quality') }}
),

hidden_groups as (
    select * from {{ ref('ai_impact', 'int_hidden_groups') }}
    where quarter_start = {{ ai_impact.all_time() }}
),

estimates as (
    select
        estimates.*,
        experiments.use_case_id,
        case
            when estimates.metric_id = 'rework_rate' then 'rework'
            when estimates.metric_id = 'error_rate' then 'error'
            when estimates.is_primary then 'conversion'
        end as outcome,
        row_number() over (
            partition by experiments.use_case_id, estimates.treatment_arm, estimates.metric_id
            order by estimates.evidence_grade, estimates.experiment_id
        ) as place
    from {{ ref('ai_impact', 'impact_estimates') }} as estimates
    inner join {{ ref('ai_impact', 'int_experiments') }} as experiments
        on estimates.experiment_id = experiments.experiment_id
    where estimates.is_quoted and estimates.segment = 'all'
),

cells as (
    {% for outcome, column in outcomes.items() %}
        select
            use_case_id,
            quality_measure,
            quality_bin,
            '{{ outcome }}' as outcome,
            max(quality_from) as quality_from,
            max(quality_to) as quality_to,
            min(completed_at) as first_completed_at,
            count(*) as n_outputs,
            count({{ column }}) as n,
            coalesce(sum({{ column }}), 0) as n_with
        from outputs
        group by use_case_id, quality_measure, quality_bin
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

numbered as (
    select
        cells.*,
        hidden_groups.suppression_rule,
        cast(case when hidden_groups.suppression_rule is null then cells.n_with end as {{ double }}) as n_with_shown,
        cast(case when hidden_groups.suppression_rule is null then cells.n end as {{ double }}) as n_shown,
        row_number() over (
            partition by cells.use_case_id, cells.quality_measure, cells.outcome
            order by cells.quality_from, cells.first_completed_at, cells.quality_bin
        ) as bin_number
    from cells
    left join hidden_groups
        on
            cells.use_case_id = hidden_groups.row_id
            and cells.quality_bin = hidden_groups.column_id
            and hidden_groups.family = {{ ai_impact.family_of_quality('cells.quality_measure') }}
),

shown as (
    select
        *,
        1e0 * n_with_shown / nullif(n_shown, 0) as rate,
        {{ ai_impact.wilson('n_with_shown', 'n_shown', -1) }} as low,
        {{ ai_impact.wilson('n_with_shown', 'n_shown', 1) }} as high,
        min(case when n_shown > 0 then bin_number end) over (
            partition by use_case_id, quality_measure, outcome
        ) as first_shown
    from numbered
),

final as (
    select
        {{ ai_impact.hash_key(['shown.use_case_id', 'shown.quality_measure', 'shown.quality_bin', 'shown.outcome']) }}
            as quality_outcome_key,
        shown.use_case_id,
        shown.quality_measure,
        shown.quality_bin,
        cast(shown.bin_number as bigint) as bin_number,
        shown.quality_from,
        shown.quality_to,
        shown.outcome,
        100 * shown.rate as value,
        cast(shown.n_with_shown as bigint) as numerator,
        cast(shown.n_shown as bigint) as n,
        cast(100 * shown.low as {{ double }}) as ci_low,
        cast(100 * shown.high as {{ double }}) as ci_high,
        -- Against the first bin that is shown, by Newcombe.
        case when shown.bin_number > reference.bin_number then 100 * (shown.rate - reference.rate) end as difference,
        {% for side, own, other in [('low', 'rate - shown.low', 'high - reference.rate'),
                                    ('high', 'high - shown.rate', 'rate - reference.low')] -%}
            case
                when shown.bin_number > reference.bin_number
                    then 100 * (
                        shown.rate - reference.rate {{ '-' if side == 'low' else '+' }}
                        sqrt(power(shown.{{ own }}, 2) + power(reference.{{ other }}, 2))
                    )
            end as difference_ci_{{ side }},
        {% endfor -%}
        coalesce(estimates.evidence_grade, 'E') as evidence_grade,
        estimates.experiment_id,
        estimates.metric_id as experiment_metric_id,
        estimates.estimate as experiment_estimate,
        estimates.ci_low as experiment_ci_low,
        estimates.ci_high as experiment_ci_high,
        estimates.scale as experiment_scale,
        case
            when shown.suppression_rule is not null then {{ ai_impact.suppression_reason('shown.suppression_rule') }}
            when shown.n = 0 then 'Of no output is the outcome known.'
            when estimates.experiment_id is not null
                then 'The grade is that of the experiment; the shares are of all outputs.'
            else 'Nobody assigned this quality: what made it so may have made the outcome.'
        end as reason,
        shown.suppression_rule
    from shown
    left join shown as reference
        on
            shown.use_case_id = reference.use_case_id
            and shown.quality_measure = reference.quality_measure
            and shown.outcome = reference.outcome
            and shown.first_shown = reference.bin_number
    left join estimates
        on
            shown.use_case_id = estimates.use_case_id
            and shown.quality_bin = estimates.treatment_arm
            and shown.quality_measure in ('prompt_version', 'response_model')
            and shown.outcome = estimates.outcome
            and estimates.place = 1
)

select * from final
