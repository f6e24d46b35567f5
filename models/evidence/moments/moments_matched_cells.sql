with units as (
    select * from {{ ref('int_matched_units') }}
),

-- Units without a value or without any covariate can't be compared: they are counted, in a cell of their own.
final as (
    select
        experiment_id,
        metric_id,
        arm,
        case when value is not null then cell end as cell,
        cast(count(*) as {{ dbt.type_bigint() }}) as n,
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
)

select * from final
