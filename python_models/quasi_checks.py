"""The diagnostics of rollouts and matched comparisons."""

from ai_impact_stats import read, write
from ai_impact_stats.health import CHECKS
from ai_impact_stats.matched import check_matched
from ai_impact_stats.rollouts import check_rollouts
from ai_impact_stats.tables import write_table


def model(dbt, session):
    dbt.config(packages=["ai-impact-stats"])
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    cohorts = read(dbt.ref("moments_cohort_periods"))
    cells = read(dbt.ref("moments_matched_cells"))
    rows = check_rollouts(registry, cohorts) + check_matched(registry, metrics, cells)
    return write(write_table(rows, CHECKS), session)
