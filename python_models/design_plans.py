"""What every registered experiment can find, from the variance of its baseline."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("int_experiments"),
        "metric_catalog": dbt.ref("metric_catalog"),
        "moments_unit_metrics": dbt.ref("moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("moments_arm_counts"),
        "moments_quantile_points": dbt.ref("moments_quantile_points"),
        "moments_quantiles": dbt.ref("moments_quantiles"),
        "moments_start_counts": dbt.ref("moments_start_counts"),
    }
    return result("plans", tables, dbt, session)
