{# Common table expressions that end in `shown`, from `changes`, `measured` and `distances`: which rule makes an alert, and the columns of
   model_drift but its key. #}
{% macro drift_judged() -%}
{%- set least_n = var('min_observations') -%}
judged as (
    select
        moments.*,
        distances.bins,
        distances.psi,
        distances.js_distance,
        distances.ks_distance,
        {{ ai_impact.least(['1e0', '2e0 * exp(-2e0 * power(distances.ks_distance, 2) / noise)']) }} as ks_p_value,
        {{ ai_impact.greatest(['0.1e0', 'noise * ' ~ ai_impact.chi_square_quantile('distances.bins')]) }}
            as psi_threshold,
        noise * {{ ai_impact.chi_square_quantile('distances.bins', '0.9995') }} <= 0.1e0 as is_psi_settled,
        coalesce(first_change_at is not null, false) as is_changed,
        case when n_reference < {{ least_n }} or n_current < {{ least_n }} then 1 else 0 end as is_few
    from (
        select
            *,
            1e0 / n_reference + 1e0 / n_current as noise
        from measured
    ) as moments
    left join distances on moments.change_key = distances.change_key and moments.metric = distances.metric
),

shown as (
    select
        judged.change_key,
        changes.use_case_id,
        judged.metric,
        changes.version_kind,
        changes.change_kind,
        changes.previous_version,
        changes.version,
        cast(changes.current_from as {{ ai_impact.physical_type('timestamp') }}) as changed_at,
        changes.is_in_use,
        cast(judged.n_reference as bigint) as n_reference,
        cast(judged.n_current as bigint) as n_current,
        judged.reference_value,
        judged.current_value,
        judged.change_absolute,
        judged.change_absolute - {{ ai_impact.interval_z() }}e0 * judged.std_error as ci_low,
        judged.change_absolute + {{ ai_impact.interval_z() }}e0 * judged.std_error as ci_high,
        100e0 * judged.change_relative as change_percent,
        100e0 * (judged.change_relative - {{ ai_impact.interval_z() }}e0 * judged.relative_error)
            as change_percent_ci_low,
        100e0 * (judged.change_relative + {{ ai_impact.interval_z() }}e0 * judged.relative_error)
            as change_percent_ci_high,
        judged.change_absolute - judged.every_look as every_look_low,
        judged.change_absolute + judged.every_look as every_look_high,
        judged.dispersion,
        judged.psi,
        judged.psi_threshold,
        cast(judged.bins as bigint) as psi_bins,
        judged.js_distance,
        judged.ks_distance,
        judged.ks_p_value,
        case when judged.cusum_p_value < 0.01 then judged.change_point_on end as change_point_on,
        judged.cusum_p_value,
        judged.is_changed or coalesce(judged.is_psi_settled and judged.psi >= judged.psi_threshold, false) as alert,
        case when judged.first_change_at is not null then 'change' when judged.is_psi_settled
            and judged.psi >= judged.psi_threshold then 'distribution' end as alert_rule,
        judged.first_change_at,
        judged.first_worse_at,
        judged.first_worse_at is not null as is_worse,
        case
            when judged.is_few = 1
                then 'Fewer than {{ least_n }} observations on a side: no alert either way.'
            when judged.std_error is null then 'The metric does not vary: its change has no interval.'
            when judged.psi is null then 'The metric is kept without a histogram, or lies in one bin: no distance.'
            when not judged.is_psi_settled
                then 'Too few observations for the distance to decide; the interval at every look decides.'
        end as reason
    from judged
    inner join changes on judged.change_key = changes.change_key
)
{%- endmacro %}
