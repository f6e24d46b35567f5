"""The effect of every registered rollout by periods since treatment."""

from ai_impact_stats.designs.rollouts import study_rollouts
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    moments = read(dbt.ref("moments_cohort_periods"))
    clusters = read(dbt.ref("moments_cohort_clusters"))
    return write(study_rollouts(registry, moments, clusters), session)
