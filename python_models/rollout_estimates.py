"""The effect of every registered rollout, from the moments of its cohorts."""

from ai_impact_stats.designs.rollouts import estimate_rollouts
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    moments = read(dbt.ref("moments_cohort_periods"))
    clusters = read(dbt.ref("moments_cohort_clusters"))
    left_out = read(dbt.ref("moments_left_out"))
    past = read(dbt.ref("moments_past"))
    panels = read(dbt.ref("int_geo_panels"))
    return write(estimate_rollouts(registry, metrics, moments, clusters, left_out, panels, past), session)
