{# How bad it is: 2 where a source that everything rests on has no accepted row left, 1 where more than 5 percent of a source, or of 20 rows or
   more of its newest load day, are in quarantine. Links are left out: one kiosk sets aside hundreds that are in order. #}
{% test mostly_accepted(model) %}
{{ config(fail_calc='coalesce(max(severity), 0)', warn_if='>= 1', error_if='>= 2') }}
with days as (
    select
        *,
        row_number() over (partition by source order by load_day desc) as age
    from {{ model }}
    where raw > 0 and source <> 'identity_links'
),

sources as (
    select
        source,
        sum(raw) as raw,
        sum(quarantined) as quarantined,
        sum(case when age = 1 and raw >= 20 then raw end) as newest_raw,
        sum(case when age = 1 and raw >= 20 then quarantined end) as newest_quarantined,
        max(case when age = 1 then load_day end) as newest_day
    from days
    group by source
)

select
    source,
    raw,
    quarantined,
    newest_raw,
    newest_quarantined,
    newest_day,
    case
        when quarantined = raw and source in ({{ ai_impact.quoted(ai_impact.mandatory_sources()) }}) then 2
        else 1
    end as severity
from sources
where quarantined > 0.05 * raw or newest_quarantined > 0.05 * newest_raw
{% endtest %}
