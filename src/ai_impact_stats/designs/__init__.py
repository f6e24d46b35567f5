"""Designs: what is estimated and checked for each kind of registered experiment, and where each is registered."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from ..estimators.linear import one_thread
from ..io.inputs import Inputs
from ..io.schemas import BALANCE, CHECKS, COUNTERFACTUAL, ESTIMATES, EVENT_STUDY, PLANS
from ..io.tables import write_table
from .design import COMMON, Design
from .experiments import Comparison
from .geo import Geo
from .matched import Matched
from .rollouts import Rollouts
from .series import Series

# The first that takes an experiment has it; the last takes what is left.
DESIGNS: tuple[Design, ...] = (Rollouts(), Matched(), Geo(), Series(), Comparison())
RESULTS = {
    "estimates": ESTIMATES,
    "checks": CHECKS,
    "balance": BALANCE,
    "counterfactuals": COUNTERFACTUAL,
    "event_study": EVENT_STUDY,
    "plans": PLANS,
}


def reads(result: str, designs: Sequence[Design] = DESIGNS) -> set[str]:
    """The dbt models that a result is made from."""
    own = (design.reads.get(result, ()) for design in designs)
    return {"int_experiments", "int_metric_catalog", *COMMON[result]}.union(*own)


@one_thread
def results(result: str, tables: Mapping[str, Any], designs: Sequence[Design] = DESIGNS) -> pa.Table:
    """One of `RESULTS` for every registered experiment that one of the designs takes, in the schema named there.

    `tables`: those of `reads(result)`, by name, as `dbt.ref` returns them or as pandas DataFrames; None for no rows.
    """
    inputs, rows = Inputs(tables), []
    for experiment in inputs.experiments:
        design = next((d for d in designs if d.takes(experiment)), None)
        if design is not None:
            rows += getattr(design, result)(experiment, inputs)
    return write_table(rows, RESULTS[result])
