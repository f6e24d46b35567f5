{#
    What `ai-impact doctor` says in full, at the end of a run that built the KPIs in at most five lines: sources of which more than 1 percent is in
    quarantine, use cases and teams that no seed knows, tasks without minutes, KPIs without a value.
#}
{% macro say_health(results) %}
    {%- set needed = ['dim_use_cases', 'event_quarantine', 'event_reconciliation', 'fct_tasks', 'kpi_values'] -%}
    {%- set built = [] -%}
    {%- for result in results if result.status == 'success' and result.node.package_name == 'ai_impact' and result.node.name in needed -%}
        {%- do built.append(result.node.name) -%}
    {%- endfor -%}
    {%- if execute and built | length == needed | length -%}
        {%- set at = {} -%}
        {%- for name in needed -%}
            {%- set node = graph.nodes['model.ai_impact.' ~ name] -%}
            {%- do at.update({name: adapter.get_relation(node.database, node.schema, node.alias)}) -%}
        {%- endfor -%}
        {%- set lines = [] -%}
        {#- By place, since Snowflake names columns in capitals. -#}
        {%- set rejected = [] -%}
        {%- for row in run_query(ai_impact.much_in_quarantine(at.event_reconciliation, at.event_quarantine)).rows -%}
            {%- do rejected.append({
                'source': row[0], 'reason': row[1], 'reason_column': row[2], 'n': row[3], 'quarantined': row[4], 'raw': row[5]
            }) -%}
        {%- endfor -%}
        {%- for source in rejected | map(attribute='source') | unique | list -%}
            {%- if loop.index <= 2 -%}
                {%- do lines.append(ai_impact.quarantine_sentence(rejected | selectattr('source', 'equalto', source) | list)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set unmapped = run_query('select use_case_id from ' ~ at.dim_use_cases ~ ' where not is_registered order by use_case_id').columns[0].values() -%}
        {%- if unmapped -%}
            {%- do lines.append('The seed use_cases does not have ' ~ unmapped[:3] | join(', ') ~ (' and others' if unmapped | length > 3 else '') ~ ': add a row with a baseline window.') -%}
        {%- endif -%}
        {%- set timed = run_query('select count(*), count(human_minutes) from ' ~ at.fct_tasks ~ ' where is_completed').rows[0] -%}
        {%- if timed[1] * 20 < timed[0] * 19 -%}
            {%- do lines.append((timed[0] - timed[1]) ~ ' of ' ~ timed[0] ~ ' completed tasks have no human_minutes: labour, cost and time saved leave them out.') -%}
        {%- endif -%}
        {%- set known = run_query('select count(distinct kpi_id), count(distinct case when value is not null then kpi_id end) from ' ~ at.kpi_values).rows[0] -%}
        {%- set more = '`ai-impact doctor` says what the others lack, and the fix.' if known[1] < known[0] else '`ai-impact doctor` says more.' if lines else '' -%}
        {%- do lines.append((known[1] ~ ' of ' ~ known[0] ~ ' KPIs have values. ' ~ more) | trim) -%}
        {%- for line in lines -%}
            {%- do log('ai_impact: ' ~ line, info=true) -%}
        {%- endfor -%}
    {%- endif -%}
{% endmacro %}

{#
    A select of the reasons, most rows first, of sources of which more than 1 percent is in quarantine. Links are left out, as in the test
    mostly_accepted.
#}
{% macro much_in_quarantine(reconciliation, quarantine) -%}
    select
        reasons.source,
        reasons.reason,
        reasons.reason_column,
        reasons.n,
        totals.quarantined,
        totals.raw
    from (
        select
            source,
            sum(raw) as raw,
            sum(quarantined) as quarantined
        from {{ reconciliation }}
        group by source
    ) as totals
    inner join (
        select
            source,
            reason,
            reason_column,
            count(*) as n
        from {{ quarantine }}
        group by source, reason, reason_column
    ) as reasons on totals.source = reasons.source
    where totals.quarantined * 100 > totals.raw and totals.source <> 'identity_links'
    order by 1.0 * totals.quarantined / totals.raw desc, reasons.source, reasons.n desc, reasons.reason, reasons.reason_column
{%- endmacro %}

{# Of the reasons of one source, how much is in quarantine, the reason of most of it, and its fix. #}
{% macro quarantine_sentence(rows) %}
    {%- set first = rows[0] -%}
    {%- set share = '%.1f' | format(100.0 * (first['quarantined'] | float) / (first['raw'] | float)) -%}
    {{- return(
        first['source'] ~ ': ' ~ share ~ ' percent of its rows are in quarantine, most as ' ~ first['reason']
        ~ (' in ' ~ first['reason_column'] if first['reason_column'] else '') ~ ' (' ~ first['n'] ~ ' rows): '
        ~ ai_impact.quarantine_fixes().get(first['reason'], 'see docs/ingestion.md') ~ '.'
    ) -}}
{% endmacro %}

{# What mends a row in quarantine, by its reason: docs/ingestion.md says more. #}
{% macro quarantine_fixes() %}
    {{- return({
        'missing_key': 'fill the column in the producer or in the mapping',
        'too_long': 'send an id or a category, never a text that somebody wrote',
        'bad_timestamp': 'send UTC as YYYY-MM-DD HH:MM:SS, or a time with an offset',
        'future_timestamp': 'fix the clock, or the time zone of the mapping',
        'bad_number': 'send a number',
        'bad_boolean': 'send true or false',
        'unknown_enum': 'map the value to one of the data contract',
        'out_of_range': 'fix the number in the producer or in the mapping',
        'negative_duration': 'fix the end, which lies before the start',
        'collision': 'give each event its own event_id',
        'too_late': 'do not map a time of synchronisation to received_at; where the rows are late, accept them with the var accept_late_received_before',
        'shared_identifier': 'check whether the identifier is one of many people',
        'oversized_component': 'check whether the links join many people',
        'unknown_id_type': 'name the type in the var identity_person_types or identity_account_types'
    }) -}}
{% endmacro %}
