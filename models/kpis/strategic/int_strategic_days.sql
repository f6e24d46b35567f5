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
        {{ ai_impact.all_of_them() }} as cell_use_case_id,
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
        count(case when y is not null and z is not null then 1 end) as n,
        count(*) as n_seen,
        coalesce({{ ai_impact.exact_sum('case when z is not null then y end') }}, 0) as y,
        coalesce({{ ai_impact.exact_sum('case when y is not null then z end') }}, 0) as z,
        coalesce({{ ai_impact.exact_sum('case when z is not null then y * y end') }}, 0) as yy,
        coalesce({{ ai_impact.exact_sum('case when y is not null then z * z end') }}, 0) as zz,
        coalesce({{ ai_impact.exact_sum('y * z') }}, 0) as yz,
        max(problem) as problem
    from placed
    group by kpi_id, kind, scale, cell_use_case_id, baseline_of, observed_on
)

select * from final
