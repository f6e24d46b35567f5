{#- Every metric: ours, with the cells and rows of the company. -#}
{{ config(materialized=ai_impact.view_or_table()) }}
with final as (
    {{ ai_impact.with_extra('metric_catalog') }}
)

select * from final
