with curve as (
    select * from {{ ref('ai_impact', 'confidence_calibration') }}
),

final as (
    select
        {{ ai_impact.hash_key(['use_case_id', 'tenth']) }} as calibration_key,
        nullif(use_case_id, {{ ai_impact.rollup_label() }}) as use_case_id,
        cast(tenth / 10e0 as {{ ai_impact.physical_type('double') }}) as confidence_from,
        cast((tenth + 1) / 10e0 as {{ ai_impact.physical_type('double') }}) as confidence_to,
        n,
        mean_confidence,
        success_rate,
        null_low,
        null_high,
        is_as_expected,
        calibration_error,
        calibration_error_null,
        p_value,
        is_suppressed
    from curve
)

select * from final
