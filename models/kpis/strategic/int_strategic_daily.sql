{#- The sums of each day: of the company with the use case whose baseline the KPI is compared with, and of each
    use case by itself. -#}
with observations as (
    select * from {{ ref('int_strategic_observations') }}
),

catalog as (
    select * from {{ ref('kpi_catalog') }}
),

placed as (
    select
        observations.*,
        {{ ai_impact.rollup_label() }} as cell_use_case_id,
        catalog.baseline_use_case_id as baseline_of
    from observations
    inner join catalog on observations.kpi_id = catalog.kpi_id
    union all
    select
        observations.*,
        observations.use_case_id as cell_use_case_id,
        observations.use_case_id as baseline_of
    from observations
    where observations.use_case_id is not null
),

final as (
    select
        kpi_id,
        kind,
        scale,
        cell_use_case_id as use_case_id,
        baseline_of,
        observed_on,
        count(case when numerator is not null and denominator is not null then 1 end) as n,
        count(*) as n_total,
        coalesce({{ ai_impact.exact_sum('case when denominator is not null then numerator end') }}, 0) as numerator,
        coalesce({{ ai_impact.exact_sum('case when numerator is not null then denominator end') }}, 0) as denominator,
        coalesce(
            {{ ai_impact.exact_sum('case when denominator is not null then numerator * numerator end') }}, 0
        ) as numerator_squared,
        coalesce(
            {{ ai_impact.exact_sum('case when numerator is not null then denominator * denominator end') }}, 0
        ) as denominator_squared,
        coalesce({{ ai_impact.exact_sum('numerator * denominator') }}, 0) as numerator_by_denominator,
        max(problem) as problem
    from placed
    group by kpi_id, kind, scale, cell_use_case_id, baseline_of, observed_on
)

select * from final
