"""The effect of every registered comparison of matched units, from cells of their covariates."""

from ai_impact_stats.designs.matched import estimate_matched
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    cells = read(dbt.ref("moments_matched_cells"))
    sample = read(dbt.ref("int_matched_sample"))
    left_out = read(dbt.ref("moments_left_out"))
    past = read(dbt.ref("moments_past"))
    return write(estimate_matched(registry, metrics, cells, sample, left_out, past), session)
