{# Common table expressions that end in `distances`: how far the current distribution lies from the reference. Bins are put together to
   at most ten that hold about as much of the reference each; they stay as they are, because the reference does. #}
{% macro drift_distances(relation) -%}
{%- set histograms = ai_impact.call_histograms() -%}
{%- set shares = [] -%}
{%- for metric, rule in ai_impact.drift_metrics().items() if rule.share -%}{%- do shares.append("'" ~ metric ~ "'") -%}{%- endfor -%}
{%- set shares = shares | join(', ') -%}
summed as (
    select
        change_key,
        side,
        {%- for column in ai_impact.drift_columns() %}
        sum({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ relation }}
    where side <> 'between'
    group by change_key, side
),

numbers as (
    {%- for bin in range(20) %}
    select {{ bin }} as bin{{ ' union all' if not loop.last }}
    {%- endfor %}
),

counted as (
    {%- for metric, rule in ai_impact.drift_metrics().items() if rule.share or rule.histogram %}
    {%- set bins = 2 if rule.share else histograms[metric] | length + 1 %}
    select
        summed.change_key,
        '{{ metric }}' as metric,
        numbers.bin,
        summed.side,
        case numbers.bin
            {%- if rule.share %}
            when 0 then {{ rule.n }} - {{ rule.total }}
            else {{ rule.total }}
            {%- else %}
            {%- for bin in range(bins) %}
            when {{ bin }} then {{ metric }}_bin_{{ bin }}
            {%- endfor %}
            {%- endif %}
        end as n
    from summed
    cross join numbers
    where numbers.bin < {{ bins }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

fine as (
    select
        change_key,
        metric,
        bin,
        sum(case when side = 'reference' then n else 0 end) as n_r,
        sum(case when side = 'current' then n else 0 end) as n_c
    from counted
    group by change_key, metric, bin
),

shared as (
    select
        *,
        sum(n_r) over (partition by change_key, metric) as all_r,
        sum(n_c) over (partition by change_key, metric) as all_c,
        sum(n_r) over (partition by change_key, metric order by bin rows between unbounded preceding and current row) as upto_r,
        sum(n_c) over (partition by change_key, metric order by bin rows between unbounded preceding and current row) as upto_c
    from fine
),

{# A bin begins in a tenth of the reference. What holds nothing of it, or begins in its last twentieth, goes with the bin before; but a share has two bins, however rare. #}
begun as (
    select
        *,
        case when metric in ({{ shares }}) then bin when n_r > 0 and upto_r - n_r < 0.95e0 * all_r then floor(10e0 * (upto_r - n_r) / all_r) end as begins,
        abs(upto_r / all_r - upto_c / all_c) as ks
    from shared
    where all_r > 0 and all_c > 0
),

tenths as (
    select
        *,
        coalesce(
            max(begins) over (partition by change_key, metric order by bin rows between unbounded preceding and current row), 0e0
        ) as tenth
    from begun
),

merged as (
    select
        change_key,
        metric,
        tenth,
        count(*) over (partition by change_key, metric) as bins,
        max(max(ks)) over (partition by change_key, metric) as ks,
        max(all_r) as all_r,
        max(all_c) as all_c,
        sum(n_r) as n_r,
        sum(n_c) as n_c
    from tenths
    group by change_key, metric, tenth
),

smoothed as (
    select
        *,
        n_r / all_r as p,
        n_c / all_c as q,
        {# A bin without a row is not infinitely far away: half a row more in each. #}
        (n_r + 0.5e0) / (all_r + 0.5e0 * bins) as p_half,
        (n_c + 0.5e0) / (all_c + 0.5e0 * bins) as q_half
    from merged
),

distances as (
    select
        change_key,
        metric,
        max(bins) as bins,
        case when max(bins) > 1 then {{ ai_impact.steady_sum('(q_half - p_half) * ln(q_half / p_half)') }} end as psi,
        case when max(bins) > 1 then sqrt({{ ai_impact.greatest(['0e0', ai_impact.steady_sum(
            'case when p > 0 then p * ln(2e0 * p / (p + q)) else 0e0 end
            + case when q > 0 then q * ln(2e0 * q / (p + q)) else 0e0 end'
        ) ~ ' / (2e0 * ln(2e0))']) }}) end as js_distance,
        max(ks) as ks_distance
    from smoothed
    group by change_key, metric
)
{%- endmacro %}
