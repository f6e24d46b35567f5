"""How alike matched units are before and after weighting."""

from ai_impact_stats.designs.matched import balance_matched
from ai_impact_stats.io.engines import read, write


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    cells = read(dbt.ref("moments_matched_cells"))
    return write(balance_matched(registry, metrics, cells), session)
