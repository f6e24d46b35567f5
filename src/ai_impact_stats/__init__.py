"""The statistics behind ai_impact: what its dbt Python models call.

They import from here alone, and this imports no statistics: those take seconds to import, and a model whose inputs are
as they were needs none of them.
"""

from collections.abc import Mapping
from importlib import import_module
from threading import Lock
from typing import Any

from .io.engines import near, read, write
from .io.kept import key_of, last_result, with_key
from .io.versions import check_caller

__all__ = ["result"]
# That of the dbt project.
__version__ = "0.2.0"

# Where each function is; what is not named here is a result of `designs`.
FUNCTIONS = {
    "agree": "impact.human",
    "attribute_channels": "designs.attribution",
    "calibration_curve": "impact.calibration",
    "claims": "impact.claims",
    "compare_decisions": "impact.human",
    "returns": "impact.returns",
    "uplift_scores": "designs.uplift",
}
IMPORTING = Lock()


def result(name: str, tables: Mapping[str, Any], dbt: Any, session: Any, **options: Any) -> Any:
    """What a dbt Python model returns: its last result if all that it is made from is as it was, else a new one.

    `name`: a function, whose arguments are `tables` (what `dbt.ref` returns, by name) and `options`; or a result of
    `designs`, which reads those of the tables that it needs.
    """
    check_caller(__version__)
    tables = {table: near(relation) for table, relation in tables.items()}
    key = key_of(name, tables, options)
    kept = last_result(dbt, session, key)
    return kept if kept is not None else write(with_key(calculate(name, tables, options), key), session)


def calculate(name: str, tables: Mapping[str, Any], options: Mapping[str, Any]) -> Any:
    # dbt runs models in threads: two that began with another module each would wait for each other, or find a large
    # library half imported.
    with IMPORTING:
        module = import_module(f".{FUNCTIONS.get(name, 'designs')}", __name__)
    if name not in FUNCTIONS:
        return module.results(name, tables, **options)
    return getattr(module, name)(**{table: read(relation) for table, relation in tables.items()}, **options)
