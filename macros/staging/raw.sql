{#
    The raw table of a source; where the source is switched off, an empty relation of the same columns. The var may hold a ref or source of
    the project that installs this one: dbt renders it here, in the model that reads, so that the relation is built before. A bare name
    has no dot; _sources.yml takes it for the identifier.
#}
{% macro raw(name) -%}
    {%- if ai_impact.source_is_enabled(name) -%}
        {%- set given = var(name ~ '_relation') | string | trim -%}
        {{ given if '.' in given or given.startswith('__dbt__cte__') else source('ai_impact', name) }}
    {%- else -%}
        {%- set columns = {} -%}
        {%- for column in ai_impact.source_columns(name) -%}
            {%- do columns.update({column.name: column.type}) -%}
        {%- endfor -%}
        ({{ ai_impact.no_rows(columns) }}) as {{ name }}
    {%- endif -%}
{%- endmacro %}

{# No rows of columns with these types. #}
{% macro no_rows(columns) -%}
    select {% for name, type in columns.items() %}cast(null as {{ ai_impact.physical_type(type) }}) as {{ name }}{{ ', ' if not loop.last }}{% endfor %}
    from (select 1 as nothing) as nobody where 1 = 0
{%- endmacro %}

{# The node that a source is read from, by what its staging depends on: a hook can't render the var. None where it is switched off, and in a unit test. #}
{% macro raw_node(name) %}
    {%- set staged = (graph.get('nodes') or {}).get('model.ai_impact.base_' ~ name) if execute else none -%}
    {%- for key in (staged.depends_on.nodes if staged and ai_impact.source_is_enabled(name) else []) -%}
        {{- return((graph.get('sources') or {}).get(key) or graph['nodes'].get(key)) -}}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}

{# The table or view of that node, or none where there is none yet. #}
{% macro raw_relation(name) %}
    {%- set node = ai_impact.raw_node(name) -%}
    {{- return(adapter.get_relation(
        database=node.database if node else var('raw_database') or target.database,
        schema=node.schema if node else var('raw_schema'),
        identifier=(node.identifier or node.alias) if node else var(name ~ '_identifier')
    )) -}}
{% endmacro %}

{# The raw table with every column of the contract: one that may be absent, because the contract gained it later, is NULL where it is. #}
{% macro whole_raw(name) -%}
    {%- set absent = ai_impact.absent_columns(name) if execute and ai_impact.source_is_enabled(name) else [] -%}
    {%- if absent -%}
        (
            select raw_rows.*, {% for column in absent %}cast(null as {{ dbt.type_string() }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %}
            from {{ ai_impact.raw(name) }} as raw_rows
        ) as {{ name }}
    {%- else -%}
        {{ ai_impact.raw(name) }}
    {%- endif -%}
{%- endmacro %}

{# Columns that the raw table may lack (`may_be_absent` in _sources.yml), and does. #}
{% macro absent_columns(name) %}
    {%- set wanted = ai_impact.source_columns(name) | selectattr('may_be_absent') | map(attribute='name') | list -%}
    {%- set relation = ai_impact.raw_relation(name) if wanted else none -%}
    {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if relation else wanted -%}
    {{- return(wanted | reject('in', found) | list) -}}
{% endmacro %}

{# Columns of the raw table that the contract does not know, so that nothing reads them. None in a unit test, which has no sources. #}
{% macro unread_columns(name) %}
    {%- set relation = ai_impact.raw_relation(name) if execute and 'sources' in graph else none -%}
    {%- set found = adapter.get_columns_in_relation(relation) | map(attribute='name') | map('lower') | list if relation else [] -%}
    {{- return(found | reject('in', ai_impact.source_columns(name) | map(attribute='name') | list) | list if found else []) -}}
{% endmacro %}

{# A source that is not mandatory has a var that switches it off. #}
{% macro source_is_enabled(name) %}
    {{- return(name in ai_impact.mandatory_sources() or var(name ~ '_enabled')) -}}
{% endmacro %}

{# A source as defined in models/staging/_sources.yml: name, state key, columns. Empty while parsing. #}
{% macro source_node(name) %}
    {%- for node in ((graph.get('sources') or {}).values() if execute else []) if node.package_name == 'ai_impact' and node.source_name == 'ai_impact' and node.name == name -%}
        {{- return(node) -}}
    {%- endfor -%}
    {{- return(none) -}}
{% endmacro %}

{# The columns of a source as models/staging/_sources.yml states them: name, type, and what is checked. #}
{% macro source_columns(name) %}
    {%- set columns = [] -%}
    {%- set node = ai_impact.source_node(name) -%}
    {%- for column in (node.columns.values() if node else []) -%}
        {%- set meta = column.config.meta or column.meta -%}
        {%- do columns.append({
            'name': column.name, 'type': column.data_type, 'required': meta.get('required', false),
            'person': meta.get('person', false), 'values': meta.get('values'), 'is_kind': meta.get('kind', false), 'min': meta.get('min'), 'max': meta.get('max'),
            'may_be_absent': meta.get('may_be_absent', false), 'id_of': meta.get('id_of'),
            'max_length': 512 if meta.get('id_of') or column.name.endswith('_id') or column.name.endswith('_hash') else 256
        }) -%}
    {%- endfor -%}
    {{- return(columns) -}}
{% endmacro %}

{# What makes two rows the same event, or the same version of a state row. #}
{% macro source_identity(name) %}
    {%- set node = ai_impact.source_node(name) -%}
    {%- set state_key = (node.config.meta or node.meta).get('state_key') if node -%}
    {{- return((state_key + ['updated_at']) if state_key else ['source', 'event_id']) -}}
{% endmacro %}

{# The hash of a row's identity, never NULL: a row without a key is identified by its content, on all engines. #}
{% macro identity_key(name) -%}
    {%- set spelled = [] -%}
    {%- for column in ai_impact.source_identity(name) -%}
        {%- do spelled.append(ai_impact.to_text(column, 'timestamp') if column == 'updated_at' else column) -%}
    {%- endfor -%}
    {%- set said = ai_impact.raw_row(ai_impact.source_columns(name) | rejectattr('name', 'equalto', 'received_at') | list) -%}
    case
        when {% for column in ai_impact.source_identity(name) %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %} then {{ ai_impact.hash_key(["'no key'", said]) }}
        else {{ ai_impact.hash_key(spelled) }}
    end
{%- endmacro %}

{# A column of a raw table in its type; NULL where it does not cast. A text loses the blanks around it and is NULL where nothing is left. #}
{% macro typed_column(column) -%}
    {%- set text = ai_impact.trimmed(ai_impact.as_text(column.name)) -%}
    {%- if column.type != 'string' -%}
        {{ ai_impact.try_cast(column.name, column.type) }}
    {%- elif column['values'] -%}
        {{ ai_impact.plain_word(text, column['values']) }}
    {%- elif column.is_kind -%}
        lower({{ text }})
    {%- else -%}
        {{ text }}
    {%- endif -%}
{%- endmacro %}

{# A typed column as staging keeps it: the identifier of a person, or of a thing of an unknown kind, as its token; of a text that is too
   long, or no word of its vocabulary, the outline alone. #}
{% macro kept_column(column, columns) -%}
    {%- set typed = 'typed.' ~ column.name -%}
    {%- if column.type != 'string' -%}
        {{ typed }}
    {%- elif column.person -%}
        {{ ai_impact.id_token(typed) }}
    {%- elif column.id_of -%}
        case when {{ ai_impact.is_open_type('typed.' ~ column.id_of) }} and length({{ typed }}) <= {{ column.max_length }} then {{ typed }} else {{ ai_impact.id_token(typed) }} end
    {%- elif column['values'] -%}
        case when {{ typed }} in ('{{ column['values'] | join("', '") }}') then {{ typed }} else {{ ai_impact.outline(typed) }} end
    {%- else -%}
        case when length({{ typed }}) <= {{ column.max_length }} then {{ typed }} else {{ ai_impact.outline(typed) }} end
    {%- endif -%}
{%- endmacro %}

{# The first column whose text is longer than it may be, or NULL. #}
{% macro too_long(columns) -%}
    case
        {%- for column in columns if column.type == 'string' %}
        when length(typed.{{ column.name }}) > {{ column.max_length }} then '{{ column.name }}'
        {%- endfor %}
    end
{%- endmacro %}

{# A word of a closed vocabulary, however it is spelt: small letters, underscores between its parts, and the contract's spelling where
   there are two (`Canceled`, `AI-assisted`). #}
{% macro plain_word(text, known) -%}
    {%- set plain = "replace(replace(lower(" ~ text ~ "), ' ', '_'), '-', '_')" -%}
    {%- set spellings = [] -%}
    {%- for found, meant in {'canceled': 'cancelled', 'license': 'licence', 'randomised': 'randomized'}.items() if meant in known -%}
        {%- do spellings.append("when '" ~ found ~ "' then '" ~ meant ~ "'") -%}
    {%- endfor -%}
    {{ 'case ' ~ plain ~ ' ' ~ spellings | join(' ') ~ ' else ' ~ plain ~ ' end' if spellings else plain }}
{%- endmacro %}

{# Whether a raw value is empty: NULL or blanks. `typed` is NULL for both, which spares a look at all others. #}
{% macro says_nothing(column) -%}
    ({{ column.name }} is null and {{ ai_impact.trimmed('cast(raw_' ~ column.name ~ ' as ' ~ dbt.type_string() ~ ')') }} is null)
{%- endmacro %}

{# The content of each column, for comparison: NULL and an empty text are equal. #}
{% macro said_in(columns) %}
    {%- set expressions = [] -%}
    {%- for column in columns -%}
        {%- do expressions.append(
            column.name if column.type == 'string' else 'case when not ' ~ ai_impact.says_nothing(column) ~ ' then raw_' ~ column.name ~ ' end'
        ) -%}
    {%- endfor -%}
    {{- return(expressions) -}}
{% endmacro %}

{# The columns of the identity, typed: two spellings of one time are one version. #}
{% macro typed_identity(name, columns) %}
    {%- set expressions = [] -%}
    {%- for column in columns if column.name in ai_impact.source_identity(name) -%}
        {%- do expressions.append(ai_impact.typed_column(column)) -%}
    {%- endfor -%}
    {{- return(expressions) -}}
{% endmacro %}

{# The column with the time of the event. #}
{% macro source_clock(name) %}
    {{- return('updated_at' if 'updated_at' in ai_impact.source_identity(name) else 'occurred_at') -}}
{% endmacro %}

{# The sources that can't be switched off. #}
{% macro mandatory_sources() %}
    {{- return(['task_events', 'ai_events']) -}}
{% endmacro %}

{# Every source of the data contract. #}
{% macro source_names() %}
    {{- return([
        'task_events', 'ai_events', 'decision_events', 'evaluations', 'assignments', 'unit_covariates', 'touches', 'outcome_events',
        'opportunities', 'survey_responses', 'incidents', 'requisitions', 'market_signals', 'cost_records', 'identity_links'
    ]) -}}
{% endmacro %}

{# The day of a time of receipt; 1970-01-01 where that could not be read, so that such rows are counted too. #}
{% macro load_day(received_at) -%}
    coalesce(cast({{ received_at }} as date), cast('1970-01-01' as date))
{%- endmacro %}
