{#- Every KPI: ours, and those of the company, which stand in the place of ours of the same id. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
with final as (
    {{ ai_impact.with_extra('kpi_catalog') }}
)

select * from final
