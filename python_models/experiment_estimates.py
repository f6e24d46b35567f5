"""The effect of every registered metric, from moments."""

from ai_impact_stats.designs.experiments import estimate_experiments
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    moments = read(dbt.ref("moments_unit_metrics"))
    counts = read(dbt.ref("moments_arm_counts"))
    further = {
        "quantile_points": read(dbt.ref("moments_quantile_points")),
        "quantile_bins": read(dbt.ref("moments_quantiles")),
        "covariances": read(dbt.ref("moments_covariances")),
        "covariate_cells": read(dbt.ref("moments_covariate_cells")),
        "products": read(dbt.ref("moments_cluster_products")),
        "weeks": read(dbt.ref("moments_weeks")),
        "cluster_weeks": read(dbt.ref("moments_cluster_weeks")),
        "past": read(dbt.ref("moments_past")),
        "starts": read(dbt.ref("moments_start_counts")),
        "neighbours": read(dbt.ref("moments_neighbours")),
    }
    return write(estimate_experiments(registry, metrics, moments, counts, **further), session)
