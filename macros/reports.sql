{# A limit of a target in the unit of its KPI. One set against the baseline is not known where the baseline is not. #}
{% macro in_kpi_unit(limit, basis, baseline) -%}
    case {{ basis }}
        when 'absolute' then {{ limit }}
        when 'points vs baseline' then {{ baseline }} + {{ limit }}
        else {{ baseline }} + abs({{ baseline }}) * {{ limit }} / 100.0
    end
{%- endmacro %}

{# What a KPI's status is called on boards. #}
{% macro status_name(status) -%}
    case {{ status }}
        when 'on_target' then 'On target'
        when 'better_than_target' then 'Better than the target'
        when 'off_target' then 'Off target'
        when 'uncertain' then 'Not clear'
        when 'no_baseline' then 'No baseline'
        when 'not_enough_data' then 'Too few data'
        when 'suppressed' then 'Not shown'
        else replace({{ status }}, '_', ' ')
    end
{%- endmacro %}

{# What an estimate's verdict is called on boards. #}
{% macro finding_name(verdict) -%}
    case {{ verdict }}
        when 'improved' then 'Better'
        when 'worsened' then 'Worse'
        when 'still_running' then 'Still running'
        when 'not_established' then 'Not established'
        when 'not_estimated' then 'Not estimated'
        else 'No clear change'
    end
{%- endmacro %}

{# What the check of an experiment asks, as a sentence that is true where it failed. #}
{% macro failure_name(check) -%}
    case {{ check }}
        when 'srm' then 'Arm sizes differ from the plan'
        when 'multiple_exposure' then 'Units are in several arms'
        when 'pre_period_balance' then 'Arms differed before the start'
        when 'power' then 'Too small to detect the planned effect'
        when 'interference' then 'Arms influence each other'
        when 'registration_changed' then 'The registration changed after the start'
        when 'registered_late' then 'Registered after the start'
        when 'registration_witnessed' then 'Nobody saw the registration before the start'
        when 'unknown_arm' then 'Units are in unregistered arms'
        when 'still_running' then 'Still running'
        when 'weighted_balance' then 'Arms differ after weighting'
        when 'overlap' then 'Some units have no match'
        when 'hidden_cause' then 'A hidden cause could explain it'
        when 'trend_sensitivity' then 'A small divergence of trends could explain it'
        else replace({{ check }}, '_', ' ') || ' failed'
    end
{%- endmacro %}

{#
    The points of experiments' charts, panel below panel. Of arms that units join one by one the number so far is shown once k units
    are in it: they may be people.
#}
{% macro experiment_points() -%}
    {%- set double = ai_impact.physical_type('double') -%}
    {%- set columns = ['experiment_id', 'panel', 'metric_id', 'series', 'label', 'x_number', 'x_date', 'value', 'value_low',
        'value_high', 'expected', 'n', 'state', 'reason'] -%}
    {%- set types = {'x_number': 'double', 'value': 'double', 'value_low': 'double', 'value_high': 'double', 'expected': 'double',
        'x_date': 'date', 'n': 'int'} -%}
    {%- set panels = {
        'checks': {
            'experiment_id': 'experiment_id', 'panel': "'check'", 'series': 'check_id',
            'label': "case when passed is null or passed then replace(replace(check_id, 'srm', 'sample_ratio'), '_', ' ') else " ~ ai_impact.failure_name('check_id') ~ ' end',
            'value': 'statistic', 'expected': 'threshold',
            'state': "case when passed then 'passed' when passed is null then 'not known' else 'failed' end", 'reason': 'detail'},
        'balance': {
            'experiment_id': 'experiment_id', 'panel': "'balance'",
            'series': "covariate || coalesce(' (' || treatment_arm || ')', '')", 'label': "replace(covariate, '_', ' ')",
            'value': 'coalesce(smd_after, smd_before)', 'expected': 'smd_before', 'n': 'n_treatment + n_control',
            'state': "case when is_balanced then 'balanced' when is_balanced is null then 'not known' else 'not balanced' end",
            'reason': 'reason'},
        'event_study': {
            'experiment_id': 'experiment_id', 'panel': "'event study'", 'metric_id': 'metric_id', 'series': "'effect'",
            'x_number': 'relative_period', 'value': 'estimate', 'value_low': 'ci_low', 'value_high': 'ci_high',
            'n': 'n_treatment + n_control', 'state': "case when is_pre_period then 'before' else 'after' end", 'reason': 'reason'},
        'counterfactual': {
            'experiment_id': 'experiment_id', 'panel': "'counterfactual'", 'metric_id': 'metric_id', 'series': "'observed'",
            'x_date': 'week', 'value': 'observed', 'value_low': 'ci_low', 'value_high': 'ci_high', 'expected': 'expected',
            'state': "case when is_after then 'after' else 'before' end"},
        'uplift': {
            'experiment_id': 'experiment_id', 'panel': "'uplift'", 'metric_id': 'metric_id',
            'series': "learner || coalesce(' (' || treatment_arm || ')', '')",
            'label': "replace(learner, '_', ' ')", 'x_number': 'share_targeted', 'value': 'gain', 'value_low': 'gain_ci_low',
            'value_high': 'gain_ci_high', 'expected': 'gain_at_random', 'reason': 'reason'},
        'cumulated': {
            'experiment_id': 'experiment_id', 'panel': "'assigned'", 'series': 'arm', 'label': "replace(arm, '_', ' ')",
            'x_date': 'week', 'value': 'case when units_so_far >= ' ~ var('k_anonymity') ~ ' then units_so_far end',
            'n': 'case when units_so_far >= ' ~ var('k_anonymity') ~ ' then units_so_far end',
            'reason': "case when units_so_far < " ~ var('k_anonymity') ~ " then 'Too few units so far.' end"}
    } -%}
    {%- for source, panel in panels.items() %}
    select
        {%- for column in columns %}
        cast({{ panel.get(column, 'null') }} as {{ ai_impact.physical_type(types.get(column, 'string')) }}) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{# The points of use cases' charts, panel below panel. A model version is a milestone of the use case, as going live is. #}
{% macro use_case_points() -%}
    {%- set columns = ['use_case_id', 'panel', 'series', 'label', 'x_number', 'x_date', 'value', 'value_low', 'value_high',
        'assumed_low', 'assumed_high', 'expected', 'n', 'state', 'evidence_grade', 'reason'] -%}
    {%- set types = {'x_number': 'double', 'value': 'double', 'value_low': 'double', 'value_high': 'double',
        'assumed_low': 'double', 'assumed_high': 'double', 'expected': 'double', 'x_date': 'date', 'n': 'int'} -%}
    {%- set panels = [
        ('use_cases', 'ai_live_from is not null', {
            'use_case_id': 'use_case_id', 'panel': "'milestone'", 'series': "'live'", 'label': "'AI live'", 'x_date': 'ai_live_from',
            'value': '1'}),
        ('versions', 'true', {
            'use_case_id': 'use_case_id', 'panel': "'milestone'", 'series': "'model'", 'label': 'version', 'x_date': 'first_seen_at',
            'value': '1'}),
        ('calibration', 'true', {
            'use_case_id': 'use_case_id', 'panel': "'calibration'", 'series': "'success'", 'x_number': 'confidence_from',
            'value': 'success_rate', 'value_low': 'null_low', 'value_high': 'null_high', 'expected': 'mean_confidence', 'n': 'n',
            'state': "case when is_suppressed then 'not shown' when is_as_expected then 'as expected' else 'off' end",
            'reason': "case when is_suppressed then 'Too few people or decisions are behind this number.' end"}),
        ('projection', 'true', {
            'use_case_id': 'use_case_id', 'panel': "'projection'", 'series': "experiment_id || '.' || metric_id || '.' || basis",
            'x_number': 'month_number', 'x_date': 'month_start', 'value': 'cumulative_expected', 'value_low': 'cumulative_ci_low',
            'value_high': 'cumulative_ci_high', 'assumed_low': 'cumulative_low', 'assumed_high': 'cumulative_high',
            'state': "case when is_counted then 'in the return' else 'beside the return' end", 'evidence_grade': 'evidence_grade',
            'reason': 'reason'})
    ] -%}
    {%- for source, condition, panel in panels %}
    select
        {%- for column in columns %}
        cast({{ panel.get(column, 'null') }} as {{ ai_impact.physical_type(types.get(column, 'string')) }}) as {{ column }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ source }}
    {% if condition != 'true' %}where {{ condition }}{% endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
