"""The statistics behind ai_impact: what its dbt Python models call.

They import from here alone. dbt runs them in threads: two that began with another module each would wait for each
other, because each module imports this one first, or find a large library half imported.
"""

from .designs import results
from .designs.attribution import attribute_channels
from .designs.uplift import uplift_scores
from .impact.calibration import calibration_curve
from .impact.claims import claims
from .impact.human import agree, compare_decisions
from .impact.returns import returns
from .io.engines import read, write

__all__ = [
    "agree",
    "attribute_channels",
    "calibration_curve",
    "claims",
    "compare_decisions",
    "read",
    "results",
    "returns",
    "uplift_scores",
    "write",
]
