with final as (
    select * from {{ ref('int_dates') }}
)

select * from final
