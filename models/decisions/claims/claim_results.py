"""One sentence for each finding of an experiment or KPI, with what it rests on and whether it may be said."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "estimates": dbt.ref("impact_estimates"),
        "experiments": dbt.ref("experiments"),
        "runs": dbt.ref("int_experiments"),
        "metrics": dbt.ref("metric_catalog"),
        "use_cases": dbt.ref("use_cases"),
        "kpi_catalog": dbt.ref("kpi_catalog"),
        "kpi_values": dbt.ref("claim_kpis"),
        "health": dbt.ref("experiment_health"),
        "versions": dbt.ref("int_use_case_versions"),
    }
    return result("claims", tables, dbt, session, level=float(dbt.config.get("confidence_level")))
