{# The arm of the units that an experiment which has not begun could assign. #}
{% macro baseline_arm() -%}
    (baseline)
{%- endmacro %}

{# What one unit adds up to, of one measure, in its window (`>=`), in its past, which ends at the assignment (`<`), or in the
   first or the second half of that past (`early`, `late`). #}
{% macro unit_total(measure, side) -%}
    {%- set times = {
        '>=': 'measures.occurred_at >= windows.window_starts_at',
        '<': 'measures.occurred_at < windows.assigned_at',
        'early': 'measures.occurred_at < windows.pre_middle_at',
        'late': 'measures.occurred_at >= windows.pre_middle_at and measures.occurred_at < windows.assigned_at',
    } -%}
    coalesce({{ ai_impact.exact_sum('measures.value', 'measures.measure = ' ~ measure ~ ' and ' ~ times[side]) }}, 0)
{%- endmacro %}

{# A unit of which nothing was seen has 0. A proportion asks only whether anything was seen. #}
{% macro unit_numerator(total) -%}
    case when windows.aggregation <> 'proportion' then coalesce({{ total }}, 0) when {{ total }} > 0 then 1 else 0 end
{%- endmacro %}

{# A metric without a denominator is per unit. #}
{% macro unit_denominator(total) -%}
    case when windows.denominator_measure is null then 1 else coalesce({{ total }}, 0) end
{%- endmacro %}

{#
    A unit's value after the transform of its metric; `cap` is the metric's, for winsorize. A value that is not above 0 has no
    logarithm, and one of -1 or below no log1p: it is NULL, which the moments count.
#}
{% macro transformed(value, transform, cap) -%}
    case
        when {{ transform }} = 'log' then ln(case when {{ value }} > 0 then {{ value }} end)
        when {{ transform }} = 'log1p' then ln(case when {{ value }} > -1 then 1.0 + {{ value }} end)
        when {{ transform }} = 'winsorize' and {{ value }} > {{ cap }} then {{ cap }}
        else {{ value }}
    end
{%- endmacro %}

{# The mean over the units whose value has a logarithm, of a metric in logarithms; NULL of any other. #}
{% macro mean_of_logs(value, transform='transform') -%}
    {%- set logged = 'case when ' ~ transform ~ " in ('log', 'log1p') then "
        ~ ai_impact.transformed(value, transform, 'null') ~ ' end' -%}
    {{ ai_impact.safe_divide(ai_impact.exact_sum(logged), 'count(' ~ logged ~ ')') }}
{%- endmacro %}

{#
    What the values of a winsorized metric are cut to. The past knows nothing of the arms; where its quantile is 0, as where nobody
    has a past, it is that of the values of all arms together. Where so few units have a value that this is 0 too, it is that of the
    values above 0, because a cut at 0 would leave nothing.
#}
{% macro winsorize_caps(relation) -%}
    select
        experiment_id,
        metric_id,
        coalesce(
            max(case when pre_rank = position and pre_numerator > 0 then pre_numerator end),
            max(case when value_rank = position and numerator <> 0 then numerator end),
            max(case when numerator > 0 and value_rank = n_others + position_above then numerator end)
        ) as cap
    from (
        select
            experiment_id,
            metric_id,
            numerator,
            pre_numerator,
            ceil(winsorize_at * count(*) over (partition by experiment_id, metric_id) - 0.000001) as position,
            ceil(winsorize_at * sum(is_above) over (partition by experiment_id, metric_id) - 0.000001) as position_above,
            sum(1 - is_above) over (partition by experiment_id, metric_id) as n_others,
            row_number() over (partition by experiment_id, metric_id order by numerator) as value_rank,
            row_number() over (partition by experiment_id, metric_id order by pre_numerator) as pre_rank
        from (
            select
                {{ relation }}.*,
                case when numerator > 0 then 1 else 0 end as is_above
            from {{ relation }}
            where transform = 'winsorize'
        ) as marked
    ) as ranked
    group by experiment_id, metric_id
{%- endmacro %}
