{# Why a ratio of `task_ratios` has no value; NULL where it has one. #}
{% macro no_ratio_reason(ratio) -%}
    case
        {% if ratio.reported -%}
            when max({{ ratio.numerator }}) over () = 0
                then 'No {{ ratio.reported[0] }} was ever reported: task_events has no {{ ratio.reported[1] }}.'
        {% endif -%}
        when {{ ratio.denominator }} = 0 then {{ "'" ~ ratio.unless ~ "'" if ratio.unless else 'null' }}
    end
{%- endmacro %}

{# Value and interval of every ratio, of rows of [kind, scale, n, numerator, denominator, their squares and product]: the last CTEs of a
   model of ratios, of which `valued` has them. A share has Wilson's interval, a count of events Byar's, a mean and a ratio of sums that of
   the delta method (a ratio is not below 0), and the skill of a forecast its own. #}
{% macro valued_ratios(sums) -%}
    {%- set z = ai_impact.interval_z() ~ 'e0' -%}
    -- A forecast is compared with one that always predicts the base rate: denominator / n.
    referred as (
        select
            *,
            case
                when kind = 'skill' then denominator - denominator * denominator / nullif(n, 0) else denominator
            end as reference,
            case when kind = 'skill' then 1 - 2 * denominator / nullif(n, 0) end as slope
        from {{ sums }}
    ),

    ranged as (
        select
            *,
            {{ ai_impact.safe_divide('numerator', 'reference') }} as ratio,
            {{ z }} * {{ ai_impact.ratio_std_error(
                'n', 'numerator', 'denominator', 'numerator_squared', 'denominator_squared', 'numerator_by_denominator'
            ) }} as margin
        from referred
    ),

    skilled as (
        select
            *,
            numerator_squared - 2 * ratio * slope * numerator_by_denominator
            + power(ratio * slope, 2) * denominator_squared
            - power(numerator - ratio * slope * denominator, 2) / nullif(n, 0) as squares
        from ranged
    ),

    valued as (
        select
            *,
            case when kind = 'skill' then 1 - ratio else scale * ratio end as value,
            {% for side, sign, end in [(-1, '-', 'low'), (1, '+', 'high')] -%}
                case kind
                    when 'share' then scale * {{ ai_impact.wilson('numerator', 'n', side) }}
                    when 'count' then scale * 1.0 * {{ ai_impact.byar('numerator', side) }} / nullif(denominator, 0)
                    when 'mean' then scale * (ratio {{ sign }} margin)
                    when 'ratio'
                        then scale * {{ 'case when ratio < margin then 0 else ratio - margin end' if side < 0 else '(ratio + margin)' }}
                    when 'skill'
                        then case
                            when n > 1 and squares > 0
                                then 1 - ratio {{ sign }} {{ z }} * sqrt(squares) / nullif(reference, 0)
                        end
                end as {{ end }}{{ ',' if not loop.last }}
            {% endfor %}
        from skilled
    )
{%- endmacro %}
