"""How often recommendations succeed that AI is so sure of, beside what chance makes of a confidence that is right."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {"cells": dbt.ref("ai_impact", "int_decision_confidence")}
    return result("calibration_curve", tables, dbt, session)
