"""What a design is: which tables it reads, and what it says of an experiment that was registered with it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from ..estimators.checks import Check
from ..io.inputs import Inputs
from ..io.registry import Experiment
from ..io.tables import ARM_TABLES
from ..wording import sentence
from .health import balance_rows, find_checks, plan_rows
from .rows import LOGARITHMS, check_row, correct, decide, say_what_is_not_known

# What is read of every experiment, by result; the registry and the metrics for each.
COMMON = {
    "estimates": ("moments_past", "moments_left_out"),
    "checks": ARM_TABLES,
    "balance": ("moments_unit_metrics", "moments_arm_counts", "moments_covariances"),
    "counterfactuals": (),
    "event_study": (),
    "plans": (
        *("moments_unit_metrics", "moments_arm_counts", "moments_quantile_points", "moments_quantiles"),
        "moments_start_counts",
    ),
}


class Design:
    """A kind of experiment. A subclass writes `estimate`, and of the rest what it has.

    `names` are the registered designs that it takes. `reads` are its tables beside those of `COMMON`, by result: names
    of dbt models whose rows have an `experiment_id` and a `metric_id`, which `Inputs.rows` hands over. Each result of
    one experiment is a list of rows with the columns of its schema in io/schemas.py.
    """

    names: ClassVar[frozenset[str]] = frozenset()
    reads: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def takes(self, experiment: Experiment) -> bool:
        return experiment.design in self.names

    def estimate(self, experiment: Experiment, metric_id: str, inputs: Inputs) -> list[dict]:
        """The rows of one metric, as `effect_rows` builds them: with the grade that they have earned, and not yet
        corrected for their family. Every registered metric has some; where there is no estimate, with a reason."""
        raise NotImplementedError

    def diagnose(self, experiment: Experiment, inputs: Inputs) -> Mapping[str, Check]:
        """The checks of this design alone, by `check_id`."""
        return {}

    def counterfactuals(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """What would have been, by metric and period; one row per metric and `week`, the first day of the period."""
        return []

    def event_study(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """The effect by periods since treatment; one row per metric and period."""
        return []

    def balance(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """How alike the arms are; one row per covariate and treatment arm."""
        return balance_rows(experiment, inputs.arms)

    def grade(self, experiment: Experiment, rows: list[dict], inputs: Inputs) -> None:
        """What is added to all rows once they are corrected; here the units that were left out."""
        for row in rows:
            row["reason"] = sentence([row["reason"], *inputs.left_out.get(experiment.experiment_id, [])])

    def deciding_scale(self, metric: Mapping[str, Any]) -> str:
        """Which of the two rows of a question decides the verdict of both."""
        return "relative" if metric.get("transform") in LOGARITHMS else "absolute"

    def estimates(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """All metrics: corrected, graded, with a verdict each."""
        rows = [row for metric_id in experiment.metrics for row in self.estimate(experiment, metric_id, inputs)]
        say_what_is_not_known(experiment, rows, inputs.unknown)
        correct(rows)
        self.grade(experiment, rows, inputs)
        decide(experiment, rows, inputs.catalogue, self.deciding_scale)
        return rows

    def checks(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """Those that every experiment has, and its own."""
        found = {**find_checks(experiment, inputs.arms), **self.diagnose(experiment, inputs)}
        return [check_row(experiment, name, check) for name, check in found.items()]

    def plans(self, experiment: Experiment, inputs: Inputs) -> list[dict]:
        """What it can find; one row per metric and number of weeks."""
        return plan_rows(experiment, inputs.arms)
