"""The statistics behind ai_impact: pure functions of small tables.

Whoever imports one module imports all. dbt runs Python models in threads, and two threads that each begin with another
of the large libraries find them half imported.
"""

from . import (
    agreement,
    calibrated,
    claims,
    geo,
    human,
    matched,
    multitouch,
    quasi,
    returns,
    roi,
    rollouts,
    timeseries,
    uplift,
)
from .adjustment import Cells, ClusterProducts, JointMoments, cuped_many, lin, lin_clusters, post_stratified
from .checks import (
    Check,
    balance,
    interference,
    multiple_exposure,
    novelty,
    past_difference,
    pre_period_balance,
    sample_ratio,
    sample_ratio_within,
    stopped_early,
    unknown_arms,
)
from .decisions import Posterior, non_inferiority, posterior
from .effects import cuped, difference, lopsided, relative_difference, relative_effect
from .engines import read, write
from .estimate import Estimate, as_multiple, as_share
from .experiments import estimate_experiments
from .grading import Conduct, grade, verdict
from .health import balance_experiments, check_experiments, plan_experiments
from .moments import Arm, UnitMoments
from .multiplicity import benjamini_hochberg, holm
from .planning import (
    Plan,
    design_effect,
    effective_variance,
    minimum_detectable_effect,
    plan,
    power_of,
    remaining_variance,
    sample_size,
)
from .quantiles import quantile_arm, sample_quantile
from .segments import Heterogeneity, collapsed, heterogeneity
from .sequential import always_valid, group_sequential_bounds, repeated_interval, repeated_p_value
from .tables import read_tables

__all__ = [
    "Arm",
    "Cells",
    "Check",
    "ClusterProducts",
    "Conduct",
    "Estimate",
    "Heterogeneity",
    "JointMoments",
    "Plan",
    "Posterior",
    "UnitMoments",
    "agreement",
    "always_valid",
    "as_multiple",
    "as_share",
    "balance",
    "balance_experiments",
    "benjamini_hochberg",
    "calibrated",
    "check_experiments",
    "claims",
    "collapsed",
    "cuped",
    "cuped_many",
    "design_effect",
    "difference",
    "effective_variance",
    "estimate_experiments",
    "geo",
    "grade",
    "group_sequential_bounds",
    "heterogeneity",
    "holm",
    "human",
    "interference",
    "lin",
    "lin_clusters",
    "lopsided",
    "matched",
    "minimum_detectable_effect",
    "multiple_exposure",
    "multitouch",
    "non_inferiority",
    "novelty",
    "past_difference",
    "plan",
    "plan_experiments",
    "post_stratified",
    "posterior",
    "power_of",
    "pre_period_balance",
    "quantile_arm",
    "quasi",
    "read",
    "read_tables",
    "relative_difference",
    "relative_effect",
    "remaining_variance",
    "repeated_interval",
    "repeated_p_value",
    "returns",
    "roi",
    "rollouts",
    "sample_quantile",
    "sample_ratio",
    "sample_ratio_within",
    "sample_size",
    "stopped_early",
    "timeseries",
    "unknown_arms",
    "uplift",
    "verdict",
    "write",
]
