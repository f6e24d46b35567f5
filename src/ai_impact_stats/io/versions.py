"""Whether the dbt project that calls is of the version of this package."""

import sys
from typing import Any


def problem(project: str, own: str) -> str | None:
    """What to do where the dbt package and this one differ in more than the last figure of their versions, or None."""
    if project.split(".")[:2] == own.split(".")[:2]:
        return None
    return (
        f"The dbt package ai_impact of this project is {project}, and the Python package ai-impact-stats is {own}: "
        f"run pip install with the folder or the wheel of {project}, or set revision in packages.yml to v{own} and run "
        "dbt deps; then run this again."
    )


def check(config: Any, own: str) -> None:
    """Raises a RuntimeError where they differ. `config`: that of the dbt project, as its adapter has it."""
    installed = config.load_dependencies().get("ai_impact")
    sentence = problem(str(installed.version), own) if installed else None
    if sentence:
        raise RuntimeError(sentence)


def check_caller(own: str) -> None:
    """The same of the dbt that runs in this process; on an engine that runs Python elsewhere nothing is known of it."""
    factory = sys.modules.get("dbt.adapters.factory")
    for adapter in list(factory.FACTORY.adapters.values()) if factory else []:
        check(adapter.config, own)
