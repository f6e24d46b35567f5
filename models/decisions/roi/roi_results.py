"""The return on investment of every use case and period, with what its inputs' uncertainty makes of it."""

from ai_impact_stats import read, returns, write


def model(dbt, session):
    costs = read(dbt.ref("roi_costs"))
    volumes = read(dbt.ref("roi_volumes"))
    effects = read(dbt.ref("roi_effects"))
    assumptions = read(dbt.ref("roi_assumptions"))
    overlaps = read(dbt.ref("roi_overlaps"))
    return write(returns(costs, volumes, effects, assumptions, overlaps), session)
