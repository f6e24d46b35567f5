{#- What keeps numbers from being trusted: versions to go back from, drift, gaps in the data, changed definitions,
    findings of governance, rows in quarantine by reason. A new kind is one more branch with the same columns. -#}
with {{ ai_impact.imports([
    'governance_findings', 'event_quarantine', 'dim_use_cases', 'experiments', 'report_sources',
    'rollback_recommendations', 'model_drift', 'data_quality_status', 'definition_changes', 'int_kpi_catalog'
]) }},

held as (
    select
        source,
        reason,
        count(*) as n
    from event_quarantine
    group by source, reason
),

problems as (
    select
        'governance' as area,
        finding as kind,
        thing_type,
        thing_id,
        severity,
        n,
        total,
        sentence
    from governance_findings
    union all
    select
        'quarantine' as area,
        held.reason as kind,
        'source' as thing_type,
        held.source as thing_id,
        cast(null as {{ dbt.type_string() }}) as severity,
        held.n,
        report_sources.raw as total,
        replace(held.reason, '_', ' ') || ' in ' || replace(held.source, '_', ' ') as sentence
    from held
    left join report_sources on held.source = report_sources.source_id
    union all
    select
        'rollback' as area,
        recommendation_key as kind,
        'use_case' as thing_type,
        use_case_id as thing_id,
        case state when 'open' then 'high' else 'low' end as severity,
        n_bad_events as n,
        n_events as total,
        sentence || case state when 'closed' then ' It is no longer in use.' else '' end as sentence
    from rollback_recommendations
    union all
    select
        'drift' as area,
        drift_key as kind,
        'use_case' as thing_type,
        use_case_id as thing_id,
        case when not is_in_use then 'low' when is_worse then 'high' else 'medium' end as severity,
        n_current as n,
        n_current + n_reference as total,
        {{ ai_impact.drift_sentence() }} as sentence
    from model_drift
    where alert
    union all
    select
        'data quality' as area,
        check_id as kind,
        subject_type as thing_type,
        subject_id as thing_id,
        case state when 'error' then 'high' when 'warning' then 'medium' else 'low' end as severity,
        cast(null as {{ dbt.type_bigint() }}) as n,
        cast(null as {{ dbt.type_bigint() }}) as total,
        sentence
    from data_quality_status
    where state <> 'ok'
    union all
    select
        'changed definitions' as area,
        change_key as kind,
        'definition' as thing_type,
        definition_id as thing_id,
        case when marked_experiment_ids is null then 'low' else 'medium' end as severity,
        cast(null as {{ dbt.type_bigint() }}) as n,
        cast(null as {{ dbt.type_bigint() }}) as total,
        {{ ai_impact.change_sentence() }} as sentence
    from definition_changes
),

final as (
    select
        {{ ai_impact.hash_key(['problems.area', 'problems.kind', 'problems.thing_type', 'problems.thing_id']) }}
            as report_key,
        {{ ai_impact.columns('problems', ['area', 'kind', 'thing_type', 'thing_id', 'severity', 'sentence']) }},
        replace(problems.kind, '_', ' ') as kind_name,
        coalesce(dim_use_cases.name, experiments.name, int_kpi_catalog.name, replace(problems.thing_id, '_', ' '))
            as thing,
        case problems.severity when 'high' then 1 when 'medium' then 2 when 'low' then 3 end as severity_rank,
        cast(problems.n as {{ dbt.type_bigint() }}) as n,
        cast(problems.total as {{ dbt.type_bigint() }}) as total,
        {{ ai_impact.safe_divide('problems.n', 'problems.total') }} as share,
        loads.as_of
    from problems
    left join dim_use_cases on problems.thing_type = 'use_case' and problems.thing_id = dim_use_cases.use_case_id
    left join experiments on problems.thing_type = 'experiment' and problems.thing_id = experiments.experiment_id
    left join int_kpi_catalog on problems.thing_type = 'kpi' and problems.thing_id = int_kpi_catalog.kpi_id
    cross join loads
)

select * from final
