{# At the end of a run: what a failed test means and what to do, where the number of rows that dbt reports says neither. #}
{% macro explain_failures(results) %}
    {%- set explained = {
        'not_null_columns': ai_impact.name_null_columns, 'rows_reconcile': ai_impact.explain_unread_rows,
        'mostly_accepted': ai_impact.explain_quarantine, 'registry_names_are_known': ai_impact.explain_unknown_names
    } -%}
    {%- set said = [] -%}
    {%- for result in results if result.status in ('fail', 'warn') -%}
        {#- A singular test has no test_metadata. -#}
        {%- set name = result.node.test_metadata.name if result.node.test_metadata is defined else result.node.name -%}
        {%- for sentence in (explained[name](result.node, run_query(result.node.compiled_code)) if name in explained else []) if sentence not in said -%}
            {%- do said.append(sentence) -%}
            {%- do log('ai_impact: ' ~ sentence, info=true) -%}
        {%- endfor -%}
    {%- endfor -%}
{% endmacro %}

{# Which columns of a failed not_null_columns have no value, and in how many rows. #}
{% macro name_null_columns(node, rows) %}
    {%- set sentences = [] -%}
    {%- for row in rows -%}
        {%- do sentences.append(node.file_key_name.split('.')[-1] ~ '.' ~ row[0] ~ ' is NULL in ' ~ row[1] ~ ' rows.') -%}
    {%- endfor -%}
    {{- return(sentences) -}}
{% endmacro %}

{# What happened to the raw table of a source whose rows don't reconcile, and which command mends it. Raw tables are append-only. #}
{% macro explain_unread_rows(node, rows) %}
    {%- set sentences = [] -%}
    {%- for name in rows.columns['source'].values() | unique -%}
        {%- set own = rows.rows | selectattr('source', 'equalto', name) | list -%}
        {%- set days = own | map(attribute='load_day') | sort -%}
        {%- set new, gone = [], [] -%}
        {%- for row in own -%}
            {%- do (new if row['unread'] > 0 else gone).append(row) if row['unread'] != 0 -%}
        {%- endfor -%}
        {%- set more, fewer = new | sum(attribute='unread') | int, 0 - (gone | sum(attribute='unread') | int) -%}
        {%- set when = 'on load day ' ~ days[0] if days | length == 1 else 'on ' ~ days | length ~ ' load days from ' ~ days[0] ~ ' to ' ~ days[-1] -%}
        {%- set twice = new | length == own | length and own | selectattr('judged') | list and own | map(attribute='raw') | sum == 2 * (own | map(attribute='judged') | sum) -%}
        {%- set anew = 'run dbt build --full-refresh.' -%}
        {%- if more and fewer -%}
            {%- do sentences.append("The raw table of " ~ name ~ " has " ~ more ~ " rows more and " ~ fewer ~ " fewer than staging read, " ~ when ~ ": it was replaced. If that was meant, " ~ anew) -%}
        {%- elif fewer -%}
            {%- do sentences.append("The raw table of " ~ name ~ " has lost " ~ fewer ~ " rows that staging read, " ~ when ~ ". If they were deleted on purpose, " ~ anew ~ " If not, load them again; then there is nothing else to do.") -%}
        {%- elif more -%}
            {%- do sentences.append("The raw table of " ~ name ~ " has " ~ more ~ " rows that no run has read, " ~ when ~ (": as many again as were there, so it was loaded twice. Delete the second load; then there is nothing else to do. To keep it" if twice else ": they were received before the days that a run reads. To read them") ~ ", run dbt build --vars '{backfill_from: \"" ~ days[0] ~ "\"}'; copies count as duplicates.") -%}
        {%- else -%}
            {%- do sentences.append("Raw rows of " ~ name ~ " say something else than staging read, " ~ when ~ ": they were edited in place. Raw tables are append-only: load a corrected row as a new one. To read the edited rows, " ~ anew) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(sentences) -}}
{% endmacro %}

{# How much of a source is in quarantine. #}
{% macro explain_quarantine(node, rows) %}
    {%- set sentences = [] -%}
    {%- for row in rows -%}
        {%- set look = "Count the reasons: select reason, reason_column, count(*) from event_quarantine where source = '" ~ row['source'] ~ "' group by 1, 2; docs/ingestion.md has the fix of each." -%}
        {%- if row['severity'] == 2 -%}
            {%- do sentences.append("All " ~ row['raw'] ~ " rows of " ~ row['source'] ~ " are in quarantine, so nothing can be computed from them. " ~ look) -%}
        {%- elif row['quarantined'] * 20 > row['raw'] -%}
            {%- do sentences.append(row['quarantined'] ~ " of the " ~ row['raw'] ~ " rows of " ~ row['source'] ~ " are in quarantine, more than 5 percent. " ~ look) -%}
        {%- else -%}
            {%- do sentences.append(row['newest_quarantined'] ~ " of the " ~ row['newest_raw'] ~ " rows of " ~ row['source'] ~ " that were received on " ~ row['newest_day'] ~ " are in quarantine, more than 5 percent. " ~ look) -%}
        {%- endif -%}
    {%- endfor -%}
    {{- return(sentences) -}}
{% endmacro %}
