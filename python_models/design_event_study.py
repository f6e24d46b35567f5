"""The effect by periods since treatment."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "int_experiments": dbt.ref("ai_impact", "int_experiments"),
        "int_metric_catalog": dbt.ref("ai_impact", "int_metric_catalog"),
        "moments_cohort_periods": dbt.ref("ai_impact", "moments_cohort_periods"),
        "moments_cohort_clusters": dbt.ref("ai_impact", "moments_cohort_clusters"),
    }
    return result("event_study", tables, dbt, session)
