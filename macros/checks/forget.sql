{# At the start of `ai-impact forget`: stops where a raw table still has the identifier, in whatever column. Raw rows are the user's to delete. #}
{% macro check_forgotten() %}
    {%- set wanted = env_var('AI_IMPACT_FORGET', '') -%}
    {%- if execute and wanted and flags.WHICH == 'build' -%}
        {%- set found = [] -%}
        {%- for name in ai_impact.source_names() if ai_impact.source_is_enabled(name) -%}
            {%- set node, relation = ai_impact.raw_node(name), ai_impact.raw_relation(name) -%}
            {#- A table that this run makes anew still has the old rows; it is searched at the end. -#}
            {%- set is_due = node.unique_id in selected_resources and relation and not relation.is_view -%}
            {%- set rows = ai_impact.rows_with(relation, [wanted], []) if relation and not is_due else 0 -%}
            {%- do found.append(rows ~ ' rows of ' ~ relation.schema ~ '.' ~ relation.identifier) if rows -%}
        {%- endfor -%}
        {%- if found -%}
            {%- do ai_impact.stop("The identifier is still in " ~ found | join(', ') ~ ". Delete these rows, or put another identifier in them, then run ai-impact forget again: all tables follow from the raw ones.") -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}

{# At its end: searches all tables of this project for the identifier, for its token, and for the ids of a person that follow from it. #}
{% macro confirm_forgotten(results) %}
    {%- set wanted = env_var('AI_IMPACT_FORGET', '') -%}
    {%- if execute and wanted and flags.WHICH == 'build' and results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'skipped', 'no-op']) | list | length == 0 -%}
        {%- set place = 'cast(' ~ get_binding_char() ~ ' as ' ~ dbt.type_string() ~ ')' -%}
        {%- set kinds = ai_impact.identity_types('person') + ['respondent'] -%}
        {%- set ids = [] -%}
        {%- set bindings = [] -%}
        {%- for kind in [none] + kinds -%}
            {%- do ids.append('token' if kind is none else ai_impact.hash_key(["'" ~ kind | replace("'", "''") ~ "'", 'token'])) -%}
        {%- endfor -%}
        {%- set cursor = adapter.add_query(
            'select ' ~ ids | join(', ') ~ ' from (select ' ~ ai_impact.id_token(place) ~ ' as token from ' ~ ai_impact.id_key_table() ~ ' as id_keys) as one',
            bindings=[wanted]
        )[1] -%}
        {%- set within = ['"' ~ wanted ~ '"'] + cursor.fetchone() | list -%}
        {%- set found, searched = [], [] -%}
        {%- for node in graph.nodes.values() if node.package_name == 'ai_impact' and node.resource_type in ['model', 'seed', 'snapshot'] -%}
            {%- set relation = adapter.get_relation(database=node.database, schema=node.schema, identifier=node.alias) -%}
            {%- if relation and not relation.is_view -%}
                {%- do searched.append(relation) -%}
                {%- do found.append(relation.identifier) if ai_impact.rows_with(relation, [wanted], within) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for name in ai_impact.source_names() if (ai_impact.raw_node(name) or {}).unique_id in selected_resources -%}
            {%- set relation = ai_impact.raw_relation(name) -%}
            {%- if relation and ai_impact.rows_with(relation, [wanted], []) -%}
                {%- do ai_impact.stop("The identifier is still in " ~ relation.schema ~ "." ~ relation.identifier ~ ", which this run has made. Delete it where that model reads, then run ai-impact forget again.") -%}
            {%- endif -%}
        {%- endfor -%}
        {%- if found -%}
            {%- do ai_impact.stop("The person is still in " ~ found | join(', ') ~ ". Run ai-impact forget without --select or --exclude; if that does not help, report it.") -%}
        {%- endif -%}
        {%- do log('ai_impact: Forgotten: none of ' ~ searched | length ~ ' tables has the identifier, or an id that follows from it.', info=true) -%}
    {%- endif -%}
{% endmacro %}

{# How many rows of a table have one of some texts in a column of theirs, as a whole or within. The texts are bound, so that no log has them. #}
{% macro rows_with(relation, whole, within) %}
    {%- set conditions, bindings = [], [] -%}
    {%- set place = 'cast(' ~ get_binding_char() ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.is_string() -%}
        {%- for text in whole -%}
            {%- do conditions.append('trim(' ~ adapter.quote(column.name) ~ ') = ' ~ place) -%}
            {%- do bindings.append(text) -%}
        {%- endfor -%}
        {%- for text in within -%}
            {%- do conditions.append(ai_impact.place_of(place, adapter.quote(column.name)) ~ ' > 0') -%}
            {%- do bindings.append(text) -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- if not conditions -%}
        {{- return(0) -}}
    {%- endif -%}
    {%- set cursor = adapter.add_query('select count(*) from ' ~ relation ~ ' where ' ~ conditions | join(' or '), auto_begin=false, bindings=bindings)[1] -%}
    {{- return(cursor.fetchone()[0]) -}}
{% endmacro %}
