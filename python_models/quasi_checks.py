"""The diagnostics of rollouts, matched comparisons and holdouts by region."""

from ai_impact_stats.designs.geo import check_geo
from ai_impact_stats.designs.matched import check_matched
from ai_impact_stats.designs.rollouts import check_rollouts
from ai_impact_stats.io.engines import read, write
from ai_impact_stats.io.schemas import CHECKS
from ai_impact_stats.io.tables import write_table


def model(dbt, session):
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    cohorts = read(dbt.ref("moments_cohort_periods"))
    clusters = read(dbt.ref("moments_cohort_clusters"))
    cells = read(dbt.ref("moments_matched_cells"))
    sample = read(dbt.ref("int_matched_sample"))
    panels = read(dbt.ref("int_geo_panels"))
    rows = check_geo(registry, metrics, panels)
    rows += check_rollouts(registry, cohorts, clusters, panels) + check_matched(registry, metrics, cells, sample)
    return write(write_table(rows, CHECKS), session)
