"""The effect of every registered metric, by every method of its design."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("int_experiments"),
        "metric_catalog": dbt.ref("metric_catalog"),
        "moments_unit_metrics": dbt.ref("moments_unit_metrics"),
        "moments_arm_counts": dbt.ref("moments_arm_counts"),
        "moments_quantile_points": dbt.ref("moments_quantile_points"),
        "moments_quantiles": dbt.ref("moments_quantiles"),
        "moments_covariances": dbt.ref("moments_covariances"),
        "moments_covariate_cells": dbt.ref("moments_covariate_cells"),
        "moments_cluster_products": dbt.ref("moments_cluster_products"),
        "moments_weeks": dbt.ref("moments_weeks"),
        "moments_cluster_weeks": dbt.ref("moments_cluster_weeks"),
        "moments_past": dbt.ref("moments_past"),
        "moments_start_counts": dbt.ref("moments_start_counts"),
        "moments_neighbours": dbt.ref("moments_neighbours"),
        "moments_losses": dbt.ref("moments_losses"),
        "moments_groups": dbt.ref("moments_groups"),
        "moments_reach": dbt.ref("moments_reach"),
        "moments_left_out": dbt.ref("moments_left_out"),
        "moments_cohort_periods": dbt.ref("moments_cohort_periods"),
        "moments_cohort_clusters": dbt.ref("moments_cohort_clusters"),
        "int_geo_panels": dbt.ref("int_geo_panels"),
        "moments_matched_cells": dbt.ref("moments_matched_cells"),
        "int_matched_sample": dbt.ref("int_matched_sample"),
        "moments_series": dbt.ref("moments_series"),
    }
    return result("estimates", tables, dbt, session)
