{#- The sums of each day: of the company with the use case whose baseline the KPI is compared with, and of each
    use case by itself. -#}
with observations as (
    select * from {{ ref('ai_impact', 'int_strategic_observations') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
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
        {% for column, other in [('numerator', 'denominator'), ('denominator', 'numerator')] -%}
            {%- set counted = 'case when ' ~ other ~ ' is not null then ' ~ column ~ ' end' -%}
            coalesce({{ ai_impact.exact_sum(counted) }}, 0) as {{ column }},
            coalesce({{ ai_impact.exact_sum(column ~ ' * ' ~ counted) }}, 0) as {{ column }}_squared,
        {% endfor -%}
        coalesce({{ ai_impact.exact_sum('numerator * denominator') }}, 0) as numerator_by_denominator,
        max(problem) as problem
    from placed
    group by kpi_id, kind, scale, cell_use_case_id, baseline_of, observed_on
)

select * from final
