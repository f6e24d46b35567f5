"""Whether an effect on a weekly series may be believed."""

from ai_impact_stats import read, write
from ai_impact_stats.timeseries import check_series


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    weekly = read(dbt.ref("moments_series"))
    return write(check_series(registry, metrics, weekly), session)
