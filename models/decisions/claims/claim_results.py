"""One sentence for each finding of an experiment or KPI, with what it rests on and whether it may be said."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "estimates": dbt.ref("ai_impact", "impact_estimates"),
        "experiments": dbt.ref("ai_impact", "experiments"),
        "runs": dbt.ref("ai_impact", "int_experiments"),
        "metrics": dbt.ref("ai_impact", "int_metric_catalog"),
        "use_cases": dbt.ref("ai_impact", "use_cases"),
        "kpi_catalog": dbt.ref("ai_impact", "int_kpi_catalog"),
        "kpi_values": dbt.ref("ai_impact", "claim_kpis"),
        "health": dbt.ref("ai_impact", "experiment_health"),
        "versions": dbt.ref("ai_impact", "int_use_case_versions"),
    }
    return result("claims", tables, dbt, session, level=float(dbt.config.get("confidence_level")))
