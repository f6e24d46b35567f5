"""How far the people on a panel agree about decisions, criterion by criterion."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {"ratings": dbt.ref("ai_impact", "int_panel_scores")}
    return result("agree", tables, dbt, session)
