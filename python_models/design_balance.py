"""How alike the arms were before the start; of matched units, before and after weighting."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("ai_impact", "int_experiments"),
        "int_metric_catalog": dbt.ref("ai_impact", "int_metric_catalog"),
        "moments_unit_metrics": dbt.ref("ai_impact", "moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("ai_impact", "moments_arm_counts"),
        "moments_covariances": dbt.ref("ai_impact", "moments_covariances"),
        "moments_matched_cells": dbt.ref("ai_impact", "moments_matched_cells"),
    }
    return result("balance", tables, dbt, session)
