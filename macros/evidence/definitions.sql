{#
    What a result rests on: per seed its key, the columns that can move a result, with their types, and who rests on an entry.

    `kind` is what definition_changes calls a change of it. `scope` and `scope_id` say who rests on an entry: the experiment, metric,
    use case, KPI, method or setting of that id (int_definition_uses). `entry` is the column that stands for the entry as a whole
    where it comes or goes. `added_counts`: an entry that is new after the start is a change of what rests on it; elsewhere new
    entries are no change of the old ones (a new month of rates, another KPI). `signed`: a signature of the registration covers it.
#}
{% macro definitions() %}
    {{- return({
        'experiments': {
            'kind': 'registration', 'key': ['experiment_id'], 'entry': 'experiment_id',
            'scope': 'experiment', 'scope_id': 'experiment_id', 'added_counts': false, 'signed': true,
            'fields': {
                'use_case_id': 'string', 'hypothesis': 'string', 'design': 'string', 'unit_type': 'string',
                'control_arm': 'string', 'treatment_arm': 'string', 'primary_metric_id': 'string',
                'secondary_metric_ids': 'string', 'guardrail_metric_ids': 'string', 'registered_at': 'timestamp',
                'starts_at': 'timestamp', 'ends_at': 'timestamp', 'expected_split': 'string', 'alpha': 'double',
                'power': 'double', 'minimum_detectable_effect': 'double', 'cluster_by': 'string', 'inference': 'string',
                'interim_looks': 'string', 'dimensions': 'string', 'period': 'string', 'primary_method': 'string',
                'sequential_tuning_n': 'double'
            }
        },
        'metric_catalog': {
            'kind': 'metric', 'key': ['metric_id'], 'entry': 'metric_id',
            'scope': 'metric', 'scope_id': 'metric_id', 'added_counts': true, 'signed': true,
            'fields': {
                'name': 'string', 'aggregation': 'string', 'transform': 'string', 'unit_type': 'string', 'direction': 'string',
                'is_guardrail': 'boolean', 'covariate': 'string', 'numerator_measure': 'string',
                'denominator_measure': 'string', 'window_days': 'double', 'quantile': 'double', 'winsorize_at': 'double',
                'window_from': 'string', 'non_inferiority_margin': 'double', 'prior_sd': 'double', 'phrase': 'string'
            }
        },
        'kpi_catalog': {
            'kind': 'target', 'key': ['kpi_id'], 'entry': 'kpi_id',
            'scope': 'kpi', 'scope_id': 'kpi_id', 'added_counts': false, 'signed': true,
            'fields': {
                'unit': 'string', 'direction': 'string', 'target_low': 'double', 'target_high': 'double',
                'target_basis': 'string', 'own_target_use_cases': 'string', 'own_target': 'double',
                'window_days': 'double', 'guarded_by': 'string', 'guardrail_margin': 'double',
                'baseline_use_case_id': 'string', 'causal_experiment_id': 'string', 'causal_metric_id': 'string'
            }
        },
        'use_cases': {
            'kind': 'baseline', 'key': ['use_case_id'], 'entry': 'use_case_id',
            'scope': 'use_case', 'scope_id': 'use_case_id', 'added_counts': true, 'signed': true,
            'fields': {
                'ai_live_from': 'date', 'baseline_from': 'date', 'baseline_to': 'date', 'requires_human_sign_off': 'boolean'
            }
        },
        'roi_terms': {
            'kind': 'assumption', 'key': ['use_case_id', 'term', 'experiment_id', 'metric_id'], 'entry': 'term',
            'scope': 'experiment', 'scope_id': 'experiment_id', 'added_counts': true, 'signed': true,
            'fields': {'basis': 'string', 'treatment_arm': 'string'}
        },
        'roi_assumptions': {
            'kind': 'assumption', 'key': ['use_case_id', 'name'], 'entry': 'name',
            'scope': 'return_of', 'scope_id': 'use_case_id', 'added_counts': true, 'signed': true,
            'fields': {'low': 'double', 'base': 'double', 'high': 'double', 'distribution': 'string'}
        },
        'labor_rates': {
            'kind': 'assumption', 'key': ['team_id', 'month'], 'entry': 'month',
            'scope': 'setting', 'scope_id': "'labour'", 'added_counts': false, 'signed': false,
            'fields': {
                'headcount_fte': 'double', 'loaded_cost_per_hour': 'double', 'contracted_hours_per_week': 'double'
            }
        },
        'method_catalogue': {
            'kind': 'method', 'key': ['method'], 'entry': 'method',
            'scope': 'method', 'scope_id': 'method', 'added_counts': false, 'signed': false,
            'fields': {'method_rank': 'double', 'designs': 'string'}
        },
        'reviews': {
            'kind': 'attestation', 'key': ['experiment_id', 'cadence', 'reviewed_on'], 'entry': 'experiment_id',
            'scope': 'attestation', 'scope_id': 'experiment_id', 'added_counts': false, 'signed': false,
            'where': "experiment_id is not null and signed_off_by is not null",
            'fields': {'signed_off_by': 'string', 'registration_hash': 'string'}
        }
    }) -}}
{% endmacro %}

{#
    The vars that admit grades or move results, by who rests on them: every experiment, those of a design, what is paid for
    (`return`, `labour`), KPIs, or what data are read (`data`: written down, and no change of a registration).
#}
{% macro defining_vars() %}
    {{- return({
        'experiment': [
            'max_lateness_days', 'identity_person_types', 'identity_account_types', 'identity_max_links', 'identity_max_component'
        ],
        'rollout': ['rollout_period_days'],
        'matched': ['matched_max_units'],
        'uplift': ['uplift_max_units'],
        'return': ['roi_evidence_grades', 'roi_required_costs', 'min_cost_coverage', 'reporting_currency', 'currency_rates'],
        'kpi': [
            'confidence_level', 'min_observations', 'k_anonymity', 'account_segment_covariate', 'funnel_unit_type',
            'funnel_stages', 'funnel_window_days', 'influence_lookback_days', 'provenance_rubric', 'attribution_conversions',
            'attribution_lookback_days', 'attribution_half_life_days', 'attribution_calibration_experiment',
            'attribution_calibration_metric'
        ],
        'data': ['accept_late_received_before', 'expected_outcomes']
    }) -}}
{% endmacro %}

{# The settings of this run, one a row of [who rests on it, name, value as text]; a var of several values has one a value. #}
{% macro settings() %}
    {%- set found = [] -%}
    {%- for scope, names in ai_impact.defining_vars().items() -%}
        {%- for name in names -%}
            {%- set value = var(name) -%}
            {%- if value is mapping -%}
                {%- for part, of_part in value.items() -%}
                    {%- if of_part is mapping -%}
                        {%- for leaf, of_leaf in of_part.items() -%}
                            {%- do found.append([scope, name ~ '.' ~ part ~ '.' ~ leaf, of_leaf | string]) -%}
                        {%- endfor -%}
                    {%- else -%}
                        {%- do found.append([scope, name ~ '.' ~ part, of_part | string]) -%}
                    {%- endif -%}
                {%- endfor -%}
            {%- elif value is sequence and value is not string -%}
                {%- do found.append([scope, name, value | join('|')]) -%}
            {%- else -%}
                {%- do found.append([scope, name, value | string]) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{- return(found) -}}
{% endmacro %}

{# The settings as rows of int_definitions. #}
{% macro setting_rows() -%}
    {%- for scope, name, value in ai_impact.settings() %}
        select
            'vars' as seed,
            'vars' as definition_id,
            {{ ai_impact.text_literal(name) }} as field,
            'setting' as kind,
            'setting' as scope,
            '{{ scope }}' as scope_id,
            false as is_entry,
            {{ ai_impact.text_literal(value) }} as value
        {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{# One row per seed, without an entry: since when the warehouse reads it, though it be empty. #}
{% macro seed_rows() -%}
    {%- for seed, definition in ai_impact.definitions().items() %}
        select
            '{{ seed }}' as seed,
            '' as definition_id,
            '' as field,
            '{{ definition['kind'] }}' as kind,
            'seed' as scope,
            '{{ seed }}' as scope_id,
            false as is_entry,
            '' as value
        {% if not loop.last %}union all{% endif %}
    {%- endfor %}
{%- endmacro %}

{# A text of SQL, typed, whatever it holds. #}
{% macro text_literal(text) -%}
    cast('{{ dbt.escape_single_quotes(text | string) }}' as {{ dbt.type_string() }})
{%- endmacro %}

{# The id of an entry of a seed: its keys, with a bar between. #}
{% macro definition_id(seed) -%}
    {%- for column in ai_impact.definitions()[seed]['key'] -%}
        coalesce({{ ai_impact.percent_coded('cast(' ~ column ~ ' as ' ~ dbt.type_string() ~ ')') }}, '')
        {%- if not loop.last %} || '|' || {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{# The value of a column as a text that is the same on every engine, however the number or the time is written. #}
{% macro canonical_text(column, logical) -%}
    {%- if logical == 'double' -%}
        {%- set number = 'cast(' ~ column ~ ' as ' ~ ai_impact.physical_type('double') ~ ')' -%}
        case
            when abs({{ number }}) < 1e18
                then {{ ai_impact.replaced_pattern(
                    'cast(cast(' ~ number ~ ' as decimal(38, 9)) as ' ~ dbt.type_string() ~ ')', '[.]?0*$', ''
                ) }}
            else {{ ai_impact.to_text(number, 'double') }}
        end
    {%- elif logical == 'string' -%}
        trim(cast({{ column }} as {{ dbt.type_string() }}))
    {%- elif logical == 'timestamp' -%}
        {{ ai_impact.to_text('cast(' ~ column ~ ' as ' ~ dbt.type_timestamp() ~ ')', logical) }}
    {%- else -%}
        {{ ai_impact.to_text('cast(' ~ column ~ ' as ' ~ ai_impact.physical_type(logical) ~ ')', logical) }}
    {%- endif -%}
{%- endmacro %}

{# The entries of a seed as rows of int_definitions: one a column, and one for the entry itself. `relation` holds its rows. #}
{% macro definition_rows(seed, relation) -%}
    {%- set definition = ai_impact.definitions()[seed] -%}
    select
        '{{ seed }}' as seed,
        {{ ai_impact.definition_id(seed) }} as definition_id,
        columns_of.field,
        '{{ definition['kind'] }}' as kind,
        '{{ definition['scope'] }}' as scope,
        cast({{ definition['scope_id'] }} as {{ dbt.type_string() }}) as scope_id,
        columns_of.is_entry,
        case columns_of.field
            when '{{ definition['entry'] }}' then {{ ai_impact.definition_id(seed) }}
            {%- for column, logical in definition['fields'].items() %}
                when '{{ column }}' then {{ ai_impact.canonical_text(column, logical) }}
            {%- endfor %}
        end as value
    from {{ relation }}
    cross join (
        select '{{ definition['entry'] }}' as field, true as is_entry
        {%- for column in definition['fields'] %}
            union all
            select '{{ column }}' as field, false as is_entry
        {%- endfor %}
    ) as columns_of
    {%- if definition['where'] %}
        where {{ definition['where'] }}
    {%- endif %}
{%- endmacro %}

{# Names of seeds whose definition has a property, as texts of SQL. #}
{% macro definitions_that(property) -%}
    {%- set found = [] -%}
    {%- for seed, definition in ai_impact.definitions().items() if definition[property] -%}
        {%- do found.append("'" ~ seed ~ "'") -%}
    {%- endfor -%}
    {{ found | join(', ') }}
{%- endmacro %}

{# What the var `registration_commits` attests, one a row: the time of the commit, and the hash that it holds for (NULL: any). #}
{% macro attested_commits() -%}
    {%- set commits = var('registration_commits') -%}
    {#- Anything but a mapping is what check_config stops at. -#}
    {%- for experiment_id, attested in (commits if commits is mapping else {}).items() %}
        {%- set of_commit = attested if attested is mapping else {'committed_at': attested} %}
        select
            {{ ai_impact.text_literal(experiment_id) }} as experiment_id,
            {{ ai_impact.try_cast(ai_impact.text_literal(of_commit['committed_at']), 'timestamp') }} as committed_at,
            {% if of_commit['registration_hash'] -%}
                {{ ai_impact.text_literal(of_commit['registration_hash']) }} as registration_hash
            {%- else -%}
                cast(null as {{ dbt.type_string() }}) as registration_hash
            {%- endif %}
        union all
    {%- endfor %}
    select
        cast(null as {{ dbt.type_string() }}) as experiment_id,
        cast(null as {{ dbt.type_timestamp() }}) as committed_at,
        cast(null as {{ dbt.type_string() }}) as registration_hash
{%- endmacro %}

{# Whether the times of two relations, from `first_at` to `last_at`, meet; one without an end goes on. #}
{% macro spans_meet(one, other) -%}
    (
        {{ one }}.first_at <= coalesce({{ other }}.last_at, {{ one }}.first_at)
        and {{ other }}.first_at <= coalesce({{ one }}.last_at, {{ other }}.first_at)
    )
{%- endmacro %}
