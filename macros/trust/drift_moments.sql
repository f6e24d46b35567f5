{# Common table expressions that end in `measured`: of each comparison and metric the two means, their difference with its errors, the
   first hours at which the interval for every look left out 0, and the day of the largest cumulative sum. #}
{% macro drift_moments(relation) -%}
facts as (
    {%- for metric, rule in ai_impact.drift_metrics().items() %}
    select
        change_key,
        '{{ metric }}' as metric,
        {{ 1 if rule.share else 0 }} as is_share,
        {{ rule.worse }} as worse,
        side,
        called_hour,
        {{ rule.n }} as n,
        {{ rule.total }} as total,
        {{ rule.total if rule.share else rule.total ~ '_squared' }} as squares
    from {{ relation }}
    where {{ rule.n }} > 0
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

daily as (
    select
        change_key,
        metric,
        side,
        cast(called_hour as date) as called_on,
        sum(n) as n,
        {{ ai_impact.steady_sum('total') }} as total,
        {{ ai_impact.steady_sum('squares') }} as squares
    from facts
    group by change_key, metric, side, cast(called_hour as date)
),

sides as (
    select
        change_key,
        metric,
        is_share,
        worse,
        {%- for column in ['n', 'total', 'squares'] %}
        {{ ai_impact.steady_sum("case when side = 'reference' then " ~ column ~ " end") }} as {{ column }}_r,
        {{ ai_impact.steady_sum("case when side = 'current' then " ~ column ~ " end") }} as {{ column }}_c,
        {%- endfor %}
        sum(n) as n_all,
        {{ ai_impact.steady_sum('total') }} as total_all,
        {{ ai_impact.steady_sum('squares') }} as squares_all
    from facts
    group by change_key, metric, is_share, worse
),

spread as (
    select
        *,
        total_r / n_r as mean_r,
        {{ ai_impact.variance_of('n_r', 'total_r', 'squares_r', 'is_share') }} as variance_r,
        {{ ai_impact.variance_of('n_c', 'total_c', 'squares_c', 'is_share') }} as variance_c,
        {{ ai_impact.variance_of('n_all', 'total_all', 'squares_all', 'is_share') }} as variance_all
    from sides
    where n_r > 0 and n_c > 0
),

{# How much more the days of the reference differ than chance has it: calls of one day are alike. Never below 1; from five days on. #}
varied as (
    select
        spread.change_key,
        spread.metric,
        case
            when count(*) >= 5 then {{ ai_impact.greatest(['1e0', ai_impact.steady_sum('power(daily.total - daily.n * spread.mean_r, 2) / daily.n') ~ ' / nullif((count(*) - 1) * max(spread.variance_r), 0)']) }}
            else 1e0
        end as dispersion
    from spread
    inner join daily on spread.change_key = daily.change_key and spread.metric = daily.metric and daily.side = 'reference'
    group by spread.change_key, spread.metric
),

{# A version that changes at noon has a day on both sides: first what was before. #}
cumulated as (
    select
        daily.change_key,
        daily.metric,
        daily.called_on,
        daily.side,
        abs(sum(daily.total - daily.n * spread.total_all / spread.n_all) over (
            partition by daily.change_key, daily.metric order by daily.called_on, daily.side desc
            rows between unbounded preceding and current row
        )) / nullif(sqrt(spread.n_all * spread.variance_all * varied.dispersion), 0) as cusum,
        lead(daily.called_on) over (
            partition by daily.change_key, daily.metric order by daily.called_on, daily.side desc
        ) as next_on
    from daily
    inner join spread on daily.change_key = spread.change_key and daily.metric = spread.metric
    inner join varied on daily.change_key = varied.change_key and daily.metric = varied.metric
),

turned as (
    select
        *,
        row_number() over (partition by change_key, metric order by cusum desc, called_on, side desc) as place
    from cumulated
    where next_on is not null and cusum is not null
),

running as (
    select
        change_key,
        metric,
        called_hour,
        {%- for column in ['n', 'total', 'squares'] %}
        sum({{ column }}) over (
            partition by change_key, metric order by called_hour rows between unbounded preceding and current row
        ) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    from facts
    where side = 'current'
),

{# A few skewed values vary less than they will: the variance is the larger one of both sides. A version's own last week is a window that
   moves on with every look, so that only its end is one. #}
looked as (
    select
        running.change_key,
        running.metric,
        running.called_hour,
        spread.worse,
        running.total / running.n - spread.mean_r as gap,
        {{ ai_impact.every_look('running.n') }} * sqrt(varied.dispersion * (
            {{ ai_impact.greatest([
                ai_impact.variance_of('running.n', 'running.total', 'running.squares', 'spread.is_share'), 'spread.variance_r'
            ]) }} / running.n
            + spread.variance_r / spread.n_r
        )) as margin,
        0.2e0 * sqrt(spread.variance_r) as relevant
    from running
    inner join spread on running.change_key = spread.change_key and running.metric = spread.metric
    inner join varied on running.change_key = varied.change_key and running.metric = varied.metric
    inner join changes on running.change_key = changes.change_key
    where
        running.n >= {{ var('min_observations') }}
        and spread.n_r >= {{ var('min_observations') }}
        and (changes.change_kind = 'new_version' or running.n = spread.n_c)
),

found as (
    select
        change_key,
        metric,
        min({{ ai_impact.add_time('hour', 1, 'called_hour') }}) as first_change_at,
        min(case when gap * worse > 0 then {{ ai_impact.add_time('hour', 1, 'called_hour') }} end) as first_worse_at
    from looked
    where margin > 0 and abs(gap) > margin and abs(gap) >= relevant
    group by change_key, metric
),

erred as (
    select
        spread.*,
        varied.dispersion,
        spread.total_c / spread.n_c as mean_c,
        nullif(sqrt(varied.dispersion * (spread.variance_r / spread.n_r + spread.variance_c / spread.n_c)), 0) as std_error,
        {{ ai_impact.every_look('spread.n_c') }} * nullif(sqrt(varied.dispersion * (
            spread.variance_r / spread.n_r + {{ ai_impact.greatest(['spread.variance_c', 'spread.variance_r']) }} / spread.n_c
        )), 0) as every_look
    from spread
    inner join varied on spread.change_key = varied.change_key and spread.metric = varied.metric
),

measured as (
    select
        erred.change_key,
        erred.metric,
        erred.n_r as n_reference,
        erred.n_c as n_current,
        erred.mean_r as reference_value,
        erred.mean_c as current_value,
        erred.mean_c - erred.mean_r as change_absolute,
        erred.std_error,
        erred.dispersion,
        erred.every_look,
        erred.mean_c / nullif(erred.mean_r, 0) - 1e0 as change_relative,
        {#- The delta method for a ratio of two means. #}
        sqrt(erred.dispersion * (
            erred.variance_c / erred.n_c
            + power(erred.mean_c / nullif(erred.mean_r, 0), 2) * erred.variance_r / erred.n_r
        )) / nullif(abs(erred.mean_r), 0) as relative_error,
        {{ ai_impact.least(['1e0', '2e0 * exp(-2e0 * turned.cusum * turned.cusum)']) }} as cusum_p_value,
        turned.next_on as change_point_on,
        found.first_change_at,
        found.first_worse_at
    from erred
    left join turned on erred.change_key = turned.change_key and erred.metric = turned.metric and turned.place = 1
    left join found on erred.change_key = found.change_key and erred.metric = found.metric
)
{%- endmacro %}
