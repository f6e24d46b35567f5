{#
    What somebody should hear of now, one row each: recommendations to go back that nobody has acknowledged, objectives that burn, and versions
    in use that differ from the one before or from what they were. `ai-impact alerts` hands it over; as a view of your own:
    select * from ({{ ai_impact.open_alerts() }}) as alerts. A hook, which may not ref, names the three relations.
#}
{% macro open_alerts(rollbacks=none, levels=none, drift=none) -%}
{%- set text = dbt.type_string() -%}
select
    'rollback:' || recommendation_key as alert_key,
    'rollback' as kind,
    use_case_id,
    version as subject,
    'high' as severity,
    {{ ai_impact.to_text('recommended_at', 'timestamp') }} as since,
    sentence
from {{ rollbacks or ref('ai_impact', 'rollback_recommendations') }}
where state = 'open'
union all
select
    'service_level:' || use_case_id || ':' || indicator || ':' || state as alert_key,
    'service_level' as kind,
    use_case_id,
    indicator as subject,
    case when state = 'breach' then 'high' else 'medium' end as severity,
    {{ ai_impact.to_text('as_of', 'timestamp') }} as since,
    sentence
from {{ levels or ref('ai_impact', 'sla_status') }}
where is_latest and (state = 'breach' or (state = 'warning' and burning_rule_hours is not null))
union all
select
    'drift:' || change_key as alert_key,
    'drift' as kind,
    use_case_id,
    min(version) as subject,
    'medium' as severity,
    {{ ai_impact.to_text('min(changed_at)', 'timestamp') }} as since,
    'In ' || use_case_id || ' ' || min(case when change_kind = 'new_version' then version || ' differs from ' || previous_version
    else version || ' differs from its first four weeks' end) || ' in ' || cast(count(*) as {{ text }})
    || case when count(*) = 1 then ' metric, ' else ' metrics, among them ' end || min(metric)
    || ': look at model_drift before you go on.' as sentence
from {{ drift or ref('ai_impact', 'model_drift') }}
where alert and is_in_use
group by change_key, use_case_id
{%- endmacro %}

{# At the end of a run that built any of these: how many there are. Says nothing where there is none, and stops nothing. #}
{% macro name_open_alerts(results) %}
    {%- set names = ['model_drift', 'rollback_recommendations', 'sla_status'] -%}
    {%- set built = [] -%}
    {%- for result in results if result.node.name in names and result.status == 'success' and result.node.package_name == 'ai_impact' -%}
        {%- do built.append(result.node.name) -%}
    {%- endfor -%}
    {%- if execute and built -%}
        {%- set relations = [] -%}
        {%- for name in names -%}
            {%- set node = graph.nodes['model.ai_impact.' ~ name] -%}
            {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
            {%- if relation is not none -%}{%- do relations.append(relation) -%}{%- endif -%}
        {%- endfor -%}
        {%- if relations | length == 3 -%}
            {%- set counts = [] -%}
            {%- set alerts = ai_impact.open_alerts(relations[1], relations[2], relations[0]) -%}
            {%- for row in run_query('select kind, count(*) as n from (' ~ alerts ~ ') as alerts group by kind order by kind').rows -%}
                {%- do counts.append(row[1] ~ ' ' ~ {
                    'rollback': 'to go back to an earlier version', 'service_level': 'about service levels', 'drift': 'about versions that differ'
                }[row[0]]) -%}
            {%- endfor -%}
            {%- if counts -%}
                {%- do log('ai_impact: Open alerts: ' ~ counts | join(', ') ~ '. Run `ai-impact alerts` to see them, or to hand them over.', info=true) -%}
            {%- endif -%}
        {%- endif -%}
    {%- endif -%}
{% endmacro %}
