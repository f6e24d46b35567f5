{%- set each_covariate = 'partition by windows.experiment_id, windows.metric_id, covariates.name' -%}
{%- set bin = 'cast(greatest(-20, least(20, floor(coalesce(score, 0) * 4))) as ' ~ dbt.type_int() ~ ')' -%}
with experiments as (
    select * from {{ ref('int_experiments') }}
    where design = 'matched'
),

all_windows as (
    select * from {{ ref('int_unit_windows') }}
    where aggregation <> 'quantile'
),

metrics as (
    select * from {{ ref('int_experiment_metrics') }}
    where metric_role = 'primary'
),

measures as (
    select * from {{ ref('int_unit_measures') }}
),

covariates as (
    select * from {{ ref('int_unit_covariates') }}
),

-- All metrics of an experiment are compared between the same matches: those of its primary metric's covariates.
windows as (
    select
        all_windows.*,
        experiments.use_case_id,
        metrics.covariates as matched_on
    from all_windows
    inner join experiments on all_windows.experiment_id = experiments.experiment_id
    inner join metrics on all_windows.experiment_id = metrics.experiment_id
),

-- A person does other work too: tasks count where they are of the experiment's use case.
totals as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        {{ ai_impact.unit_total('windows.numerator_measure', '>=') }} as numerator,
        {{ ai_impact.unit_total('windows.denominator_measure', '>=') }} as denominator,
        {{ ai_impact.unit_total('windows.numerator_measure', '<') }} as past_numerator,
        {{ ai_impact.unit_total('windows.denominator_measure', '<') }} as past_denominator
    from windows
    inner join measures
        on
            windows.unit_type = measures.unit_type
            and windows.unit_id = measures.unit_id
            and measures.measure in (windows.numerator_measure, windows.denominator_measure)
            and (measures.use_case_id = windows.use_case_id or measures.use_case_id is null)
            and measures.occurred_at >= windows.pre_starts_at
            and (measures.occurred_at < windows.window_ends_at or windows.window_ends_at is null)
    group by windows.experiment_id, windows.metric_id, windows.unit_id
),

-- Only what was known before the unit chose, in quarters of a standard deviation over all arms.
known as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        covariates.name,
        (covariates.value - avg(covariates.value) over ({{ each_covariate }}))
        / nullif(stddev_samp(covariates.value) over ({{ each_covariate }}), 0) as score
    from windows
    inner join covariates
        on
            windows.unit_type = covariates.unit_type
            and windows.unit_id = covariates.unit_id
            and {{ ai_impact.in_list('covariates.name', 'windows.matched_on') }}
            and covariates.observed_at < windows.assigned_at
),

cells as (
    select
        experiment_id,
        metric_id,
        unit_id,
        {{ ai_impact.joined_sorted("name || '=' || cast(" ~ bin ~ " as " ~ dbt.type_string() ~ ")", "|") }}
            as cell
    from known
    group by experiment_id, metric_id, unit_id
),

final as (
    select
        windows.experiment_id,
        windows.metric_id,
        windows.unit_id,
        windows.arm,
        cells.cell,
        {%- for name, past in [('value', ''), ('past_value', 'past_')] %}
            cast({{ ai_impact.safe_divide(
                ai_impact.unit_numerator('totals.' ~ past ~ 'numerator'),
                ai_impact.unit_denominator('totals.' ~ past ~ 'denominator')
            ) }} as {{ ai_impact.physical_type('double') }}) as {{ name }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from windows
    left join totals
        on
            windows.experiment_id = totals.experiment_id
            and windows.metric_id = totals.metric_id
            and windows.unit_id = totals.unit_id
    left join cells
        on
            windows.experiment_id = cells.experiment_id
            and windows.metric_id = cells.metric_id
            and windows.unit_id = cells.unit_id
)

select * from final
