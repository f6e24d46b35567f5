"""The return on investment of every use case and period, with what its inputs' uncertainty makes of it."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "costs": dbt.ref("roi_costs"),
        "volumes": dbt.ref("roi_volumes"),
        "effects": dbt.ref("roi_effects"),
        "assumptions": dbt.ref("roi_assumptions"),
        "overlaps": dbt.ref("roi_overlaps"),
    }
    return result("returns", tables, dbt, session)
