"""How alike the arms were before the start; of matched units, before and after weighting."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("int_experiments"),
        "metric_catalog": dbt.ref("metric_catalog"),
        "moments_unit_metrics": dbt.ref("moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("moments_arm_counts"),
        "moments_covariances": dbt.ref("moments_covariances"),
        "moments_matched_cells": dbt.ref("moments_matched_cells"),
    }
    return result("balance", tables, dbt, session)
