"""What every registered experiment can find, from the variance of its baseline."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("ai_impact", "int_experiments"),
        "int_metric_catalog": dbt.ref("ai_impact", "int_metric_catalog"),
        "moments_unit_metrics": dbt.ref("ai_impact", "moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("ai_impact", "moments_arm_counts"),
        "moments_quantile_points": dbt.ref("ai_impact", "moments_quantile_points"),
        "moments_quantiles": dbt.ref("ai_impact", "moments_quantiles"),
        "moments_start_counts": dbt.ref("ai_impact", "moments_start_counts"),
    }
    return result("plans", tables, dbt, session)
