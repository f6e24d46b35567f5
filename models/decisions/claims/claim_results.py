"""One sentence for each finding of an experiment or KPI, with what it rests on and whether it may be said."""

from ai_impact_stats import claims, read, write


def model(dbt, session):
    estimates = read(dbt.ref("impact_estimates"))
    experiments = read(dbt.ref("experiments"))
    runs = read(dbt.ref("int_experiments"))
    metrics = read(dbt.ref("metric_catalog"))
    use_cases = read(dbt.ref("use_cases"))
    kpi_catalog = read(dbt.ref("kpi_catalog"))
    kpi_values = read(dbt.ref("claim_kpis"))
    health = read(dbt.ref("experiment_health"))
    versions = read(dbt.ref("int_use_case_versions"))
    tables = (estimates, experiments, runs, metrics, use_cases, kpi_catalog, kpi_values, health, versions)
    return write(claims(*tables, level=float(dbt.config.get("confidence_level"))), session)
