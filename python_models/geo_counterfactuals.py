"""What the treated regions of every holdout would have been, period by period."""

from ai_impact_stats.designs.geo import counterfactuals_geo
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    panels = read(dbt.ref("int_geo_panels"))
    return write(counterfactuals_geo(registry, metrics, panels), session)
