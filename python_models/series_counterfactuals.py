"""What every weekly series would have been, week by week."""

from ai_impact_stats import read, write
from ai_impact_stats.timeseries import counterfactuals


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    weekly = read(dbt.ref("moments_series"))
    return write(counterfactuals(registry, metrics, weekly), session)
