"""The statistics behind ai_impact: pure functions of small tables."""

from .checks import Check, multiple_exposure, pre_period_balance, sample_ratio, unknown_arms
from .effects import cuped, difference, relative_difference
from .engines import read, write
from .estimate import Estimate
from .experiments import check_experiments, estimate_experiments
from .grading import Conduct, grade, verdict
from .moments import Arm, UnitMoments
from .multiplicity import benjamini_hochberg, holm
from .planning import minimum_detectable_effect, power_of, sample_size

__all__ = [
    "Arm",
    "Check",
    "Conduct",
    "Estimate",
    "UnitMoments",
    "benjamini_hochberg",
    "check_experiments",
    "cuped",
    "difference",
    "estimate_experiments",
    "grade",
    "holm",
    "minimum_detectable_effect",
    "multiple_exposure",
    "power_of",
    "pre_period_balance",
    "read",
    "relative_difference",
    "sample_ratio",
    "sample_size",
    "unknown_arms",
    "verdict",
    "write",
]
