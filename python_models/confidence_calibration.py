"""How often recommendations succeed that AI is so sure of, beside what chance makes of a confidence that is right."""

from ai_impact_stats import calibration_curve, read, write


def model(dbt, session):
    cells = read(dbt.ref("int_decision_confidence"))
    return write(calibration_curve(cells), session)
