{# The KPIs of kpi_values that human_delta puts beside each other. #}
{% macro kpis_of_decisions() %}
    {{- return([
        'decision_hit_rate', 'decision_outcome_value', 'human_in_loop_ratio', 'override_rate', 'automation_bias', 'provenance_score',
        'panel_score'
    ]) -}}
{% endmacro %}

{# The rows of human_delta. Shares of successes are in percent, as in kpi_values; values in the reporting currency. Where a cell is
   hidden for the sake of few people, so is all that was compared within it. #}
{% macro human_delta_rows() -%}
    {%- set double = ai_impact.physical_type('double') -%}
    {%- set scale = "case when outcomes.kpi_id = 'decision_hit_rate' then 100 else 1 end" -%}
    select
        {{ ai_impact.hash_key(['outcomes.kpi_id', 'outcomes.use_case_id', 'outcomes.period_grain', 'outcomes.period_start']) }}
            as human_delta_key,
        outcomes.kpi_id,
        nullif(outcomes.use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        outcomes.period_grain,
        outcomes.period_start,
        cells.period_end,
        cells.is_hidden = 1 as is_suppressed,
        outcomes.n as n_decisions,
        {% for column in ['human_in_loop_ratio', 'override_rate', 'automation_bias', 'provenance_score', 'panel_score'] -%}
            {% for part in ['', '_ci_low', '_ci_high'] -%}
                cells.{{ column }}{{ part }},
            {% endfor -%}
        {% endfor -%}
        {% for name, table, treated, control in [
            ('override', 'overrides', 'outcome_overridden', 'outcome_accepted'),
            ('strategic', 'humans', 'outcome_with_human', 'outcome_ai_only')
        ] -%}
            {%- for column, expression in [
                (treated, table ~ '.mean_treatment'), (control, table ~ '.mean_control'),
                (name ~ '_delta', table ~ '.estimate'), (name ~ '_delta_ci_low', table ~ '.ci_low'),
                (name ~ '_delta_ci_high', table ~ '.ci_high')
            ] -%}
                cast(case when cells.is_hidden = 0 then {{ scale }} * {{ expression }} end as {{ double }}) as {{ column }},
            {% endfor -%}
            case when cells.is_hidden = 0 then {{ table }}.n_treatment end as n_{{ treated | replace('outcome_', '') }},
            case when cells.is_hidden = 0 then {{ table }}.n_control end as n_{{ control | replace('outcome_', '') }},
            {% if name == 'strategic' -%}
                case when cells.is_hidden = 0 then humans.basis end as strategic_basis,
                case when cells.is_hidden = 0 then humans.experiment_id end as strategic_experiment_id,
            {% endif -%}
            case when cells.is_hidden = 0 then {{ table }}.grade end as {{ name }}_grade,
            case
                when cells.is_hidden = 1
                    then 'Fewer than {{ var("k_anonymity") }} people did this, or the number would reveal their work.'
                when {{ table }}.kpi_id is null then 'Nothing to compare: one of the two kinds of decisions is missing.'
                when {{ table }}.basis = 'randomized' and {{ table }}.grade is not null and {{ table }}.reason is null
                    then 'Assigned at random; the decisions of one period are not what was registered, so B at best.'
                else {{ table }}.reason
            end as {{ name }}_reason,
        {% endfor -%}
        {% for column in ['alpha', 'alpha_ci_low', 'alpha_ci_high', 'icc', 'icc_ci_low', 'icc_ci_high'] -%}
            case when cells.is_hidden = 0 then panels.{{ column }} end as panel_{{ column }},
        {% endfor -%}
        case when cells.is_hidden = 0 then panels.criterion end as panel_weakest_criterion,
        case when cells.is_hidden = 0 then panels.n_ratings end as panel_n_ratings,
        coalesce(case when cells.is_hidden = 0 then panels.reliability end, 'unknown') as panel_reliability,
        case when cells.is_hidden = 0 and cells.panel_score is not null then coalesce(panels.reason, case panels.reliability
            when 'unreliable' then 'The raters agree too little (alpha below .667): do not act on the panel score.'
        end) end as panel_reason
    from outcomes
    inner join cells
        on
            outcomes.period_grain = cells.period_grain
            and outcomes.period_start = cells.period_start
            and outcomes.use_case_id = cells.use_case_id
    {% for table, comparison in [('overrides', 'override'), ('humans', 'human')] -%}
        left join ranked as {{ table }}
            on
                outcomes.kpi_id = {{ table }}.kpi_id
                and outcomes.period_grain = {{ table }}.period_grain
                and outcomes.period_start = {{ table }}.period_start
                and outcomes.use_case_id = {{ table }}.use_case_id
                and {{ table }}.comparison = '{{ comparison }}'
                and {{ table }}.choice = 1
    {% endfor -%}
    left join panels
        on
            outcomes.period_grain = panels.period_grain
            and outcomes.period_start = panels.period_start
            and outcomes.use_case_id = panels.use_case_id
            and panels.weakness = 1
{%- endmacro %}

{# The tenth in which a confidence lies, from 0; a confidence of 1 is in the last. #}
{% macro tenth_of(confidence) -%}
    case when {{ confidence }} >= 0.9 then 9 else cast(floor({{ confidence }} * 10) as integer) end
{%- endmacro %}

{# Whether a decision tells if AI was as sure as it should be: its recommendation was carried out, and the outcome is known. #}
{% macro tells_of_confidence() -%}
    decided_at is not null
    and is_success is not null
    and ai_confidence is not null
    and coalesce(human_action, 'none') in ('accepted', 'none')
{%- endmacro %}
