with units as (
    select * from {{ ref('ai_impact', 'int_matched_units') }}
),

covariates as (
    select * from {{ ref('ai_impact', 'int_matched_covariates') }}
),

-- Units without a value or without any covariate can't be compared: they are counted, in a cell of their own.
cells as (
    select
        experiment_id,
        metric_id,
        arm,
        case when value is not null then cell end as cell,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
        cast(count(*) - count(value) as {{ dbt.type_bigint() }}) as n_unknown,
        avg(value) as mean_y,
        var_samp(value) as var_y,
        cast(count(past_value) as {{ dbt.type_bigint() }}) as n_past,
        avg(past_value) as mean_past,
        var_samp(past_value) as var_past,
        {%- for name, change in {'change': 'value - past_value', 'drift': 'late_value - early_value'}.items() %}
            cast(count({{ change }}) as {{ dbt.type_bigint() }}) as n_{{ name }},
            avg({{ change }}) as mean_{{ name }},
            var_samp({{ change }}) as var_{{ name }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from units
    group by experiment_id, metric_id, arm, case when value is not null then cell end
),

known as (
    select
        units.experiment_id,
        units.metric_id,
        units.arm,
        units.cell,
        covariates.name,
        max(covariates.bin) as bin,
        avg(covariates.value) as mean_x,
        var_samp(covariates.value) as var_x
    from units
    inner join covariates
        on
            units.experiment_id = covariates.experiment_id
            and units.metric_id = covariates.metric_id
            and units.unit_id = covariates.unit_id
    where units.value is not null
    group by units.experiment_id, units.metric_id, units.arm, units.cell, covariates.name
),

final as (
    select
        cells.*,
        known.name,
        known.bin,
        known.mean_x,
        known.var_x
    from cells
    left join known
        on
            cells.experiment_id = known.experiment_id
            and cells.metric_id = known.metric_id
            and cells.arm = known.arm
            and cells.cell = known.cell
)

select * from final
