{%- set counts = ['n', 'n_units', 'n_unknown', 'n_shared'] -%}
{%- set means = ['mean_y', 'mean_z', 'mean_x'] -%}
{%- set seconds = ['var_y', 'var_z', 'var_x', 'cov_yz', 'cov_yx', 'cov_zx'] -%}
{%- set nothing = 'cast(null as ' ~ ai_impact.physical_type('double') ~ ') as ' -%}
{%- set names = ['n', 'n_units'] + means + seconds + ['n_unknown', 'min_y'] -%}
with cells as (
    select * from {{ ref('ai_impact', 'moments_unit_cells') }}
),

clusters as (
    select * from {{ ref('ai_impact', 'moments_cluster_metrics') }}
),

dimensions as (
    select * from {{ ref('ai_impact', 'moments_dimension_metrics') }}
),

{{ ai_impact.segmented('cells') }},

centred as (
    select
        *,
        {%- for mean in means %}
            sum(n * {{ mean }}) over (partition by experiment_id, metric_id, segment, arm) * 1.0
            / sum(n) over (partition by experiment_id, metric_id, segment, arm) as all_{{ mean }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from segmented
),

-- n_units is 0 where every unit stands for itself.
merged as (
    select
        experiment_id,
        metric_id,
        segment,
        arm,
        sum(n) as n,
        0 as n_units,
        max(all_mean_y) as mean_y,
        {{ ai_impact.merged_covariance('var_y', 'mean_y', 'mean_y') }} as var_y,
        max(all_mean_z) as mean_z,
        {{ ai_impact.merged_covariance('var_z', 'mean_z', 'mean_z') }} as var_z,
        max(all_mean_x) as mean_x,
        {{ ai_impact.merged_covariance('var_x', 'mean_x', 'mean_x') }} as var_x,
        {{ ai_impact.merged_covariance('cov_yz', 'mean_y', 'mean_z') }} as cov_yz,
        {{ ai_impact.merged_covariance('cov_yx', 'mean_y', 'mean_x') }} as cov_yx,
        {{ ai_impact.merged_covariance('cov_zx', 'mean_z', 'mean_x') }} as cov_zx,
        sum(n_unknown) as n_unknown,
        min(min_y) as min_y,
        0 as n_shared,
        {%- for name in ai_impact.shared_names()[1:] %}
            cast(null as {{ ai_impact.physical_type('double') }}) as {{ name }}
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
    from centred
    group by experiment_id, metric_id, segment, arm
),

final as (
    {%- for relation in ['merged', 'clusters', 'dimensions'] %}
        select
            experiment_id,
            metric_id,
            segment,
            arm,
            {%- for name in names + ai_impact.shared_names() %}
                {{ 'cast(' ~ name ~ ' as ' ~ dbt.type_bigint() ~ ') as ' ~ name if name in counts else name }},
            {%- endfor %}
            {%- for name in ai_impact.leverage_names() %}
                {{ name if relation == 'clusters' else nothing ~ name }}
                {%- if not loop.last %},{% endif %}
            {%- endfor %}
        from {{ relation }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select * from final
