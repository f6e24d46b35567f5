{#
    Where an assignment lies: before the experiment, within [starts_at, ends_at), or after it; an open side has no bound. Units of a
    rollout or of a holdout by region may be named earlier: what counts there is `exposed_at`, or the start itself.
#}
{% macro enrolment(assigned_at, experiments) -%}
    case
        when {{ experiments }}.design not in ('did', 'staggered_did', 'geo')
            and {{ assigned_at }} < cast({{ experiments }}.starts_at as {{ dbt.type_timestamp() }}) then 'before'
        when {{ assigned_at }} >= cast({{ experiments }}.ends_at as {{ dbt.type_timestamp() }}) then 'after'
        else 'within'
    end
{%- endmacro %}

{# Who met an arm only after the end did not meet it in the experiment. In a rollout it is treated later. #}
{% macro exposure_within(exposed_at, experiments) -%}
    case
        when {{ experiments }}.design in ('did', 'staggered_did', 'geo') then {{ exposed_at }}
        when {{ exposed_at }} >= cast({{ experiments }}.ends_at as {{ dbt.type_timestamp() }}) then null
        else {{ exposed_at }}
    end
{%- endmacro %}

{# Whether a design compares arms that units were assigned to, as `COMPARED_DESIGNS` of registry.py. #}
{% macro has_assigned_arms() -%}
    design in ('rct', 'champion_challenger', 'uplift', 'holdout')
{%- endmacro %}
