"""The effect of every registered holdout by region, from the panel of its regions."""

from ai_impact_stats.designs.geo import estimate_geo
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    panels = read(dbt.ref("int_geo_panels"))
    left_out = read(dbt.ref("moments_left_out"))
    past = read(dbt.ref("moments_past"))
    return write(estimate_geo(registry, metrics, panels, left_out, past), session)
