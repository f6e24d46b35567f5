{%- set never = ai_impact.never_treated() -%}
with unit_periods as (
    select * from {{ ref('ai_impact', 'int_unit_period_panel') }}
),

experiments as (
    select * from {{ ref('ai_impact', 'int_experiments') }}
    where design in ('did', 'staggered_did') and cluster_by is not null
),

windows as (
    select * from {{ ref('ai_impact', 'int_unit_windows') }}
    where cluster_id is not null
),

-- As in moments_cohort_periods: units with a gap since they came, and those treated when they came, don't count.
marked as (
    select
        unit_periods.*,
        windows.cluster_id,
        coalesce(unit_periods.first_treated_period, {{ never }}) as cohort,
        min(
            case
                when unit_periods.first_treated_period <= unit_periods.entered_period then 0
                when unit_periods.value is null and unit_periods.period >= unit_periods.entered_period then 0
                else 1
            end
        ) over (partition by unit_periods.experiment_id, unit_periods.metric_id, unit_periods.unit_id) as is_whole
    from unit_periods
    inner join experiments on unit_periods.experiment_id = experiments.experiment_id
    inner join windows
        on
            unit_periods.experiment_id = windows.experiment_id
            and unit_periods.metric_id = windows.metric_id
            and unit_periods.unit_id = windows.unit_id
    where unit_periods.entered_period is not null
),

centred as (
    select
        experiment_id,
        metric_id,
        cohort,
        entered_period as entered,
        cluster_id,
        unit_id,
        period,
        value - avg(value) over (partition by experiment_id, metric_id, cohort, entered_period, period) as deviation
    from marked
    where is_whole = 1 and period >= entered_period
),

-- A cluster's sums of deviations from the cohort's mean, and its units: the period NULL counts those of a cohort, and
-- without the period of entry those of all that were first treated in one period.
totals as (
    select
        experiment_id,
        metric_id,
        cohort,
        entered,
        cluster_id,
        period,
        sum(deviation) as total
    from centred
    group by experiment_id, metric_id, cohort, entered, cluster_id, period
    {%- for entered in ['entered', never] %}
        union all
        select
            experiment_id,
            metric_id,
            cohort,
            {{ entered }} as entered,
            cluster_id,
            {{ never }} as period,
            cast(count(distinct unit_id) as {{ ai_impact.physical_type('double') }}) as total
        from centred
        group by experiment_id, metric_id, cohort, {{ 'entered, ' if loop.first }}cluster_id
    {%- endfor %}
),

ordered as (
    select
        *,
        case when entered = {{ never }} then 1 else 0 end as is_together,
        row_number() over (
            partition by experiment_id, metric_id, cluster_id
            order by cohort, entered, period
        ) as place
    from totals
),

final as (
    select
        a.experiment_id,
        a.metric_id,
        {%- for side in ['a', 'b'] %}
            nullif({{ side }}.cohort, {{ never }}) as cohort_{{ side }},
            nullif({{ side }}.entered, {{ never }}) as entered_{{ side }},
            nullif({{ side }}.period, {{ never }}) as period_{{ side }},
        {%- endfor %}
        cast(count(*) as {{ dbt.type_bigint() }}) as n_clusters,
        sum(a.total * b.total) as total
    from ordered as a
    inner join ordered as b
        on
            a.experiment_id = b.experiment_id
            and a.metric_id = b.metric_id
            and a.cluster_id = b.cluster_id
            and a.is_together = b.is_together
            and a.place <= b.place
    group by a.experiment_id, a.metric_id, a.cohort, a.entered, a.period, b.cohort, b.entered, b.period
)

select * from final
