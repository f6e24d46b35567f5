"""The tables that Python models return: their columns and types."""

import pyarrow as pa

CHANNEL_CREDITS = pa.schema(
    [
        ("model", pa.string()),
        ("channel", pa.string()),
        ("period_start", pa.string()),
        *((name, pa.float64()) for name in ("conversions", "conversions_ci_low", "conversions_ci_high")),
        *((name, pa.float64()) for name in ("revenue", "revenue_ci_low", "revenue_ci_high")),
        *((name, pa.float64()) for name in ("ai_conversions", "ai_revenue")),
        ("n_conversions", pa.int64()),
        ("n_paths", pa.int64()),
        ("reason", pa.string()),
    ]
)

ESTIMATES = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "metric_id", "method", "segment", "treatment_arm")),
        *((name, pa.string()) for name in ("control_arm", "metric_role", "estimand", "scale")),
        *((name, pa.float64()) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")),
        ("p_value_adjusted", pa.float64()),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        ("mean_treatment", pa.float64()),
        ("mean_control", pa.float64()),
        ("alpha", pa.float64()),
        ("is_primary", pa.bool_()),
        ("is_preregistered", pa.bool_()),
        *((name, pa.string()) for name in ("evidence_grade", "verdict", "reason")),
        ("n_clusters_treatment", pa.int64()),
        ("n_clusters_control", pa.int64()),
        ("inference", pa.string()),
        *((name, pa.float64()) for name in ("sequential_ci_low", "sequential_ci_high", "sequential_p_value")),
        ("interim_bound", pa.float64()),
        *((name, pa.float64()) for name in ("probability_better", "expected_loss", "non_inferiority_margin")),
        ("non_inferiority_p_value", pa.float64()),
        ("is_non_inferior", pa.bool_()),
        ("heterogeneity_p_value", pa.float64()),
        ("heterogeneity_p_value_adjusted", pa.float64()),
        ("sequential_p_value_adjusted", pa.float64()),
    ]
)

CHECKS = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("check_id", pa.string()),
        *((name, pa.float64()) for name in ("statistic", "p_value", "threshold")),
        ("passed", pa.bool_()),
        ("detail", pa.string()),
    ]
)

BALANCE = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "covariate", "treatment_arm")),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        *((name, pa.float64()) for name in ("mean_treatment", "mean_control", "smd_before", "smd_after")),
        ("variance_ratio", pa.float64()),
        ("is_balanced", pa.bool_()),
        ("reason", pa.string()),
    ]
)

PLANS = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "metric_id", "scale")),
        ("weeks", pa.int64()),
        *((name, pa.float64()) for name in ("baseline_mean", "baseline_variance", "design_effect")),
        *((name, pa.float64()) for name in ("remaining_variance", "treatment_share", "units_per_week")),
        *((name, pa.float64()) for name in ("alpha", "power", "effect")),
        *((name, pa.int64()) for name in ("sample_size", "sample_size_adjusted", "weeks_needed")),
        *((name, pa.int64()) for name in ("weeks_needed_adjusted", "units")),
        *((name, pa.float64()) for name in ("detectable_effect", "detectable_effect_adjusted")),
        *((name, pa.string()) for name in ("baseline_source", "reason")),
    ]
)

EVENT_STUDY = pa.schema(
    [
        ("experiment_id", pa.string()),
        ("metric_id", pa.string()),
        ("relative_period", pa.int64()),
        ("is_pre_period", pa.bool_()),
        *((name, pa.float64()) for name in ("estimate", "std_error", "ci_low", "ci_high", "p_value")),
        *((name, pa.float64()) for name in ("band_low", "band_high")),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        ("alpha", pa.float64()),
        ("reason", pa.string()),
    ]
)

COUNTERFACTUAL = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "metric_id", "week")),
        ("is_after", pa.bool_()),
        *((name, pa.float64()) for name in ("observed", "expected", "ci_low", "ci_high", "effect")),
        *((name, pa.float64()) for name in ("cumulative_effect", "cumulative_ci_low", "cumulative_ci_high")),
        ("period", pa.string()),
    ]
)

KEYS = ("experiment_id", "metric_id", "learner", "treatment_arm")
DECILES = pa.schema(
    [
        *((name, pa.string()) for name in KEYS),
        *((name, pa.int64()) for name in ("decile", "n_treatment", "n_control")),
        *((name, pa.float64()) for name in ("predicted", "observed", "std_error", "ci_low", "ci_high")),
        *((name, pa.float64()) for name in ("heterogeneity_p_value", "calibration_slope")),
        ("is_heterogeneous", pa.bool_()),
        *((name, pa.string()) for name in ("recommendation", "reason")),
    ]
)

