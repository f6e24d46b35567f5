"""Who responds to the treatment, judged on units that the models have not seen."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "registry": dbt.ref("ai_impact", "int_experiments"),
        "metrics": dbt.ref("ai_impact", "int_metric_catalog"),
        "units": dbt.ref("ai_impact", "int_uplift_units"),
        "features": dbt.ref("ai_impact", "int_uplift_features"),
    }
    return result("uplift_scores", tables, dbt, session)
