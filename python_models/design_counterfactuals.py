"""What would have been without the change, period by period."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("ai_impact", "int_experiments"),
        "int_metric_catalog": dbt.ref("ai_impact", "int_metric_catalog"),
        "int_geo_panels": dbt.ref("ai_impact", "int_geo_panels"),
        "moments_series": dbt.ref("ai_impact", "moments_series"),
    }
    return result("counterfactuals", tables, dbt, session)
