"""The effect of every registered metric, by every method of its design."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("ai_impact", "int_experiments"),
        "int_metric_catalog": dbt.ref("ai_impact", "int_metric_catalog"),
        "moments_unit_metrics": dbt.ref("ai_impact", "moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("ai_impact", "moments_arm_counts"),
        "moments_quantile_points": dbt.ref("ai_impact", "moments_quantile_points"),
        "moments_quantiles": dbt.ref("ai_impact", "moments_quantiles"),
        "moments_covariances": dbt.ref("ai_impact", "moments_covariances"),
        "moments_covariate_cells": dbt.ref("ai_impact", "moments_covariate_cells"),
        "moments_cluster_products": dbt.ref("ai_impact", "moments_cluster_products"),
        "moments_weeks": dbt.ref("ai_impact", "moments_weeks"),
        "moments_cluster_weeks": dbt.ref("ai_impact", "moments_cluster_weeks"),
        "moments_past": dbt.ref("ai_impact", "moments_past"),
        "moments_start_counts": dbt.ref("ai_impact", "moments_start_counts"),
        "moments_neighbours": dbt.ref("ai_impact", "moments_neighbours"),
        "moments_losses": dbt.ref("ai_impact", "moments_losses"),
        "moments_groups": dbt.ref("ai_impact", "moments_groups"),
        "moments_reach": dbt.ref("ai_impact", "moments_reach"),
        "moments_left_out": dbt.ref("ai_impact", "moments_left_out"),
        "moments_cohort_periods": dbt.ref("ai_impact", "moments_cohort_periods"),
        "moments_cohort_clusters": dbt.ref("ai_impact", "moments_cohort_clusters"),
        "int_geo_panels": dbt.ref("ai_impact", "int_geo_panels"),
        "moments_matched_cells": dbt.ref("ai_impact", "moments_matched_cells"),
        "int_matched_sample": dbt.ref("ai_impact", "int_matched_sample"),
        "moments_series": dbt.ref("ai_impact", "moments_series"),
    }
    return result("estimates", tables, dbt, session)
