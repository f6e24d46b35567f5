"""Whether every experiment is what it claims to be, from moments."""

from ai_impact_stats import check_experiments, read, write


def model(dbt, session):
    dbt.config(packages=["ai-impact-stats"])
    registry = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    moments = read(dbt.ref("moments_unit_metrics"))
    counts = read(dbt.ref("moments_arm_counts"))
    return write(check_experiments(registry, metrics, moments, counts), session)
