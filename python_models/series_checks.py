"""Whether an effect on a series may be believed."""

from ai_impact_stats.designs.series import check_series
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    dated = read(dbt.ref("moments_series"))
    return write(check_series(registry, metrics, dated), session)
