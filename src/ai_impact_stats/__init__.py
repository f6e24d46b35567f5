"""The statistics behind ai_impact: pure functions of small tables.

Whoever imports one module imports all. dbt runs Python models in threads, and two threads that each begin with another
of the large libraries find them half imported.
"""

from .designs import attribution, results, uplift
from .impact import calibration, claims, human, returns
from .io import engines

__all__ = [
    "attribution",
    "calibration",
    "claims",
    "engines",
    "human",
    "results",
    "returns",
    "uplift",
]
