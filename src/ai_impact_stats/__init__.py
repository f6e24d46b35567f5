"""The statistics behind ai_impact: pure functions of small tables."""

from .adjustment import Cells, JointMoments, cuped_many, lin, post_stratified
from .checks import Check, multiple_exposure, pre_period_balance, sample_ratio, unknown_arms
from .decisions import Posterior, non_inferiority, posterior
from .effects import cuped, difference, relative_difference
from .engines import read, write
from .estimate import Estimate
from .experiments import check_experiments, estimate_experiments
from .grading import Conduct, grade, verdict
from .moments import Arm, UnitMoments
from .multiplicity import benjamini_hochberg, holm
from .planning import minimum_detectable_effect, power_of, sample_size
from .quantiles import quantile_arm, sample_quantile
from .sequential import always_valid, group_sequential_bounds, repeated_interval

__all__ = [
    "Arm",
    "Cells",
    "Check",
    "Conduct",
    "Estimate",
    "JointMoments",
    "Posterior",
    "UnitMoments",
    "always_valid",
    "benjamini_hochberg",
    "check_experiments",
    "cuped",
    "cuped_many",
    "difference",
    "estimate_experiments",
    "grade",
    "group_sequential_bounds",
    "holm",
    "lin",
    "minimum_detectable_effect",
    "multiple_exposure",
    "non_inferiority",
    "post_stratified",
    "posterior",
    "power_of",
    "pre_period_balance",
    "quantile_arm",
    "read",
    "relative_difference",
    "repeated_interval",
    "sample_quantile",
    "sample_ratio",
    "sample_size",
    "unknown_arms",
    "verdict",
    "write",
]
