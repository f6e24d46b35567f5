"""What came of decisions that people overrode or looked at, against those they accepted or never saw."""

from ai_impact_stats import result


def model(dbt, session):
    tables = {
        "cells": dbt.ref("ai_impact", "int_decision_cells"),
        "arms": dbt.ref("ai_impact", "int_decision_arms"),
    }
    return result("compare_decisions", tables, dbt, session)
