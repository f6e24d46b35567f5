{#
    The one rule of deduplication. Exact copies first: of rows that say the same, the first received is kept. Then
    of different rows with one key: the first received that has no problem is kept, the others are collisions.
    The order is total: it ends in a hash of the content, and among copies in the row as it came (which spells the time of
    receipt its own way), so the order of arrival can't matter.

    `relation` has event_key, content_hash, problem, original_row and the source's columns; the CTE `deduplicated` adds copy_number and
    row_status. Copies say the same but for their receipt, so what they say is kept once, and only the receipts are put in order: ten
    million copies of one event are ten million narrow rows.
#}
{% macro deduplicate(relation, columns) -%}
contents as (
    select
        event_key,
        content_hash,
        problem
        {%- for column in columns if column.name != 'received_at' %},
        {%- if column.type == 'boolean' %}
        max(case when {{ column.name }} then 1 when not {{ column.name }} then 0 end) = 1 as {{ column.name }}
        {%- else %}
        max({{ column.name }}) as {{ column.name }}
        {%- endif %}
        {%- endfor %}
    from {{ relation }}
    group by event_key, content_hash, problem
),

receipts as (
    select
        event_key,
        content_hash,
        received_at,
        problem,
        original_row,
        row_number() over (
            partition by event_key, content_hash
            order by case when problem is null then 0 else 1 end, received_at, problem, original_row
        ) as copy_number,
        first_value(content_hash) over (
            partition by event_key
            order by case when problem is null then 0 else 1 end, received_at, content_hash
        ) as kept_hash
    from {{ relation }}
),

deduplicated as (
    select
        receipts.event_key,
        receipts.content_hash,
        receipts.received_at,
        receipts.problem,
        receipts.original_row,
        receipts.copy_number,
        {%- for column in columns if column.name != 'received_at' %}
        contents.{{ column.name }},
        {%- endfor %}
        case
            when receipts.copy_number > 1 then 'duplicate'
            when receipts.problem is not null or receipts.content_hash <> receipts.kept_hash then 'quarantined'
            else 'accepted'
        end as row_status
    from receipts
    inner join contents
        on receipts.event_key = contents.event_key
        and receipts.content_hash = contents.content_hash
        and coalesce(receipts.problem, '') = coalesce(contents.problem, '')
)
{%- endmacro %}

{# Whether a row is the last of its key in an order. #}
{% macro is_latest(key, order_by) -%}
    row_number() over (partition by {{ key | join(', ') }} order by {% for column in order_by %}{{ column }} desc{{ ', ' if not loop.last }}{% endfor %}) = 1
{%- endmacro %}
