with final as (
    select * from {{ ref('ai_impact', 'int_dates') }}
)

select * from final
