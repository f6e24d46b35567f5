"""The effect of every registered metric on a series."""

from ai_impact_stats import read, write
from ai_impact_stats.timeseries import estimate_series


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    dated = read(dbt.ref("moments_series"))
    return write(estimate_series(registry, metrics, dated), session)
