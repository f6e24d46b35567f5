{#
    CTEs of moments_losses: rows of every kind of loss, from `valued` (units that moved, and those of their experiment that
    stayed), `seen` (units with an outcome) and `told` (when the warehouse received an assignment).
#}
{% macro losses_by_kind() -%}
judged as (
    select
        seen.*,
        case when seen.is_before = 1 or seen.known_at < told.told_at then 1 else 0 end as is_told_after
    from seen
    left join told
        on
            seen.experiment_id = told.experiment_id
            and seen.unit_type = told.unit_type
            and seen.unit_id = told.unit_id
            and seen.arm = told.arm
),

lost as (
    {%- for kind, lost, counts in [
        ('quarantined', 'is_quarantined', 'is_accepted + is_quarantined > 0'), ('late', 'is_late', 'is_accepted = 1'),
        ('assigned_after_outcome', 'is_told_after', 'is_accepted = 1')
    ] %}
    select
        experiment_id,
        metric_id,
        arm,
        '{{ kind }}' as kind,
        cast(sum({{ lost }}) as {{ dbt.type_bigint() }}) as n_lost,
        count(*) as n_units,
        {%- for column in ['mean_kept', 'var_kept', 'mean_lost'] %}
        cast(null as {{ ai_impact.physical_type('double') }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from judged
    where {{ counts }}
    group by experiment_id, metric_id, arm
    union all
    {%- endfor %}
    select
        experiment_id,
        metric_id,
        arm,
        'several_arms' as kind,
        cast(sum(is_lost) as {{ dbt.type_bigint() }}) as n_lost,
        count(*) as n_units,
        avg(case when is_lost = 0 then cast(value as {{ ai_impact.physical_type('double') }}) end) as mean_kept,
        var_samp(case when is_lost = 0 then cast(value as {{ ai_impact.physical_type('double') }}) end) as var_kept,
        avg(case when is_lost = 1 then cast(value as {{ ai_impact.physical_type('double') }}) end) as mean_lost
    from valued
    group by experiment_id, metric_id, arm
)
{%- endmacro %}
