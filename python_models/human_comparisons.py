"""What came of decisions that people overrode or looked at, against those they accepted or never saw."""

from ai_impact_stats import compare_decisions, read, write


def model(dbt, session):
    cells = read(dbt.ref("int_decision_cells"))
    arms = read(dbt.ref("int_decision_arms"))
    return write(compare_decisions(cells, arms), session)
