{#- Every KPI beside its baseline: the same KPI of the same use case and team in the window registered before AI
    went live. A KPI of the whole company is compared with the window of the use case that `kpi_catalog` names.
    A KPI without any row gets one that says why. -#}
{%- set numbers = ['value', 'numerator', 'denominator', 'ci_low', 'ci_high', 'coverage'] -%}
{%- set columns = [
    'kpi_id', 'period_key', 'period_grain', 'period_start', 'period_end', 'baseline_of', 'use_case_id', 'team_id'
] + numbers + ['n', 'reason', 'n_people', 'suppression_rule'] -%}
{%- set lacks -%}
    'It needs the source ' || sources.source || case sources.is_off
        when 1 then ', which is off: set ' || sources.source || '_enabled to true.' else ', of which no row was accepted.'
    end
{%- endset -%}
{#- Of a part that is off nothing is said. -#}
{%- set off = ['(none)'] -%}
{%- do off.append('strategic') if not var('strategic_enabled') -%}
{%- do off.append('human') if not (var('strategic_enabled') and var('evidence_enabled')) -%}
{%- do off.append('observability') if not var('observability_enabled') -%}
{{ config(materialized=ai_impact.heavy_view()) }}

with measured as (
    select * from {{ ref('ai_impact', 'kpi_measures') }}
),

periods as (
    select * from {{ ref('ai_impact', 'int_kpi_periods') }}
    where period_grain not in ('hour', 'baseline')
),

received as (
    select
        source,
        sum(accepted) as accepted
    from {{ ref('ai_impact', 'event_reconciliation') }}
    group by source
),

use_cases as (
    select * from {{ ref('ai_impact', 'dim_use_cases') }}
),

catalog as (
    select * from {{ ref('ai_impact', 'int_kpi_catalog') }}
),

present as (
    select distinct kpi_id from measured
    where period_grain <> 'baseline'
),

absent as (
    select catalog.*
    from catalog
    left join present on catalog.kpi_id = present.kpi_id
    where
        present.kpi_id is null
        and coalesce(catalog.domain, '') not in ({{ ai_impact.quoted(off) }})
),

sources as (
    {% for name in ai_impact.source_names() -%}
        select
            '{{ name }}' as source,
            {{ 0 if ai_impact.source_is_enabled(name) else 1 }} as is_off
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

-- What a KPI without rows waits for: a source that is off or has no rows; if none, NULL.
lacking as (
    select
        absent.kpi_id,
        {{ ai_impact.joined_sorted(lacks, ' ') }} as reason
    from absent
    inner join sources on {{ ai_impact.in_list('sources.source', 'absent.sources') }}
    left join received on sources.source = received.source
    where sources.is_off = 1 or coalesce(received.accepted, 0) = 0
    group by absent.kpi_id
),

-- Its row is the company's, in the newest period of its own length, or of the length next to it.
placed_absent as (
    select
        absent.kpi_id,
        periods.period_key,
        periods.period_grain,
        periods.starts_at as period_start,
        periods.ends_at as period_end,
        coalesce(
            lacking.reason,
            'No period has what it is measured from' || coalesce(': ' || replace(absent.needs, '|', ', '), '') || '.'
        ) as reason,
        row_number() over (
            partition by absent.kpi_id
            order by abs(periods.days_in_period - coalesce(absent.window_days, 90)), periods.starts_at desc
        ) as place
    from absent
    cross join periods
    left join lacking on absent.kpi_id = lacking.kpi_id
),

measures as (
    select {{ columns | join(', ') }} from measured
    union all
    select
        kpi_id, period_key, period_grain, period_start, period_end,
        {{ ai_impact.rollup_label() }}, {{ ai_impact.rollup_label() }}, {{ ai_impact.rollup_label() }},
        {% for column in numbers -%}
            cast(null as {{ ai_impact.physical_type('double') }}),
        {% endfor -%}
        cast(null as bigint),
        reason,
        cast(0 as bigint),
        cast(null as {{ dbt.type_string() }})
    from placed_absent
    where place = 1
),

own_targets as (
    select
        catalog.kpi_id,
        use_cases.use_case_id,
        catalog.own_target
    from catalog
    inner join use_cases on {{ ai_impact.in_list('use_cases.use_case_id', 'catalog.own_target_use_cases') }}
    where catalog.own_target is not null
),

placed as (
    select
        measures.*,
        catalog.domain,
        catalog.direction,
        catalog.guarded_by,
        catalog.target_basis,
        catalog.guardrail_margin,
        coalesce(case when catalog.direction = 'up' then own_targets.own_target end, catalog.target_low) as target_low,
        coalesce(case when catalog.direction = 'down' then own_targets.own_target end, catalog.target_high)
            as target_high,
        catalog.causal_experiment_id,
        catalog.causal_metric_id,
        case
            when measures.use_case_id <> {{ ai_impact.rollup_label() }} then measures.use_case_id
            else catalog.baseline_use_case_id
        end as baseline_use_case_id
    from measures
    inner join catalog on measures.kpi_id = catalog.kpi_id
    left join own_targets on measures.kpi_id = own_targets.kpi_id and measures.use_case_id = own_targets.use_case_id
),

baselines as (
    select * from placed
    where period_grain = 'baseline' and baseline_use_case_id = baseline_of and suppression_rule is null
),

compared as (
    select
        placed.*,
        baselines.value as baseline_value,
        baselines.ci_low as baseline_ci_low,
        baselines.ci_high as baseline_ci_high,
        baselines.coverage as baseline_coverage,
        case
            when placed.baseline_use_case_id is null then 'The total of all use cases has no baseline window.'
            when use_cases.use_case_id is null then 'The use case of the baseline is not in the seed use_cases.'
            when not use_cases.has_baseline then use_cases.baseline_problem
            when baselines.value is null then 'The KPI has no value, or a hidden one, in the baseline window.'
            when baselines.ci_low <= 0 and baselines.ci_high >= 0
                then 'The baseline cannot be distinguished from 0, so the change has no percentage.'
        end as baseline_problem
    from placed
    left join baselines
        on
            placed.kpi_id = baselines.kpi_id
            and placed.use_case_id = baselines.use_case_id
            and placed.team_id = baselines.team_id
            and placed.baseline_use_case_id = baselines.baseline_use_case_id
    left join use_cases on placed.baseline_use_case_id = use_cases.use_case_id
    where placed.period_grain <> 'baseline'
),

final as (
    select
        *,
        value - baseline_value as change_absolute,
        -- A score that may be 0 or below, such as NPS, changes by points: a share of it says nothing, as none does of a
        -- baseline that can't be distinguished from 0 (Fieller).
        case
            when target_basis = 'points vs baseline' or baseline_problem is not null then null
            else 100 * {{ ai_impact.safe_divide('value - baseline_value', 'abs(baseline_value)') }}
        end as change_percent,
        {{ ai_impact.as_guardrail() }} as as_guardrail
    from compared
)

select * from final
