{#- When each use case was last reviewed, monthly and quarterly, and whether the next review is due by the newest
    complete day. -#}
{%- set cadences = {'monthly': 1, 'quarterly': 3} -%}
with use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
    where is_registered
),

reviews as (
    select * from {{ ref('ai_impact', 'reviews') }}
),

days as (
    select max(date_day) as as_of from {{ ref('ai_impact', 'dim_dates') }}
    where is_complete
),

wanted as (
    {% for cadence, months in cadences.items() -%}
        select
            use_case_id,
            ai_live_from,
            '{{ cadence }}' as cadence,
            {{ months }} as months
        from use_cases
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

-- A quarterly review is one of the month too; one that lies ahead is none yet.
held as (
    select
        wanted.use_case_id,
        wanted.cadence,
        max(reviews.reviewed_on) as last_reviewed_on
    from wanted
    cross join days
    inner join reviews
        on
            wanted.use_case_id = reviews.use_case_id
            and reviews.cadence in (wanted.cadence, 'quarterly')
            and reviews.reviewed_on <= days.as_of
    group by wanted.use_case_id, wanted.cadence
),

dated as (
    select
        wanted.use_case_id,
        wanted.cadence,
        held.last_reviewed_on,
        days.as_of,
        cast({{ ai_impact.add_time(
            'month', 'wanted.months', 'coalesce(held.last_reviewed_on, wanted.ai_live_from)'
        ) }} as date) as due_on
    from wanted
    cross join days
    left join held
        on
            wanted.use_case_id = held.use_case_id
            and wanted.cadence = held.cadence
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'cadence']) }} as review_key,
        use_case_id,
        cadence,
        last_reviewed_on,
        due_on,
        as_of,
        coalesce(due_on <= as_of, false) as is_due
    from dated
)

select * from final