CURVE = pa.schema(
    [
        *((name, pa.string()) for name in KEYS),
        *((name, pa.float64()) for name in ("share_targeted", "gain", "gain_ci_low", "gain_ci_high", "gain_at_random")),
        *((name, pa.float64()) for name in ("qini", "qini_ci_low", "qini_ci_high", "auuc")),
        *((name, pa.float64()) for name in ("policy_share", "policy_value", "policy_over_all")),
        *((name, pa.float64()) for name in ("policy_over_all_ci_low", "policy_over_all_ci_high")),
        ("reason", pa.string()),
    ]
)

SCORES = pa.unify_schemas([pa.schema([("part", pa.string())]), DECILES, CURVE])

CALIBRATION = pa.schema(
    [
        ("use_case_id", pa.string()),
        ("tenth", pa.int64()),
        ("n", pa.int64()),
        ("mean_confidence", pa.float64()),
        ("success_rate", pa.float64()),
        ("null_low", pa.float64()),
        ("null_high", pa.float64()),
        ("is_as_expected", pa.bool_()),
        ("calibration_error", pa.float64()),
        ("calibration_error_null", pa.float64()),
        ("p_value", pa.float64()),
        ("is_suppressed", pa.bool_()),
    ]
)

CLAIMS = pa.schema(
    [
        *(
            (n, pa.string())
            for n in ("claim_source", "experiment_id", "use_case_id", "kpi", "treatment_arm", "sentence")
        ),
        *((n, pa.string()) for n in ("method", "scale")),
        *((n, pa.float64()) for n in ("estimate", "ci_low", "ci_high", "p_value", "p_value_family")),
        *((n, pa.string()) for n in ("evidence_grade", "verdict", "guardrails", "guardrail_status", "sensitivity")),
        *((n, pa.float64()) for n in ("e_value", "e_value_limit")),
        *((n, pa.int64()) for n in ("methods_agreeing", "methods_compared")),
        *((n, pa.string()) for n in ("registration", "evidence_from", "evidence_to", "stale_since", "reason")),
        *((n, pa.bool_()) for n in ("is_causal", "is_stale")),
    ]
)

COMPARISONS = pa.schema(
    [
        ("kpi_id", pa.string()),
        ("use_case_id", pa.string()),
        ("period_key", pa.string()),
        ("comparison", pa.string()),
        ("basis", pa.string()),
        ("experiment_id", pa.string()),
        ("estimate", pa.float64()),
        ("std_error", pa.float64()),
        ("ci_low", pa.float64()),
        ("ci_high", pa.float64()),
        ("p_value", pa.float64()),
        ("mean_treatment", pa.float64()),
        ("mean_control", pa.float64()),
        ("n_treatment", pa.int64()),
        ("n_control", pa.int64()),
        ("n_unmatched", pa.int64()),
        ("evidence_grade", pa.string()),
        ("reason", pa.string()),
    ]
)

AGREEMENT = pa.schema(
    [
        ("use_case_id", pa.string()),
        ("period_key", pa.string()),
        ("rubric_version", pa.string()),
        ("criterion", pa.string()),
        ("n_ratings", pa.int64()),
        ("n_raters", pa.int64()),
        ("n_decisions", pa.int64()),
        ("alpha", pa.float64()),
        ("alpha_ci_low", pa.float64()),
        ("alpha_ci_high", pa.float64()),
        ("icc", pa.float64()),
        ("icc_ci_low", pa.float64()),
        ("icc_ci_high", pa.float64()),
        ("n_complete", pa.int64()),
        ("reliability", pa.string()),
        ("reason", pa.string()),
    ]
)

RETURNS = pa.schema(
    [
        *((name, pa.string()) for name in ("part", "use_case_id", "period_key", "driver")),
        *((name, pa.float64()) for name in ("days", "revenue", "labour_saved", "operating_cost", "training_cost")),
        *((name, pa.float64()) for name in ("remediation_cost", "net_benefit", "not_counted", "double_counted")),
        *((name, pa.float64()) for name in ("roi", "roi_low", "roi_high", "roi_ci_low", "roi_ci_high", "p_positive")),
        *((name, pa.float64()) for name in ("net_present_value", "npv_ci_low", "npv_ci_high", "payback_months")),
        *((name, pa.float64()) for name in ("low_value", "base_value", "high_value", "roi_at_low", "roi_at_high")),
        *((name, pa.float64()) for name in ("swing", "break_even", "quantile")),
        *((name, pa.float64()) for name in ("not_shown", "roi_with_not_shown", "roi_with_not_shown_ci_low")),
        *((name, pa.float64()) for name in ("roi_with_not_shown_ci_high", "p_positive_with_not_shown")),
        *((name, pa.float64()) for name in ("rescaled", "counted_twice", "company_net_benefit")),
        ("place", pa.int64()),
        ("draws", pa.int64()),
        ("is_admitted_by_var", pa.bool_()),
        *((name, pa.string()) for name in ("revenue_grade", "labour_grade", "stale_since", "reason")),
    ]
)
