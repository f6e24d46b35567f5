{#
    Identifiers of people are hashed where they enter, with a key: nobody without it can test a guess. The key comes from the
    environment variable AI_IMPACT_ID_SECRET. Neither compiled SQL nor a log may show it, so it is bound to one statement at the start
    of a run, which writes two keys that follow from it into the table `ai_impact_id_key` beside the internal tables.

        token(x) = first 32 digits of sha256(outer_key || sha256(inner_key || x)),
        inner_key = sha256('ai_impact inner' || secret), outer_key = sha256('ai_impact outer' || secret), all in hexadecimal digits.

    That is HMAC's construction: a key of one block of SHA-256 before the message, and another before its hash.
#}
{% macro id_token(text) -%}
    substr({{ ai_impact.sha256(['id_keys.outer_key', ai_impact.sha256(['id_keys.inner_key', text])]) }}, 1, 32)
{%- endmacro %}

{# The table with the keys, one row. Staging joins it under the name `id_keys`. A unit test sees no graph. #}
{% macro id_key_table() %}
    {%- set known = (graph.get('nodes') or {}).get('model.ai_impact.base_task_events') if execute -%}
    {%- set place = known or target -%}
    {{- return(api.Relation.create(database=place.database or none, schema=place.schema, identifier='ai_impact_id_key', type='table')) -}}
{% endmacro %}

{# Which secret ids were hashed with, in eight digits that tell nothing about it. #}
{% macro id_key_mark() %}
    {{- return(local_md5('ai_impact mark' ~ local_md5(env_var('AI_IMPACT_ID_SECRET', '')))[:8]) -}}
{% endmacro %}

{#
    At the start of a run: stops where tables were built with another secret, since their ids would match none of the new ones; then writes
    the keys where they are not there yet. A run of tests only needs any.
#}
{% macro prepare_id_key() %}
    {%- set builds = flags.WHICH in ['run', 'build'] -%}
    {%- set secret, mark, table = env_var('AI_IMPACT_ID_SECRET', ''), ai_impact.id_key_mark(), ai_impact.id_key_table() -%}
    {%- if secret and secret | length < 16 -%}
        {%- do ai_impact.stop("The environment variable AI_IMPACT_ID_SECRET has " ~ secret | length ~ " characters, which can be guessed; set one of 16 or more, such as the output of `openssl rand -hex 32`.") -%}
    {%- endif -%}
    {%- if builds -%}
        {%- do ai_impact.check_id_marks(mark) -%}
        {%- if not secret -%}
            {%- do log("ai_impact: The environment variable AI_IMPACT_ID_SECRET is not set, so whoever reads a hashed id can guess it from a list of e-mail addresses, names or staff numbers. Set it to the output of `openssl rand -hex 32`, then run dbt build --full-refresh.", info=true) -%}
        {%- endif -%}
    {%- endif -%}
    {%- set found = load_relation(table) -%}
    {%- set kept = run_query('select mark from ' ~ table).columns[0].values() | list if found else [] -%}
    {%- if kept != [mark] and (builds or not kept) -%}
        {%- if adapter.add_query is not defined -%}
            {%- do ai_impact.stop("dbt's adapter for " ~ target.type ~ " would write the secret to its log. Make the table " ~ table ~ " yourself, once: docs/privacy.md has the statement, whose mark must be '" ~ mark ~ "'.") -%}
        {%- endif -%}
        {%- do adapter.create_schema(table) -%}
        {%- do ai_impact.write_id_key(table, found, secret, mark) -%}
    {%- endif -%}
{% endmacro %}

{# Stops unless all staged tables have ids of one secret, or are about to. #}
{% macro check_id_marks(mark) %}
    {%- set asked, unmarked = [], [] -%}
    {%- for node in graph.nodes.values() if node.package_name == 'ai_impact' and node.name.startswith('base_') and not (flags.FULL_REFRESH and node.unique_id in selected_resources) -%}
        {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
        {%- if relation -%}
            {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if not asked else ['id_key_mark'] -%}
            {%- do (asked if 'id_key_mark' in columns else unmarked).append((node.name, relation)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if unmarked -%}
        {%- do ai_impact.stop(unmarked[0][0] ~ " was built by an older version of this project, which hashed no identifiers in it. Run dbt build --full-refresh, once.") -%}
    {%- endif -%}
    {%- set parts = [] -%}
    {%- for name, relation in asked -%}
        {%- do parts.append("select '" ~ name ~ "' as name, min(id_key_mark) as mark from (select id_key_mark from " ~ relation ~ " limit 1) as one") -%}
    {%- endfor -%}
    {%- for row in (run_query(parts | join(' union all ')) if parts else []) if row[1] and row[1] != mark -%}
        {%- do ai_impact.stop("The secret AI_IMPACT_ID_SECRET is not the one that " ~ row[0] ~ " was built with, so ids of this run would match none of those in the tables. Set the old secret, or run dbt build --full-refresh over all models.") -%}
    {%- endfor -%}
{% endmacro %}

{# The one statement that has the secret, as a binding: dbt logs the statement without it. #}
{% macro write_id_key(table, found, secret, mark) %}
    {%- set place = get_binding_char() -%}
    {%- set text = 'cast(' ~ place ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- do adapter.add_query(
        ai_impact.create_id_key(table, found) ~ ' select '
        ~ ai_impact.sha256(["'ai_impact inner'", text]) ~ ' as inner_key, '
        ~ ai_impact.sha256(["'ai_impact outer'", text]) ~ ' as outer_key, '
        ~ "cast('" ~ mark ~ "' as " ~ dbt.type_string() ~ ") as mark",
        bindings=[secret, secret]
    ) -%}
    {%- do adapter.commit() -%}
{% endmacro %}

{# The kinds of things that are no people, whose ids stay as they are: those that the project joins by, and those of the vars. #}
{% macro open_types() %}
    {%- set named = ['account', 'task', 'team'] + ai_impact.identity_types('account') + (var('identity_open_types') | map('lower') | list) -%}
    {{- return(named | unique | reject('in', ai_impact.identity_types('person')) | list) -}}
{% endmacro %}

{# Whether a kind of thing is known to be no person. Never NULL. #}
{% macro is_open_type(kind) -%}
    (coalesce({{ kind }}, '') in ({{ ai_impact.quoted(ai_impact.open_types()) }}))
{%- endmacro %}

{# What may be said of a text that can't be shown: how long it is, what it looks like (Aaa 99), and a hash to compare it by. #}
{% macro outline(text) -%}
    {%- set ns = namespace(shape='substr(' ~ text ~ ', 1, 40)') -%}
    {%- for pattern, sign in [('[A-Z]', 'A'), ('[a-z]', 'a'), ('[0-9]', '9'), ('[^Aa9 .,:;@/+_-]', '?')] -%}
        {%- set ns.shape = ai_impact.replaced_pattern(ns.shape, pattern, sign) -%}
    {%- endfor -%}
    (cast(length({{ text }}) as {{ dbt.type_string() }}) || ' characters like ' || {{ ns.shape }} || ', hash ' || substr({{ ai_impact.id_token(text) }}, 1, 16))
{%- endmacro %}
