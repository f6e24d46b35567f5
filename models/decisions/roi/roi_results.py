"""The return on investment of every use case and period, with what its inputs' uncertainty makes of it."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "costs": dbt.ref("ai_impact", "roi_costs"),
        "volumes": dbt.ref("ai_impact", "roi_volumes"),
        "effects": dbt.ref("ai_impact", "roi_effects"),
        "assumptions": dbt.ref("ai_impact", "roi_assumptions"),
        "overlaps": dbt.ref("ai_impact", "roi_overlaps"),
    }
    return result("returns", tables, dbt, session)
