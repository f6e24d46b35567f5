"""The effect of every registered metric on a weekly series."""

from ai_impact_stats import read, write
from ai_impact_stats.timeseries import estimate_series


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    weekly = read(dbt.ref("moments_series"))
    return write(estimate_series(registry, metrics, weekly), session)
