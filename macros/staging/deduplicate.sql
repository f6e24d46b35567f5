{#
    The one rule of deduplication. Exact copies first: of rows that say the same, the first received is kept. Then
    of different rows with one key: the first received that has no problem is kept, the others are collisions.
    The order is total: it ends in a hash of the content, and among copies in the row as it came (which spells the time of
    receipt its own way), so the order of arrival can't matter.

    `relation` has event_key, content_hash, received_at, problem and original_row; the CTE `deduplicated` adds row_status.
    It has is_repeated too: false where no other row has the key, and such a row needs no rank.
#}
{% macro deduplicate(relation) -%}
ranked as (
    select
        *,
        row_number() over (
            partition by event_key, content_hash
            order by case when problem is null then 0 else 1 end, received_at, problem, original_row
        ) as copy_number,
        first_value(content_hash) over (
            partition by event_key
            order by case when problem is null then 0 else 1 end, received_at, content_hash
        ) as kept_hash
    from {{ relation }}
    where is_repeated
    {%- if not is_incremental() %}
    union all
    select
        *,
        1 as copy_number,
        content_hash as kept_hash
    from {{ relation }}
    where not is_repeated
    {%- endif %}
),

deduplicated as (
    select
        *,
        case
            when copy_number > 1 then 'duplicate'
            when problem is not null or content_hash <> kept_hash then 'quarantined'
            else 'accepted'
        end as row_status
    from ranked
)
{%- endmacro %}

{# Whether a row is the last of its key in an order. #}
{% macro is_latest(key, order_by) -%}
    row_number() over (partition by {{ key | join(', ') }} order by {% for column in order_by %}{{ column }} desc{{ ', ' if not loop.last }}{% endfor %}) = 1
{%- endmacro %}
