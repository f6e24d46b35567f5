"""The tables that the dbt models hand over to the designs, each read when it is first asked for."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import pandas as pd

from ..wording import counted
from .engines import read
from .registry import Experiment, read_experiment
from .tables import ARM_TABLES, Tables, read_tables, read_unknown, records


class Inputs:
    """What one result reads: name of a dbt model to what `dbt.ref` returns, or a pandas DataFrame; None for no rows.

    A table is read once, and not at all where no experiment is registered whose design asks for it. LookupError, naming
    the table, for one that was not handed over: it is not in `reads` of the design, or not in the dbt model.
    """

    def __init__(self, relations: Mapping[str, Any]) -> None:
        self._relations = relations
        self._frames: dict[str, pd.DataFrame | None] = {}
        self._parts: dict[str, dict[tuple[str, str], pd.DataFrame]] = {}

    def table(self, name: str) -> pd.DataFrame | None:
        """The whole table."""
        if name not in self._relations:
            raise LookupError(
                f"The table {name} was not handed over: add it to reads of the design and to the dbt model."
            )
        if name not in self._frames:
            relation = self._relations[name]
            self._frames[name] = None if relation is None else read(relation)
        return self._frames[name]

    def part(self, name: str, experiment_id: str, metric_id: str | None) -> pd.DataFrame | None:
        """Its rows of one metric of one experiment; None where there are none."""
        if name not in self._parts:
            frame = self.table(name)
            groups = [] if frame is None or frame.empty else frame.groupby(["experiment_id", "metric_id"], sort=False)
            self._parts[name] = {(str(e), str(m)): part for (e, m), part in groups}
        return self._parts[name].get((experiment_id, str(metric_id)))

    def rows(self, name: str, experiment_id: str, metric_id: str | None) -> list[dict[str, Any]]:
        """The same as dictionaries."""
        return records(self.part(name, experiment_id, metric_id))

    @cached_property
    def experiments(self) -> list[Experiment]:
        return [read_experiment(row) for row in records(self.table("int_experiments"))]

    @cached_property
    def catalogue(self) -> dict[str, dict[str, Any]]:
        """Of `metric_catalog`, by `metric_id`."""
        return {str(row["metric_id"]): row for row in records(self.table("int_metric_catalog"))}

    @cached_property
    def arms(self) -> Tables:
        """The moments of assigned arms: of `ARM_TABLES` those that the result reads."""
        return read_tables(self.catalogue, {name: self.table(name) for name in ARM_TABLES if name in self._relations})

    @cached_property
    def unknown(self) -> Tables:
        """How many values of each arm are not known."""
        return read_unknown(self.catalogue, self.table("moments_past"))

    @cached_property
    def left_out(self) -> dict[str, list[str]]:
        """Of each experiment what is said of its units in several arms: nobody can be compared with a unit whose
        treatment ended."""
        found = {}
        for row in records(self.table("moments_left_out")):
            ended, others = int(row["n_switched_off"]), int(row["n_several_arms"])
            notes = [f"{counted(ended, 'unit is', 'units are')} left out: the treatment ended."] if ended else []
            if others:
                notes.append(f"{counted(others, 'unit is', 'units are')} left out: assigned to several arms.")
            found[str(row["experiment_id"])] = notes
        return found
