"""How far the people on a panel agree about decisions, criterion by criterion."""

from ai_impact_stats import agree, read, write


def model(dbt, session):
    ratings = read(dbt.ref("int_panel_scores"))
    return write(agree(ratings), session)
