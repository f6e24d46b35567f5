{# Whether an arm reveals the work of fewer than `least` people (default k): only if people are the units and the arm has any. #}
{% macro is_below_k(experiments, counts, least=none) -%}
    {%- set few = [] -%}
    {%- for arm in ['n_treatment', 'n_control'] -%}
        {%- do few.append(counts ~ '.' ~ arm ~ ' between 1 and ' ~ ((least or var('k_anonymity')) - 1)) -%}
    {%- endfor -%}
    coalesce({{ experiments }}.unit_type = 'person' and ({{ few | join(' or ') }}), false)
{%- endmacro %}

{# The columns that such an arm must not show; and the reason in their place. #}
{% macro mask_small_groups(columns, relation) -%}
    {% for column in columns -%}
        case when not {{ relation }}.is_below_k then {{ relation }}.{{ column }} end as {{ column }}{{ ',' if not loop.last }}
    {% endfor %}
{%- endmacro %}

{# The reason of an estimate, or that an arm has too few people. #}
{% macro reason_of_few_people(relation) -%}
    case
        when {{ relation }}.is_below_k then 'Fewer than {{ var("k_anonymity") }} people are in one of its arms.'
        else {{ relation }}.reason
    end
{%- endmacro %}
