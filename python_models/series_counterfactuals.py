"""What every series would have been, period by period."""

from ai_impact_stats.designs.series import counterfactuals
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    dated = read(dbt.ref("moments_series"))
    return write(counterfactuals(registry, metrics, dated), session)
