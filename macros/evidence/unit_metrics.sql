{# The arm of the units that an experiment which has not begun could assign. #}
{% macro baseline_arm() -%}
    (baseline)
{%- endmacro %}

{# What int_unit_measures makes of tasks, decisions and deals. Other measures are names of outcome events. #}
{% macro measure_names() %}
    {{- return({
        'tasks': ['tasks_completed', 'cycle_hours', 'human_hours', 'rework', 'errors'],
        'decisions': ['decisions', 'decisions_succeeded'],
        'deals': ['deals_closed', 'deals_won', 'won_amount'],
    }) -}}
{% endmacro %}

{# The measures of one kind of thing. Outcomes have two: their name, and their name with _value. #}
{% macro measures_of(kind) -%}
    '{{ ai_impact.measure_names()[kind] | join("', '") }}'
{%- endmacro %}

{# Are both measures of a ratio of the same things, so that it can divide by those of which both are known? #}
{% macro are_measures_paired(numerator='numerator_measure', denominator='denominator_measure') -%}
    coalesce(
            {% for kind in ['tasks', 'deals', 'decisions'] -%}
                ({{ numerator }} in ({{ ai_impact.measures_of(kind) }}) and {{ denominator }} in ({{ ai_impact.measures_of(kind) }}))
                or {% endfor -%}
            {{ numerator }} = {{ denominator }} || '_value'
            or {{ denominator }} = {{ numerator }} || '_value',
            false
        )
{%- endmacro %}

{# The row counts in the ratio with the other measure: that is known of the same thing. A metric without another counts all. #}
{% macro is_other_known(other) -%}
    coalesce({{ other }} not in (coalesce(measures.unknown_measure, ''), coalesce(measures.other_unknown_measure, '')), true)
{%- endmacro %}

{#
    What one unit adds up to, of its metric's `numerator` or `denominator`, in its window (`>=`), in its past, which ends at the
    assignment (`<`), or in the first or the second half of that past (`early`, `late`). A ratio of paired measures takes only what
    both are known of. Anything else is NULL, not known, where a part is not known; but a proportion asks only for anything above 0.
#}
{% macro unit_total(part, side) -%}
    {%- set times = {
        '>=': 'measures.occurred_at >= windows.window_starts_at',
        '<': 'measures.occurred_at < windows.assigned_at',
        'early': 'measures.occurred_at < windows.pre_middle_at',
        'late': 'measures.occurred_at >= windows.pre_middle_at and measures.occurred_at < windows.assigned_at',
    } -%}
    {%- set other = 'windows.' ~ ('denominator' if part == 'numerator' else 'numerator') ~ '_measure' -%}
    {%- set counts = 'measures.measure = windows.' ~ part ~ '_measure and ' ~ times[side] -%}
    {%- set total = 'coalesce(' ~ ai_impact.exact_sum('measures.value', counts ~ ' and ' ~ ai_impact.is_other_known(other)) ~ ', 0)' -%}
    case
            when max(case when measures.value is null and {{ counts }} and not coalesce(windows.is_paired, false) then 1 else 0 end) = 0
                then {{ total }}
            when max(windows.aggregation) = 'proportion' and {{ total }} > 0 then 1
        end
{%- endmacro %}

{# Of a ratio of paired measures: the things in the window that it is of, or those of them that one of the measures isn't known of. #}
{% macro paired_count(are_left_out=false) -%}
    cast(sum(case
            when
                coalesce(windows.is_paired, false)
                and measures.measure = windows.denominator_measure
                and measures.occurred_at >= windows.window_starts_at
                {%- if are_left_out %}
                and (measures.value is null or not {{ ai_impact.is_other_known('windows.numerator_measure') }})
                {%- endif %}
                then 1
            else 0
        end) as {{ ai_impact.physical_type('double') }})
{%- endmacro %}

{# A unit of which nothing was seen has 0; one of which a part is not known is not known. A proportion asks only whether anything was
   seen. `prefix` leads to the unit's totals. #}
{% macro unit_numerator(prefix) -%}
    case
            when totals.unit_id is null then 0
            when {{ prefix }}denominator is null then null
            when windows.aggregation <> 'proportion' then {{ prefix }}numerator
            when {{ prefix }}numerator > 0 then 1
            when {{ prefix }}numerator is not null then 0
        end
{%- endmacro %}

{# A metric without a denominator is per unit. #}
{% macro unit_denominator(prefix) -%}
    case
            when {{ prefix }}numerator is null and totals.unit_id is not null then null
            when windows.denominator_measure is null then 1
            when totals.unit_id is null then 0
            else {{ prefix }}denominator
        end
{%- endmacro %}

{# What a unit's metric is adjusted by: an attribute, or its own past. What is not known of it is the mean over all arms. #}
{% macro unit_covariate() -%}
    cast(case
            when valued.covariate is null then null
            when valued.covariate <> 'pre_period' then coalesce(valued.named_covariate, pooled.mean_covariate)
            when valued.denominator_measure is null
                then coalesce(
                    {{ ai_impact.transformed('valued.pre_numerator', 'valued.transform', 'caps.cap') }},
                    pooled.mean_logged_past,
                    {{ ai_impact.transformed('pooled.mean_past', 'valued.transform', 'caps.cap') }}
                )
            else coalesce(valued.pre_numerator - pooled.pre_ratio * valued.pre_denominator, 0)
        end as {{ ai_impact.physical_type('double') }})
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
            where transform = 'winsorize' and numerator is not null and pre_numerator is not null
        ) as marked
    ) as ranked
    group by experiment_id, metric_id
{%- endmacro %}

{# How many values a unit adds to its metric, and how many are unknown: for a ratio of paired measures the things that it is
   of, otherwise the unit itself. #}
{% macro counts_of_values() -%}
    coalesce(valued.is_paired, false) as is_paired,
        cast(case when valued.is_paired then valued.n_paired else 1 end as {{ ai_impact.physical_type('double') }}) as n_values,
        cast(case
            when valued.is_paired then valued.n_left_out
            when valued.numerator is null then 1
            else 0
        end as {{ ai_impact.physical_type('double') }}) as n_unknown
{%- endmacro %}

{# The measures of each deal of an account, on the day it closed. #}
{% macro measures_of_deals() -%}
    select
        used.unit_type,
        'account' as alias_type,
        deals.account_id as alias_id,
        cast(null as {{ dbt.type_string() }}) as use_case_id,
        deals.closed_at as occurred_at,
        used.measure,
        case used.measure
            when 'deals_closed' then 1
            when 'deals_won' then case when deals.is_won then 1 when not deals.is_won then 0 end
            when 'won_amount' then case when deals.is_won then deals.amount_reported end
        end as value,
        case when deals.is_won is null then 'deals_won' end as unknown_measure,
        case when deals.is_won is null or (deals.is_won and deals.amount_reported is null) then 'won_amount' end
            as other_unknown_measure
    from deals
    inner join used on used.unit_kind = 'account'
{%- endmacro %}

{# The value of a row of `measures` as one part of a metric of `relation`; of a ratio of paired measures only where both are known. #}
{% macro measured_value(part, relation) -%}
    {%- set other = relation ~ '.' ~ ('denominator' if part == 'numerator' else 'numerator') ~ '_measure' -%}
    case
            when measures.measure = {{ relation }}.{{ part }}_measure and {{ ai_impact.is_other_known(other) }} then measures.value
        end
{%- endmacro %}

{# 1 where a row of `measures` leaves what it is added up to not known. #}
{% macro is_value_unknown(relation) -%}
    case when measures.value is null and not coalesce({{ relation }}.is_paired, false) then 1 else 0 end
{%- endmacro %}
