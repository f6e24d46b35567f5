"""What would have been without the change, period by period."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("int_experiments"),
        "metric_catalog": dbt.ref("metric_catalog"),
        "int_geo_panels": dbt.ref("int_geo_panels"),
        "moments_series": dbt.ref("moments_series"),
    }
    return result("counterfactuals", tables, dbt, session)
