"""How alike the arms were before the start, from moments."""

from ai_impact_stats.designs.health import balance_experiments
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    moments = read(dbt.ref("moments_unit_metrics"))
    counts = read(dbt.ref("moments_arm_counts"))
    further = {
        "covariances": read(dbt.ref("moments_covariances")),
    }
    return write(balance_experiments(registry, metrics, moments, counts, **further), session)
