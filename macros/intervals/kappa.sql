{# Common table expressions that end in `agreed`: Cohen's kappa of two raters who say yes or no, and its large-sample standard error (Fleiss,
   Cohen and Everitt 1969), of rows with the four counts n_both, n_neither, n_only_first and n_only_second. NULL where both would agree by chance
   alone, as where both always say the same. #}
{% macro kappas(relation) -%}
    shares as (
        select
            *,
            n_pairs * 1e0 as n_all,
            {% for count in ['both', 'neither', 'only_first', 'only_second'] -%}
                n_{{ count }} * 1e0 / nullif(n_pairs, 0) as p_{{ count }}{{ ',' if not loop.last }}
            {% endfor %}
        from (
            select
                counted.*,
                counted.n_both + counted.n_neither + counted.n_only_first + counted.n_only_second as n_pairs
            from {{ relation }} as counted
        ) as totalled
    ),

    expected as (
        select
            *,
            p_both + p_only_first as p_first,
            p_both + p_only_second as p_second,
            p_both + p_neither as p_agreed,
            (p_both + p_only_first) * (p_both + p_only_second)
            + (p_neither + p_only_second) * (p_neither + p_only_first) as p_chance
        from shares
    ),

    compared as (
        select
            *,
            n_only_first + n_only_second = 0 and n_both > 0 and n_neither > 0 as is_unanimous,
            (p_agreed - p_chance) / nullif(1 - p_chance, 0) as kappa_of_shares,
            sqrt({{ ai_impact.greatest(['0e0', (
                'p_both * power(1 - p_chance - (p_first + p_second) * (1 - p_agreed), 2)'
                ~ ' + p_neither * power(1 - p_chance - (2 - p_first - p_second) * (1 - p_agreed), 2)'
                ~ ' + power(1 - p_agreed, 2) * (p_only_first * power(p_second + 1 - p_first, 2)'
                ~ ' + p_only_second * power(1 - p_second + p_first, 2))'
                ~ ' - power(p_agreed * p_chance - 2 * p_chance + p_agreed, 2)'
            )]) }} / nullif(n_all, 0)) / nullif(power(1 - p_chance, 2), 0) as std_error_of_shares
        from expected
    ),

    -- By the counts, since the shares of thirds and sevenths add up to 1 only nearly.
    agreed as (
        select
            *,
            case when is_unanimous then 1e0 else kappa_of_shares end as kappa,
            case when is_unanimous then 0e0 else std_error_of_shares end as kappa_std_error
        from compared
    )
{%- endmacro %}
