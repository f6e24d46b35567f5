"""What every registered experiment can find, from the variance of its baseline."""

from ai_impact_stats.designs.health import plan_experiments
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    moments = read(dbt.ref("moments_unit_metrics"))
    counts = read(dbt.ref("moments_arm_counts"))
    further = {
        "quantile_points": read(dbt.ref("moments_quantile_points")),
        "quantile_bins": read(dbt.ref("moments_quantiles")),
        "starts": read(dbt.ref("moments_start_counts")),
    }
    return write(plan_experiments(registry, metrics, moments, counts, **further), session)
