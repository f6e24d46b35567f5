{#
    Why a row can't be accepted, as `reason:column`, or NULL. The first that applies: a missing key, a text that is too long, an unreadable or
    impossible time, a value that does not cast, an unknown enumeration value, a value out of range, then lateness.
#}
{% macro row_problem(name, columns) -%}
    {%- set clock = ai_impact.source_clock(name) -%}
    case
        {%- for column in columns if column.required and column.type == 'string' %}
        when {{ column.name }} is null then 'missing_key:{{ column.name }}'
        {%- endfor %}
        {%- for column in columns if column.required and column.type != 'string' %}
        when {{ ai_impact.says_nothing(column) }} then 'missing_key:{{ column.name }}'
        {%- endfor %}
        when too_long is not null then 'too_long:' || too_long
        {%- for column in columns if column.type in ['timestamp', 'date'] %}
        when ({{ column.name }} is null or {{ ai_impact.is_impossible_time(column) }} and {{ ai_impact.has_happened(name, column) }}) and not {{ ai_impact.says_nothing(column) }} then 'bad_timestamp:{{ column.name }}'
        {%- endfor %}
        when {{ ai_impact.seconds_between('received_at', clock) }} > {{ var('max_clock_skew_minutes') * 60 }} then 'future_timestamp:{{ clock }}'
        when received_at > {{ ai_impact.add_time('day', 1, ai_impact.utc_now()) }} then 'future_timestamp:received_at'
        {%- for column in columns if column.type in ['int', 'double', 'boolean'] %}
        when {{ column.name }} is null and not {{ ai_impact.says_nothing(column) }} then '{{ 'bad_boolean' if column.type == 'boolean' else 'bad_number' }}:{{ column.name }}'
        {%- endfor %}
        {#- Engines round 1.5 to a whole number without a word. #}
        {%- for column in columns if column.type == 'int' %}
        when {{ column.name }} <> {{ ai_impact.try_cast('raw_' ~ column.name, 'double') }} then 'bad_number:{{ column.name }}'
        {%- endfor %}
        {%- for column in columns if column['values'] %}
        when {{ column.name }} not in ('{{ column['values'] | join("', '") }}') then 'unknown_enum:{{ column.name }}'
        {%- endfor %}
        {#- Infinity and not-a-number sort above every bound, so the upper bound catches them. A number without bounds of its own
            has those within which sums of squares stay exact: one row beyond would stop every sum that it is part of. #}
        {%- for column in columns | selectattr('type', 'in', ['double', 'int']) | sort(attribute='type') %}
        when not ({{ column.name }} between {{ column.min if column.min is not none else '-' ~ ai_impact.largest_number() }} and {{ column.max if column.max is not none else ai_impact.largest_number() }}) then 'out_of_range:{{ column.name }}'
        {%- endfor %}
        {%- for score, lowest, highest in ai_impact.scales(name) %}
        when {{ score }} < {{ lowest }} or {{ score }} > {{ highest }} then 'out_of_range:{{ score }}'
        {%- endfor %}
        {%- for pair in ai_impact.ordered_pairs(name) %}
        when {{ ai_impact.is_before(pair[1], pair[0]) }} and {{ ai_impact.has_happened(name, {'name': pair[1]}) }} then 'negative_duration:{{ pair[1] }}'
        {%- endfor %}
        {%- if clock == 'occurred_at' %}
        when {{ ai_impact.is_too_late('received_at', clock) }} then 'too_late:{{ clock }}'
        {%- endif %}
    end
{%- endmacro %}

{# The bound of numbers without one of their own: within it sums of squares stay exact. #}
{% macro largest_number() -%}10000000000000{%- endmacro %}

{# Whether an end lies before its start. One that is a date alone (midnight) may be any time of its day: it is before only what began
   on a later day. #}
{% macro is_before(end, start) -%}
    {%- set day = 'cast(cast(' ~ end ~ ' as date) as ' ~ ai_impact.physical_type('timestamp') ~ ')' -%}
    ({{ end }} < {{ start }} and ({{ end }} > {{ day }} or {{ end }} < cast(cast({{ start }} as date) as {{ ai_impact.physical_type('timestamp') }})))
{%- endmacro %}

{# Whether a time lies before or after all that can have happened. #}
{% macro is_impossible_time(column) -%}
    ({{ column.name }} < {{ ai_impact.first_possible_time(column.type) }} or {{ column.name }} >= cast('2200-01-01' as {{ ai_impact.physical_type(column.type) }}))
{%- endmacro %}

{# Whether the time in a column is one at which something happened: what ends is expected, and may lie anywhere, until the column that
   the pair names third says that it has ended. #}
{% macro has_happened(name, column) -%}
    {%- set flags = [] -%}
    {%- for pair in ai_impact.ordered_pairs(name) if pair[1] == column.name and pair[2] is defined -%}
        {%- do flags.append(pair[2]) -%}
    {%- endfor -%}
    {{ 'coalesce(' ~ flags[0] ~ ', true)' if flags else '1 = 1' }}
{%- endmacro %}

{# A column of an accepted row: an end that is a date alone is not before the start of the same day, so no duration is negative; an
   expected end that no calendar holds is not kept. #}
{% macro settled(name, column) -%}
    {%- set pairs = ai_impact.ordered_pairs(name) | selectattr(1, 'equalto', column.name) | list -%}
    {%- if pairs -%}
    case
        when problem is null and {{ column.name }} < {{ pairs[0][0] }} and {{ ai_impact.has_happened(name, column) }} then {{ pairs[0][0] }}
        when problem is null and {{ ai_impact.is_impossible_time(column) }} then null
        else {{ column.name }}
    end
    {%- else -%}
    {{ column.name }}
    {%- endif -%}
{%- endmacro %}

{# Pairs of columns: the second can't be before the first. An optional third is true once the second has happened. #}
{% macro ordered_pairs(name) %}
    {%- set node = ai_impact.source_node(name) -%}
    {{- return((node.config.meta or node.meta).get('in_order', []) if node else []) -}}
{% endmacro %}

{# Columns with their lowest and highest allowed value, which the row itself contains. #}
{% macro scales(name) %}
    {%- set node = ai_impact.source_node(name) -%}
    {{- return((node.config.meta or node.meta).get('on_scale', []) if node else []) -}}
{% endmacro %}

{# Earlier times are defaults and errors: zero, in one unit or another. #}
{% macro first_possible_time(logical='timestamp') -%}
    cast('1970-01-02' as {{ ai_impact.physical_type(logical) }})
{%- endmacro %}

{# Held back for being late, unless a backfill has accepted what was received until then. #}
{% macro is_too_late(received_at, occurred_at) -%}
    ({{ ai_impact.is_beyond_lateness(received_at, occurred_at) }}
    {%- if var('accept_late_received_before') %} and {{ received_at }} >= cast('{{ var('accept_late_received_before') }}' as {{ ai_impact.physical_type('timestamp') }}){% endif %})
{%- endmacro %}

{# Whether it was received later than `max_lateness_days` after it occurred. #}
{% macro is_beyond_lateness(received_at, occurred_at) -%}
    {{ ai_impact.seconds_between(occurred_at, received_at) }} > {{ var('max_lateness_days') * 86400 }}
{%- endmacro %}

{#
    Which rows an incremental run reads again: those received since `lookback_days` before the newest row of this table that
    counts (or since `backfill_from`) and, in a backfill, the late ones. Never NULL where there is a time of receipt.
#}
{% macro is_read_again(received_at, occurred_at, newest, counts) -%}
    ({{ received_at }} >= coalesce((
        select {{ ai_impact.add_time('day', -var('lookback_days'), 'max(' ~ newest ~ ')') }} from {{ this }} where {{ counts }}
    ), {{ ai_impact.first_possible_time() }})
    {%- if var('backfill_from') %}
    or {{ received_at }} >= cast('{{ var('backfill_from') }}' as {{ ai_impact.physical_type('timestamp') }})
    {%- endif %}
    {%- if var('accept_late_received_before') %}
    or coalesce({{ ai_impact.is_beyond_lateness(received_at, occurred_at) }}, false)
    {%- endif %})
{%- endmacro %}

{# Which raw rows staging reads again: also, always, those without a possible time of receipt. Never NULL: a row that is neither
   read again nor taken along would be lost. #}
{% macro is_in_reload_window(received_at, occurred_at) -%}
    ({{ received_at }} is null
    or {{ received_at }} < {{ ai_impact.first_possible_time() }}
    or {{ ai_impact.is_read_again(received_at, occurred_at, 'received_at', "row_status = 'accepted'") }})
{%- endmacro %}

{# The row as it came, as JSON. Its texts are those that staging keeps; what should be a number or a time and is not may be anything that
   somebody wrote, so of that only the outline is kept. #}
{% macro raw_row(columns) -%}
    {%- set expressions = {} -%}
    {%- for column in columns -%}
        {%- do expressions.update({column.name: column.name if column.type == 'string' else ai_impact.shown_value(column)}) -%}
    {%- endfor -%}
    {{ ai_impact.json_object(expressions) }}
{%- endmacro %}

{# A raw value that is no text, as it came, or its outline. #}
{% macro shown_value(column) -%}
    {%- set text = 'cast(raw_' ~ column.name ~ ' as ' ~ dbt.type_string() ~ ')' -%}
    case when ({{ column.name }} is not null or {{ ai_impact.trimmed(text) }} is null) and length({{ text }}) <= 64 then {{ text }} else {{ ai_impact.outline(text) }} end
{%- endmacro %}

{# The same from typed columns: a collision casts well, and what is left of it in this table is typed. #}
{% macro typed_row(columns) -%}
    {%- set expressions = {} -%}
    {%- for column in columns -%}
        {%- do expressions.update({column.name: ai_impact.to_text(column.name, column.type)}) -%}
    {%- endfor -%}
    {{ ai_impact.json_object(expressions) }}
{%- endmacro %}
