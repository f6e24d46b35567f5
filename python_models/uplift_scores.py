"""Who responds to the treatment, judged on units that the models have not seen."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "registry": dbt.ref("int_experiments"),
        "metrics": dbt.ref("metric_catalog"),
        "units": dbt.ref("int_uplift_units"),
        "features": dbt.ref("int_uplift_features"),
    }
    return result("uplift_scores", tables, dbt, session)
