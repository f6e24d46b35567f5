{# Stops a run at its start, with a sentence that names the wrong var or table and the fix. Costs one look at the catalogue. #}
{% macro check_config() %}
    {%- if execute and flags.WHICH in ['run', 'build', 'test', 'snapshot', 'seed'] and ai_impact.is_in_run() -%}
        {%- do ai_impact.check_vars() -%}
        {%- do ai_impact.check_plugin() -%}
        {%- if var('decisions_enabled') and not var('evidence_enabled') -%}
            {%- do log('ai_impact: The var `evidence_enabled` is false, so decisions, which rest on evidence, are off too. Set `decisions_enabled: false` as well to leave this sentence out.', info=true) -%}
        {%- endif -%}
        {%- do ai_impact.check_names() if flags.WHICH in ['build', 'test'] -%}
        {%- if flags.WHICH in ['run', 'build'] -%}
            {%- do ai_impact.check_sources() -%}
            {%- do ai_impact.check_forgotten() -%}
        {%- endif -%}
        {%- if flags.WHICH in ['run', 'build', 'test'] -%}
            {%- do ai_impact.prepare_id_key() -%}
        {%- endif -%}
    {%- endif -%}
    select 1 as config_is_valid
{% endmacro %}

{# Whether this run does anything of this package: a run of other models of the project that installs it is not ours to stop. #}
{% macro is_in_run() %}
    {%- for key in selected_resources if key.split('.')[1] == 'ai_impact' -%}
        {{- return(true) -}}
    {%- endfor -%}
    {{- return(false) -}}
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

{#
    Stops where dbt would run our tests on models of the project that installs this package: it writes the ref of a test without the
    package's name, and looks in that project first. The refs of our models, snapshots and exposures name the package.
#}
{% macro check_names() %}
    {%- set taken = [] -%}
    {%- for node in graph.nodes.values() if node.package_name == 'ai_impact' and node.resource_type == 'test' and node.unique_id in selected_resources -%}
        {%- for key in node.depends_on.nodes if key.split('.')[1] != 'ai_impact' and key.split('.')[2] not in ai_impact.seed_names() -%}
            {%- do taken.append(key.split('.')[2]) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if taken -%}
        {%- do ai_impact.stop("Your project has models of the same names as ours (" ~ taken | unique | sort | join(', ') ~ "), and dbt would run our tests on yours. Set `require_ref_searches_node_package_before_root: true` under `flags:` in your dbt_project.yml.") -%}
    {%- endif -%}
{% endmacro %}

{# Every var by its kind: bounds of numbers; of texts and lists what they hold, as a sentence says it. A source has two vars more. #}
{% macro var_rules() %}
    {{- return({
        'whole': {
            'lookback_days': [0, 3650], 'max_lateness_days': [0, 36500], 'max_clock_skew_minutes': [0, 525600],
            'k_anonymity': [1, 1000], 'min_observations': [1, 1000000], 'experiment_segments': [1, 1000],
            'identity_max_links': [1, 1000000], 'identity_max_component': [2, 1000000], 'rollout_period_days': [1, 365],
            'attribution_lookback_days': [1, 3650], 'funnel_window_days': [1, 3650], 'influence_lookback_days': [0, 3650],
            'uplift_max_units': [1000, 10000000], 'matched_max_units': [100, 10000000]
        },
        'number': {
            'confidence_level': [0.51, 0.9999], 'min_cost_coverage': [0, 1], 'attribution_half_life_days': [0.01, 36500]
        },
        'time': ['accept_late_received_before', 'backfill_from'],
        'list': {
            'identity_person_types': 'kinds of identifiers, such as [person, email]',
            'identity_account_types': 'kinds of identifiers, such as [account, domain]',
            'identity_open_types': 'kinds of things that are no people, such as [opportunity, region], or empty',
            'attribution_conversions': 'names of outcomes, such as [signup, deal_won]',
            'funnel_stages': 'two stages of the funnel or more, such as [lead, mql, sql]',
            'expected_outcomes': 'names of outcomes, such as [refund], or empty',
            'roi_evidence_grades': 'grades, such as [A, B, C]',
            'roi_required_costs': 'types of costs, such as [infrastructure, oversight], or empty'
        },
        'text': {
            'account_segment_covariate': 'the name of a covariate of accounts, such as segment',
            'provenance_rubric': 'a rubric_version of the seed rubrics',
            'funnel_unit_type': 'a type of units, such as lead',
            'raw_schema': 'the schema of the raw tables',
            'raw_database': 'the database of the raw tables, or empty',
            'attribution_calibration_experiment': 'an experiment_id of the seed experiments, or empty',
            'attribution_calibration_metric': 'a metric_id of the seed metric_catalog, or empty'
        },
        'other': ['registration_commits', 'currency_rates', 'reporting_currency', 'grants_by_access', 'boards_url', 'boards_owner'],
        'switch': ['schemas_by_access', 'strategic_enabled', 'observability_enabled', 'evidence_enabled', 'decisions_enabled']
    }) -}}
{% endmacro %}

{# Stops where a var is not one of ours, or has a value that nothing can be made of. #}
{% macro check_vars() %}
    {%- set rules = ai_impact.var_rules() -%}
    {%- do ai_impact.check_var_names(rules) -%}
    {%- for name, bounds in rules['whole'].items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is not integer or value is boolean or value < bounds[0] or value > bounds[1] -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a whole number from " ~ bounds[0] ~ " to " ~ bounds[1] ~ ". Set it under `vars:` in dbt_project.yml.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, bounds in rules['number'].items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is not number or value is boolean or not (value >= bounds[0] and value <= bounds[1]) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a number from " ~ bounds[0] ~ " to " ~ bounds[1] ~ ".") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('max_lateness_days') < var('lookback_days') -%}
        {%- do ai_impact.stop("The var `max_lateness_days` (" ~ var('max_lateness_days') ~ ") is below `lookback_days` (" ~ var('lookback_days') ~ "); raise it, or lower `lookback_days`.") -%}
    {%- endif -%}
    {%- for name in rules['time'] -%}
        {%- set value = var(name, none) -%}
        {%- if value and not ai_impact.is_time(value) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a UTC date or time such as '2026-01-31' or '2026-01-31 12:00', or empty.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in ai_impact.source_names() -%}
        {%- if name not in ai_impact.mandatory_sources() -%}
            {%- do rules['switch'].append(name ~ '_enabled') -%}
        {%- endif -%}
        {%- if not var(name ~ '_identifier', none) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "_identifier` is not set; give the name of the raw table, such as `" ~ name ~ "`.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name in rules['switch'] if var(name, none) is not boolean -%}
        {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(var(name, none)) ~ "; it must be true or false.") -%}
    {%- endfor -%}
    {%- for name, wanted in rules['text'].items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is not string or not (value | trim or wanted.endswith('or empty')) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be " ~ wanted ~ ".") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for name, wanted in rules['list'].items() -%}
        {%- set value = var(name, none) -%}
        {%- if value is string or value is mapping or value is not sequence or not (value or wanted.endswith('or empty')) -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(value) ~ "; it must be a list of " ~ wanted ~ ".") -%}
        {%- endif -%}
        {%- for part in value -%}
            {%- if part is not string or not part | trim -%}
                {%- do ai_impact.stop("The var `" ~ name ~ "` has " ~ ai_impact.shown(part) ~ " in its list, which is no text; it must be a list of " ~ wanted ~ ". Put quotes around names such as 'yes' and '2026'.") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if value | map('lower') | unique | list | length < value | length -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` names " ~ ai_impact.shown(value | join(', ')) ~ ", one of them twice; keep one.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('funnel_stages') | length < 2 -%}
        {%- do ai_impact.stop("The var `funnel_stages` names one stage; a conversion needs two, such as [lead, mql].") -%}
    {%- endif -%}
    {%- set both = var('identity_person_types') | map('lower') | select('in', var('identity_account_types') | map('lower') | list) | list -%}
    {%- if both -%}
        {%- do ai_impact.stop("The vars `identity_person_types` and `identity_account_types` both name '" ~ both | first ~ "'; an identifier is of a person or of an account.") -%}
    {%- endif -%}
    {%- do ai_impact.check_currency_vars() -%}
    {%- set choices = {
        'roi_evidence_grades': ['A', 'B', 'C', 'D', 'E'],
        'roi_required_costs': ['licence', 'usage', 'infrastructure', 'oversight', 'maintenance', 'remediation']
    } -%}
    {%- for name, known in choices.items() -%}
        {%- if var(name) | reject('in', known) | list -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "` is " ~ ai_impact.shown(var(name)) ~ "; it must be a list of " ~ known | join(', ') ~ ", or some of them.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set commits = var('registration_commits', none) -%}
    {%- if commits is not mapping -%}
        {%- do ai_impact.stop("The var `registration_commits` is " ~ ai_impact.shown(commits) ~ "; it must name experiments with the times of their commits, such as {my_experiment: '2026-03-01 09:30:00'}, or be {}.") -%}
    {%- endif -%}
    {%- for experiment_id, attested in commits.items() -%}
        {%- set committed_at = attested['committed_at'] if attested is mapping else attested -%}
        {%- if not ai_impact.is_time(committed_at, with_offset=true) -%}
            {%- do ai_impact.stop("The var `registration_commits` has " ~ ai_impact.shown(committed_at) ~ " for `" ~ experiment_id ~ "`; it must be the time of a commit, in UTC or with its offset, such as '2026-03-01 09:30:00' or '2026-03-01T10:30:00+01:00'.") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set grants = var('grants_by_access', none) -%}
    {%- set audiences = ['published', 'restricted', 'internal'] -%}
    {%- if grants is not mapping or grants | reject('in', audiences) | list or grants.values() | select('string') | list -%}
        {%- do ai_impact.stop("The var `grants_by_access` is " ~ ai_impact.shown(grants) ~ "; it must name lists of roles for " ~ audiences | join(', ') ~ ", or some of them, such as {published: [bi]}.") -%}
    {%- endif -%}
{% endmacro %}

{# Stops where vars that are meant for this package have a name that it does not know: they would change nothing, in silence. A project that
   installs it has vars of its own; those in its section `ai_impact` are meant for this package. #}
{% macro check_var_names(rules) %}
    {%- set known = rules['time'] + rules['other'] + rules['switch'] -%}
    {%- for kind in ['whole', 'number', 'list', 'text'] -%}
        {%- do known.extend(rules[kind]) -%}
    {%- endfor -%}
    {%- for name in ai_impact.source_names() -%}
        {%- do known.extend([name ~ '_enabled', name ~ '_identifier', name ~ '_relation']) -%}
    {%- endfor -%}
    {%- for name in ai_impact.seed_names() -%}
        {%- do known.append(name ~ '_relation') -%}
    {%- endfor -%}
    {%- set given = adapter.config.vars.vars -%}
    {%- set meant = (given.get('ai_impact') or {}) | list -%}
    {%- if adapter.config.project_name == 'ai_impact' -%}
        {%- set meant = meant + given | reject('equalto', 'ai_impact') | list + adapter.config.cli_vars | reject('equalto', 'ai_impact') | list -%}
    {%- endif -%}
    {%- for name in meant if name not in known -%}
        {%- set alike = [] -%}
        {%- for other in known -%}
            {%- set shared = namespace(letters=0) -%}
            {%- for letter in range(1, name | length + 1) if other.startswith(name[:letter]) -%}
                {%- set shared.letters = shared.letters + 1 -%}
            {%- endfor -%}
            {%- do alike.append((shared.letters, other)) -%}
        {%- endfor -%}
        {%- set nearest = (alike | sort | last)[1] -%}
        {%- do ai_impact.stop("The var `" ~ name ~ "` is not known, so it would change nothing. Did you mean `" ~ nearest ~ "`? All vars are listed in dbt_project.yml of ai_impact.") -%}
    {%- endfor -%}
{% endmacro %}

{# Is it a day of the calendar, or a time of one? #}
{% macro is_time(value, with_offset=false) %}
    {%- set text = value | string -%}
    {%- set clock = ('[ T]' if with_offset else ' ') ~ '([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?' -%}
    {%- set pattern = '^[0-9]{4}-[0-9]{2}-[0-9]{2}' ~ (clock ~ '(Z|[+-][0-9]{2}:[0-9]{2})?$' if with_offset else '(' ~ clock ~ ')?$') -%}
    {%- if not modules.re.match(pattern, text) -%}
        {{- return(false) -}}
    {%- endif -%}
    {%- set year, month, day = text[:4] | int, text[5:7] | int, text[8:10] | int -%}
    {%- set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
    {%- set lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] -%}
    {{- return(year > 0 and 1 <= month <= 12 and 1 <= day <= lengths[month - 1]) -}}
{% endmacro %}

{# A value of a var as a sentence shows it. #}
{% macro shown(value) -%}
    {{- return('not set' if value is none else "'" ~ value ~ "'") -}}
{%- endmacro %}

{# Stops where a table of a source that this run reads is missing, or lacks a column. One that this run makes is looked at once it is there. #}
{% macro check_sources() %}
    {%- set all = 'model.ai_impact.event_reconciliation' in selected_resources -%}
    {%- for name in ai_impact.source_names() if ai_impact.source_is_enabled(name) and (all or 'model.ai_impact.base_' ~ name in selected_resources) -%}
        {%- set node = ai_impact.raw_node(name) -%}
        {%- if node is none -%}
            {%- do ai_impact.stop("The var `" ~ name ~ "_relation` names no relation that dbt knows. Give it a ref of your model or a source in quotes, such as \"{{ '{{' }} ref('my_project', 'ai_" ~ name ~ "') {{ '}}' }}\", or the name of a table in `raw_schema`.") -%}
        {%- elif node.config.materialized == 'ephemeral' -%}
            {%- do ai_impact.stop("The model " ~ node.name ~ ", which the var `" ~ name ~ "_relation` names, is ephemeral, so nothing can look at its columns. Make it a view, a table or an incremental model.") -%}
        {%- elif node.unique_id not in selected_resources -%}
            {%- do ai_impact.check_source(name) -%}
        {%- endif -%}
    {%- endfor -%}
{% endmacro %}

{# Stops where the table of a source is missing or lacks a column, and says where one that everything rests on is empty. #}
{% macro check_source(name) %}
    {%- set node, relation = ai_impact.raw_node(name), ai_impact.raw_relation(name) -%}
    {%- set place = node.schema ~ "." ~ (node.identifier or node.alias) -%}
    {%- if relation is none and node.resource_type != 'source' -%}
        {%- do ai_impact.stop(place ~ " does not exist: the " ~ node.resource_type ~ " " ~ node.name ~ ", which the var `" ~ name ~ "_relation` names, is not built. Build it first, or in the same run: dbt build --select +base_" ~ name ~ ".") -%}
    {%- elif relation is none -%}
        {%- set off = '' if name in ai_impact.mandatory_sources() else ", or switch the source off with the var `" ~ name ~ "_enabled: false`" -%}
        {%- do ai_impact.stop("The source table " ~ place ~ " does not exist. Load it, point the vars `raw_schema` and `" ~ name ~ "_identifier` at a table that does" ~ off ~ ".") -%}
    {%- endif -%}
    {%- do ai_impact.check_columns(name, relation) -%}
    {%- if name in ai_impact.mandatory_sources() and run_query('select 1 from ' ~ relation ~ ' limit 1') | length == 0 -%}
        {%- do log('ai_impact: The source table ' ~ relation.schema ~ '.' ~ relation.identifier ~ ' is empty, so what is computed from it is empty too. Load it before you read the results.', info=true) -%}
    {%- endif -%}
{% endmacro %}

{# In the model that stages a source: looks at a relation that this run has made, which was not there at its start. #}
{% macro check_made_source(name) %}
    {%- set node = ai_impact.raw_node(name) if flags.WHICH in ['run', 'build'] and 'sources' in graph else none -%}
    {%- if node and node.unique_id in selected_resources -%}
        {%- do ai_impact.check_source(name) -%}
    {%- endif -%}
{% endmacro %}

{# Stops where a raw table lacks a column, or one has a type that can not be read. #}
{% macro check_columns(name, relation) %}
    {%- set made = ai_impact.raw_node(name).resource_type != 'source' -%}
    {%- set found = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name | lower: column}) -%}
    {%- endfor -%}
    {%- for column in ai_impact.source_columns(name) if column.name in found or not column.may_be_absent -%}
        {%- if column.name not in found -%}
            {%- do ai_impact.stop("The source table " ~ relation.schema ~ "." ~ relation.identifier ~ " has no column `" ~ column.name ~ "`. Add it (NULL where you do not know it)" ~ ("." if made else ", or read the table through a view that has it.")) -%}
        {%- endif -%}
        {%- set type = found[column.name].data_type | lower -%}
        {%- if not ai_impact.type_can_be(type, column.type) -%}
            {%- do ai_impact.stop("The column `" ~ column.name ~ "` of the source table " ~ relation.schema ~ "." ~ relation.identifier ~ " is " ~ type ~ ", which can't be read as " ~ column.type ~ ". Cast it " ~ ("there." if made else "in a view, and point the var `" ~ name ~ "_identifier` at the view.")) -%}
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
