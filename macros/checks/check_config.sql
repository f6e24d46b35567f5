{# Stops a run at its start, with a sentence that names the wrong var or table and the fix. Costs one look at the catalogue. #}
{% macro check_config() %}
    {%- if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot', 'seed', 'run-operation'] -%}
        {%- do ai_impact.check_vars() -%}
        {%- do ai_impact.check_plugin() -%}
        {%- if flags.WHICH in ['run', 'build'] -%}
            {%- do ai_impact.check_sources() -%}
        {%- endif -%}
    {%- endif -%}
    select 1 as config_is_valid
{% endmacro %}

{# Ends the run with a sentence. #}
{% macro stop(sentence) %}
    {%- do exceptions.raise_compiler_error('ai_impact: ' ~ sentence) -%}
{% endmacro %}

{# dbt-spark runs Python models on a Databricks cluster only; the rest is for the plugin that the project's package brings. #}
{% macro check_plugin() %}
    {%- if target.type == 'spark' and not target.cluster and adapter.runs_python_models is not defined -%}
        {%- do ai_impact.stop("dbt-spark can't run Python models without ai_impact's plugin. Install the package ai-impact-stats, or the folder of ai_impact, with pip where dbt runs, and set `method: session` in profiles.yml.") -%}
    {%- endif -%}
{% endmacro %}

{# Stops where a var has a value that nothing can be made of. #}
{% macro check_vars() %}
    {%- set whole_numbers = {
        'lookback_days': 0, 'max_lateness_days': 0, 'max_clock_skew_minutes': 0, 'k_anonymity': 1, 'min_observations': 1,
        'identity_max_links': 1, 'identity_max_component': 2, 'rollout_period_days': 1, 'attribution_lookback_days': 1,
        'uplift_max_units': 1000, 'matched_max_units': 100, 'funnel_window_days': 1, 'influence_lookback_days': 0
    } -%}
    {%- for name, lowest in whole_numbers.items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is not integer or value is boolean or value < lowest -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a whole number of at least " ~ lowest ~ ". Set it under `vars:` in dbt_project.yml.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set level = var('confidence_level', none) -%}
    {%- if level is not number or level <= 0.5 or level >= 1 -%}
        {%- do ai_impact.stop("The var `confidence_level` is " ~ ai_impact.shown(level) ~ "; it must be a number between 0.5 and 1, such as 0.95.") -%}
    {%- endif -%}
    {%- if var('max_lateness_days') < var('lookback_days') -%}
        {%- do ai_impact.stop("The var `max_lateness_days` (" ~ var('max_lateness_days') ~ ") is below `lookback_days` (" ~ var('lookback_days') ~ "); raise it, or lower `lookback_days`.") -%}
    {%- endif -%}
    {%- for name in ['accept_late_received_before', 'backfill_from'] -%}
        {%- set value = var(name, none) -%}
        {%- if value and not modules.re.match('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])( [0-9]{2}:[0-9]{2}(:[0-9]{2})?)?$', value | string) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a UTC date or time such as '2026-01-31' or '2026-01-31 12:00', or empty.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ai_impact.source_names() -%}
        {%- if name not in ai_impact.mandatory_sources() and var(name ~ '_enabled', none) is not boolean -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "_enabled` is " ~ ai_impact.shown(var(name ~ '_enabled', none)) ~ "; it must be true or false.") -%}
        {%- endif -%}
        {%- if not var(name ~ '_identifier', none) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "_identifier` is not set; give the name of the raw table, such as `" ~ name ~ "`.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set lists = {
        'identity_person_types': 'kinds of identifiers, such as [person, email]',
        'identity_account_types': 'kinds of identifiers, such as [person, email]',
        'attribution_conversions': 'names of outcomes, such as [signup, deal_won]',
        'funnel_stages': 'stages of the funnel, such as [lead, mql, sql]',
        'expected_outcomes': 'names of outcomes, such as [refund], or empty'
    } -%}
    {%- for name, wanted in lists.items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is string or value is mapping or value is not sequence or (not value and name != 'expected_outcomes') -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a list of " ~ wanted ~ ".") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('funnel_stages') | length < 2 -%}
        {%- do ai_impact.stop("The var `funnel_stages` names one stage; a conversion needs two, such as [lead, mql].") -%}
    {%- endif -%}
    {%- do ai_impact.check_currency_vars() -%}
    {%- set choices = {
        'roi_evidence_grades': ['A', 'B', 'C', 'D', 'E'],
        'roi_required_costs': ['licence', 'usage', 'infrastructure', 'oversight', 'maintenance', 'remediation']
    } -%}
    {%- for name, known in choices.items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is string or value is mapping or value is not sequence or value | reject('in', known) | list or (name == 'roi_evidence_grades' and not value) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a list of " ~ known | join(', ') ~ ", or some of them.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set commits = var('registration_commits', none) -%}
    {%- set whole_time = '^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[ T][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9]{2}:[0-9]{2})?$' -%}
    {%- if commits is not mapping -%}
        {%- do ai_impact.stop("The var `registration_commits` is " ~ ai_impact.shown(commits) ~ "; it must name experiments with the times of their commits, such as {my_experiment: '2026-03-01 09:30:00'}, or be {}.") -%}
    {%- endif -%}
    {%- for experiment_id, attested in commits.items() -%}
        {%- set committed_at = attested['committed_at'] if attested is mapping else attested -%}
        {%- if not modules.re.match(whole_time, committed_at | string) -%}
            {%- do ai_impact.stop("The var `registration_commits` has " ~ ai_impact.shown(committed_at) ~ " for `" ~ experiment_id ~ "`; it must be the time of a commit, in UTC or with its offset, such as '2026-03-01 09:30:00' or '2026-03-01T10:30:00+01:00'.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('schemas_by_access', none) is not boolean -%}
        {%- do ai_impact.stop("The var `schemas_by_access` is " ~ ai_impact.shown(var('schemas_by_access', none)) ~ "; it must be true or false.") -%}
    {%- endif -%}
    {%- set grants = var('grants_by_access', none) -%}
    {%- set audiences = ['published', 'restricted', 'internal'] -%}
    {%- if grants is not mapping or grants | reject('in', audiences) | list or grants.values() | select('string') | list -%}
        {%- do ai_impact.stop("The var `grants_by_access` is " ~ ai_impact.shown(grants) ~ "; it must name lists of roles for " ~ audiences | join(', ') ~ ", or some of them, such as {published: [bi]}.") -%}
    {%- endif -%}
    {%- set half_life = var('attribution_half_life_days', none) -%}
    {%- if half_life is not number or half_life is boolean or half_life <= 0 -%}
        {%- do ai_impact.stop("The var `attribution_half_life_days` is " ~ ai_impact.shown(half_life) ~ "; it must be a number of days above 0, such as 7.") -%}
    {%- endif -%}
{% endmacro %}

{# A value of a var as a sentence shows it. #}
{% macro shown(value) -%}
    {{- return('not set' if value is none else "'" ~ value ~ "'") -}}
{%- endmacro %}

{# Stops where a table of a source that is switched on is missing, or lacks a column. #}
{% macro check_sources() %}
    {%- for name in ai_impact.source_names() if ai_impact.source_is_enabled(name) -%}
        {%- set node = ai_impact.source_node(name) -%}
        {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.identifier) -%}
        {%- if relation is none -%}
            {%- set off = '' if name in ai_impact.mandatory_sources() else ", or switch the source off with the var `" ~ name ~ "_enabled: false`" -%}
            {%- do ai_impact.stop("The source table " ~ node.schema ~ "." ~ node.identifier ~ " does not exist. Load it, point the vars `raw_schema` and `" ~ name ~ "_identifier` at a table that does" ~ off ~ ".") -%}
        {%- endif -%}
        {%- do ai_impact.check_columns(name, relation) -%}
        {%- if name in ai_impact.mandatory_sources() and run_query('select 1 from ' ~ relation ~ ' limit 1') | length == 0 -%}
            {%- do log('ai_impact: The source table ' ~ relation.schema ~ '.' ~ relation.identifier ~ ' is empty, so what is computed from it is empty too. Load it before you read the results.', info=true) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{# Stops where a raw table lacks a column, or one has a type that can not be read. #}
{% macro check_columns(name, relation) %}
    {%- set found = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name | lower: column}) -%}
    {%- endfor -%}
    {%- for column in ai_impact.source_columns(name) if column.name in found or not column.may_be_absent -%}
        {%- if column.name not in found -%}
            {%- do ai_impact.stop("The source table " ~ relation.schema ~ "." ~ relation.identifier ~ " has no column `" ~ column.name ~ "`. Add it (NULL where you do not know it), or read the table through a view that has it.") -%}
        {%- endif -%}
        {%- set type = found[column.name].data_type | lower -%}
        {%- if not ai_impact.type_can_be(type, column.type) -%}
            {%- do ai_impact.stop("The column `" ~ column.name ~ "` of the source table " ~ relation.schema ~ "." ~ relation.identifier ~ " is " ~ type ~ ", which can't be read as " ~ column.type ~ ". Cast it in a view, and point the var `" ~ name ~ "_identifier` at the view.") -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{# Text can be anything; otherwise the families of types must agree. #}
{% macro type_can_be(type, logical) %}
    {%- set text = modules.re.search('char|text|string|uuid|enum', type) -%}
    {%- set numeric = modules.re.search('int|double|float|decimal|numeric|real|number', type) -%}
    {%- set families = {
        'string': text or numeric or 'bool' in type,
        'double': text or numeric, 'int': text or numeric,
        'boolean': text or 'bool' in type or modules.re.search('int', type),
        'date': text or modules.re.search('date|timestamp', type),
        'timestamp': text or modules.re.search('date|timestamp', type)
    } -%}
    {{- return(families[logical] and not modules.re.search('struct|map|list|array|json|\\[', type)) -}}
{% endmacro %}
