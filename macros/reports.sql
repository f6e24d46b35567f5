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
        'experiment_health': {
            'experiment_id': 'experiment_id', 'panel': "'check'", 'series': 'check_id',
            'label': "case when passed is null or passed then replace(replace(check_id, 'srm', 'sample_ratio'), '_', ' ') else " ~ ai_impact.failure_name('check_id') ~ ' end',
            'value': 'statistic', 'expected': 'threshold',
            'state': "case when passed then 'passed' when passed is null then 'not known' else 'failed' end", 'reason': 'detail'},
        'covariate_balance': {
            'experiment_id': 'experiment_id', 'panel': "'balance'",
            'series': "covariate || coalesce(' (' || treatment_arm || ')', '')", 'label': "replace(covariate, '_', ' ')",
            'value': 'coalesce(smd_after, smd_before)', 'expected': 'smd_before', 'n': 'n_treatment + n_control',
            'state': "case when is_balanced then 'balanced' when is_balanced is null then 'not known' else 'not balanced' end",
            'reason': 'reason'},
        'event_study': {
            'experiment_id': 'experiment_id', 'panel': "'event study'", 'metric_id': 'metric_id', 'series': "'effect'",
            'x_number': 'relative_period', 'value': 'estimate', 'value_low': 'ci_low', 'value_high': 'ci_high',
            'n': 'n_treatment + n_control', 'state': "case when is_pre_period then 'before' else 'after' end", 'reason': 'reason'},
        'counterfactual_series': {
            'experiment_id': 'experiment_id', 'panel': "'counterfactual'", 'metric_id': 'metric_id', 'series': "'observed'",
            'x_date': 'week', 'value': 'observed', 'value_low': 'ci_low', 'value_high': 'ci_high', 'expected': 'expected',
            'state': "case when is_after then 'after' else 'before' end"},
        'uplift_curve': {
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
        ('dim_use_cases', 'ai_live_from is not null', {
            'use_case_id': 'use_case_id', 'panel': "'milestone'", 'series': "'live'", 'label': "'AI live'", 'x_date': 'ai_live_from',
            'value': '1'}),
        ('int_use_case_versions', "part = 'model'", {
            'use_case_id': 'use_case_id', 'panel': "'milestone'", 'series': "'model'", 'label': 'version', 'x_date': 'first_seen_at',
            'value': '1'}),
        ('decision_calibration', 'true', {
            'use_case_id': 'use_case_id', 'panel': "'calibration'", 'series': "'success'", 'x_number': 'confidence_from',
            'value': 'success_rate', 'value_low': 'null_low', 'value_high': 'null_high', 'expected': 'mean_confidence', 'n': 'n',
            'state': "case when is_suppressed then 'not shown' when is_as_expected then 'as expected' else 'off' end",
            'reason': "case when is_suppressed then 'Too few people or decisions are behind this number.' end"}),
        ('revenue_projection', 'true', {
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

{# Columns that go on as they are, several to a line of a model. #}
{% macro columns(relation, names) -%}
    {%- for name in names %}
        {{ relation }}.{{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The verdict of a claim in words. #}
{% macro verdict_name(verdict) -%}
    case {{ verdict }}
        when 'proven' then 'Proven' when 'suggestive' then 'Suggestive' when 'contradicted' then 'Contradicted'
        when 'invalid' then 'Invalid' when 'not_shown' then 'Not shown' else replace({{ verdict }}, '_', ' ')
    end
{%- endmacro %}

{# The design of an experiment in words. #}
{% macro design_name(design) -%}
    case {{ design }}
        when 'rct' then 'randomised'
        when 'did' then 'difference in differences'
        when 'staggered_did' then 'staggered rollout'
        when 'geo' then 'regions'
        when 'matched' then 'matched, by choice'
        when 'time_series' then 'time series'
        else replace({{ design }}, '_', ' ')
    end
{%- endmacro %}

{# In a report: the models that it reads, each as a common table expression, and `loads`: when the newest row was received. #}
{% macro imports(models) -%}
    {%- for model in models %}
    {{ model }} as (select * from {{ ref('ai_impact', model) }}),
    {%- endfor %}
    loads as (select max(newest_received_at) as as_of from {{ ref('ai_impact', 'event_reconciliation') }})
{%- endmacro %}

{# The names of a report's use case, experiment or metric; the id where there is none. #}
{% macro named(relation, things) -%}
    {%- set tables = {'use_case': 'dim_use_cases', 'experiment': 'experiments', 'metric': 'int_metric_catalog'} -%}
    {%- for thing in things %}
        coalesce({{ tables[thing] }}.name, {{ relation }}.{{ thing }}_id) as {{ thing }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Inside a group: how many rows each condition holds for, as whole numbers on every engine. #}
{% macro counts(conditions) -%}
    {%- for name, condition in conditions.items() %}
        cast(sum(case when {{ condition }} then 1 else 0 end) as {{ dbt.type_bigint() }}) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# Inside a group: the quantiles of the simulated return that charts draw. #}
{% macro quantile_columns() -%}
    {%- for name, quantile in {'p05': 0.05, 'p10': 0.1, 'p25': 0.25, 'p50': 0.5, 'p75': 0.75, 'p90': 0.9, 'p95': 0.95}.items() %}
        max(case when abs(quantile - {{ quantile }}) < 0.001 then roi end) as roi_{{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# The columns of the return that go on as they are. #}
{% macro return_terms() -%}
    {{- return([
        'period_grain', 'period_start', 'period_end', 'days', 'revenue', 'labour_saved', 'operating_cost', 'training_cost',
        'remediation_cost', 'net_benefit', 'roi', 'roi_low', 'roi_high', 'roi_ci_low', 'roi_ci_high', 'p_positive',
        'net_present_value', 'npv_ci_low', 'npv_ci_high', 'payback_months', 'not_counted', 'not_shown', 'roi_with_not_shown',
        'revenue_grade', 'labour_grade', 'draws', 'stale_since', 'is_admitted_by_var'
    ]) -}}
{%- endmacro %}

{# The order of claims on boards: what is proven first. #}
{% macro verdict_rank(verdict) -%}
    case {{ verdict }} when 'proven' then 1 when 'suggestive' then 2 when 'contradicted' then 3 when 'invalid' then 4 else 5 end
{%- endmacro %}

{# The newest period of each grain that a model has rows of: a whole select. #}
{% macro newest_periods(relation) -%}
    select
        period_grain,
        max(period_end) as period_end
    from {{ relation }}
    group by period_grain
{%- endmacro %}

{# What drifted, as a sentence: how far and between which versions. #}
{% macro drift_sentence() -%}
    replace(metric, '_', ' ') || ' of ' || version
    || case when change_kind = 'new_version' then ' against ' || previous_version else ' in its last week against its first four' end
    || ': ' || coalesce({{ ai_impact.percent_text('change_percent') }}, 'another distribution')
    || ', since ' || {{ ai_impact.to_text('cast(changed_at as date)', 'date') }} || '.'
{%- endmacro %}

{# A change in percent with its sign and one digit. #}
{% macro percent_text(number) -%}
    case when {{ number }} > 0 then '+' else '' end || cast(cast({{ number }} as decimal(18, 1)) as {{ dbt.type_string() }}) || ' %'
{%- endmacro %}

{# What of a definition changed, as a sentence: from what, to what, when it was seen, and what it marks. #}
{% macro change_sentence() -%}
    case change
        when 'changed' then field || ' of ' || definition_id || ' in ' || seed || ' went from '
            || coalesce(from_value, 'nothing') || ' to ' || coalesce(to_value, 'nothing')
        else definition_id || ' in ' || seed || ' was ' || change
    end
    || ' on ' || {{ ai_impact.to_text('cast(seen_at as date)', 'date') }} || '.'
    || coalesce(' It marks ' || replace(marked_experiment_ids, '|', ', ') || '.', '')
    || coalesce(' It touches the KPIs ' || replace(kpi_ids, '|', ', ') || '.', '')
{%- endmacro %}

{# Ids as words: blanks in place of underscores. #}
{% macro words(relation, names) -%}
    {%- for name in names %}
        replace({{ relation }}.{{ name }}, '_', ' ') as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# How many checks of each experiment passed, failed, or could not be judged: a whole select. #}
{% macro counted_checks() -%}
    select
        experiment_id,
        {{ ai_impact.counts({
            'checks_passed': 'passed', 'checks_failed': 'not passed', 'checks_unknown': 'passed is null'
        }) }}
    from experiment_health
    group by experiment_id
{%- endmacro %}

{# What is known of the effects of each use case: a whole select. Stale ones, and grades D and E, show neither gain nor harm. #}
{% macro evidence_of_use_cases() -%}
    select
        use_case_id,
        {{ ai_impact.counts({
            'effects': 'place is not null', 'effects_stale': 'is_stale',
            'effects_better': "is_for_planning and not is_stale and finding = 'Better'",
            'effects_worse': "is_for_planning and not is_stale and finding = 'Worse'"
        }) }},
        min(case when not is_stale then evidence_grade end) as best_grade,
        min(stale_since) as stale_since
    from report_effects
    where place is not null and metric_role <> 'guardrail'
    group by use_case_id
{%- endmacro %}

{# What the evidence of a use case comes to. Harm comes before gain. #}
{% macro use_case_state() -%}
    case
        when not dim_use_cases.is_registered then 'Not on the map'
        when evidence.effects_worse > 0 then 'Harm shown'
        when evidence.effects_better > 0 then 'Gain shown'
        when evidence.effects_stale = evidence.effects then 'Measure again'
        when evidence.effects > 0 then 'No clear effect'
        else 'Not measured'
    end
{%- endmacro %}

{# Counts of what may not be there: none is 0. #}
{% macro or_zero(relation, names) -%}
    {%- for name in names %}
        coalesce({{ relation }}.{{ name }}, 0) as {{ name }}{{ ',' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{# When the oldest review of each use case that is overdue was due: a whole select. #}
{% macro overdue_reviews() -%}
    select
        use_case_id,
        min(case when is_due then due_on end) as review_due_on
    from reviews_due
    group by use_case_id
{%- endmacro %}

{# KPIs that are a ratio of sums at every grain, by the finest period that they have: over days and use cases, over months and use cases,
   and over months of the whole company. Not among them: percentiles, distinct people, weights or hours that groups share. #}
{% macro summable_kpis() %}
    {{- return({
        'day': [
            'ai_task_share', 'automation_rate', 'call_cost_per_task', 'call_error_rate', 'confidence_mean', 'cost_per_call',
            'edit_ratio_mean', 'error_rate', 'hallucination_rate', 'rework_rate', 'suggestion_acceptance_rate',
            'throughput_per_labour_hour', 'tokens_per_call', 'tokens_per_task'
        ],
        'month': [
            'automation_bias', 'decision_hit_rate', 'decision_outcome_value', 'human_in_loop_ratio', 'override_rate',
            'panel_score', 'provenance_score'
        ],
        'company': [
            'average_deal_size', 'churn_rate', 'conversion_lead_to_mql', 'conversion_mql_to_sql', 'csat_response_rate',
            'failed_deployment_recovery_hours', 'false_positive_rate', 'incidents_per_engineer', 'interviewer_rating',
            'mttr_hours', 'nps_response_rate', 'uptime', 'win_rate'
        ]
    }) -}}
{% endmacro %}
