"""Says what is wrong with a warehouse, and how to mend it."""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from ai_impact import audit
from ai_impact.audit_report import Found, Text, said
from ai_impact.reading import PACKAGE, Rows, Warehouse, of_best_window
from ai_impact.sentences import ProblemError
from ai_impact_stats import __version__

# A use case with less than this share of its completed tasks timed, with or without AI, compares others than it has.
TIMED = 0.95


def versions(warehouse: Warehouse) -> dict[str, str]:
    """Of the dbt package, this package, dbt and the adapter. Reading the project has compared the first two."""
    package = warehouse.adapter.config.load_dependencies().get(PACKAGE) or warehouse.adapter.config
    metadata = warehouse.manifest.metadata
    return {
        "dbt package ai_impact": str(package.version),
        "Python package ai-impact-stats": __version__,
        "dbt": metadata.dbt_version,
        "engine": metadata.adapter_type,
    }


def shared_names(warehouse: Warehouse) -> list[str]:
    """Names of ours that models and seeds of other packages have, too."""
    kinds = ("model", "seed", "snapshot")
    nodes = [node for node in warehouse.manifest.nodes.values() if node.resource_type in kinds]
    own, others = (
        {node.name for node in nodes if (node.package_name == PACKAGE) == is_own} for is_own in (True, False)
    )
    # Under these a var puts a seed of the project in the place of ours.
    given = {name for name, node in warehouse.models.items() if node.alias == f"{PACKAGE}_{name}"}
    return sorted((own & others) - given)


def quarantine(look: audit.Look) -> list[str]:
    """A sentence for each source of which more than 1 % is in quarantine: the reason of most of it, and the fix."""
    warehouse = look.warehouse
    relations = [warehouse.models[name] for name in ("event_reconciliation", "event_quarantine")]
    if not all(warehouse.columns(node) for node in relations):
        return []
    asked = warehouse.macro(
        "much_in_quarantine", reconciliation=relations[0].relation_name, quarantine=relations[1].relation_name
    )
    rows = warehouse.rows(str(asked))
    of_sources = [list(own) for _, own in groupby(rows, key=lambda row: row["source"])]
    return [warehouse.macro("quarantine_sentence", rows=own) for own in of_sources]


def unmapped_teams(look: audit.Look) -> list[str]:
    """Teams that completed tasks and have no rate in the seed labor_rates."""
    teams = {row["team_id"] for row in look.rows("fct_tasks", "where is_completed", "distinct team_id")}
    return sorted(filter(None, teams - {str(row["team_id"]) for row in look.seed("labor_rates", "team_id")}))


def untimed(look: audit.Look) -> list[str]:
    """What share of the tasks has its times, with and without AI; and experiments of which an arm lacks values."""
    what = "use_case_id, execution_mode, count(*) as n, count(human_minutes) as minutes, count(cycle_hours) as hours"
    rows = look.rows("fct_tasks", "where is_completed group by use_case_id, execution_mode order by 1, 2", what)
    found = []
    for column, name, lost in (
        ("minutes", "human_minutes", "labour, cost and time saved leave the others out"),
        ("hours", "a start and an end", "cycle times leave the others out"),
    ):
        cases: dict[str, Rows] = defaultdict(list)
        for row in rows:
            cases[row["use_case_id"] or "no use case"].append(row)
        for case, own in cases.items():
            if any(row[column] < TIMED * row["n"] for row in own):
                shares = ", ".join(
                    f"{row['execution_mode'] or 'mode not known'} {row[column] / row['n']:.0%}" for row in own
                )
                found.append(f"{case}: {name} of completed tasks: {shares}; {lost}.")
    failed = look.rows("experiment_health", "where check_id = 'values_known' and not passed order by experiment_id")
    return found + [f"{row['experiment_id']}: {row['detail']}" for row in failed]


def empty_kpis(found: Rows) -> list[str]:
    """The KPIs without a value by what they lack."""
    alike: dict[str, list[str]] = defaultdict(list)
    for row in found:
        if row["state"] == "missing":
            alike[row["why"]].append(row["kpi_id"])
    return [f"{', '.join(names)}: {why}" for why, names in alike.items()]


def look_at(warehouse: Warehouse) -> Found:
    """All that the doctor says: what the audit finds wrong, and what it does not look for."""
    look = audit.Look(warehouse)
    quality = look.rows("data_quality_status")
    sources = audit.sources(look, quality)
    there = {row["source"]: row for row in sources}
    values = of_best_window(look.rows("report_kpis", "where is_newest and team_id = 'all'"))
    is_built = bool(warehouse.columns(warehouse.models["report_kpis"]))
    cases = audit.use_cases(look, there, values)
    kpis = audit.kpis(audit.catalogue(look), there, values if is_built else None, quality)
    return {
        "versions": versions(warehouse),
        "is_built": is_built,
        "findings": {
            "Names that this project has, too: read ours as ref('ai_impact', name)": shared_names(warehouse),
            "Sources": [f"{row['source']}: {row['why']}" for row in sources if row["state"] not in ("ready", "off")],
            "In quarantine": quarantine(look),
            "Use cases that the seed use_cases does not have": [
                row["use_case_id"] for row in cases if not row["on_the_map"] and row["use_case_id"]
            ],
            "Teams that the seed labor_rates does not have: no cost of their hours": unmapped_teams(look),
            "Tasks without times": untimed(look),
            "KPIs without a value": empty_kpis(kpis),
            "What could not be read": look.problems,
        },
    }


def written(found: Found) -> str:
    """For a terminal: what is wrong, section by section; nothing where nothing is."""
    write = Text()
    lines = write.line("Connected. " + ", ".join(f"{name} {value}" for name, value in found["versions"].items()) + ".")
    if not found["is_built"]:
        lines += write.line("Nothing is built yet: run dbt build, then ai-impact doctor again.")
    for title, items in found["findings"].items():
        if items:
            lines += [*write.heading(title), *(line for item in items for line in write.item(said(item)))]
    if not any(found["findings"].values()):
        lines += write.line("Nothing is wrong.")
    return "\n".join(lines)


def build(options: Sequence[str] = (), form: str = "text", project: Path = Path()) -> str:
    """Look at the warehouse and say what is wrong. `options` are those of dbt: target, profiles and so on."""
    warehouse = Warehouse([*options, "--project-dir", str(project)])
    if not warehouse.sources:
        raise ProblemError("This project does not have ai_impact: add it to packages.yml, then run dbt deps.")
    with warehouse:
        found: dict[str, Any] = look_at(warehouse)
    return json.dumps(found, indent=2, ensure_ascii=False, default=str) if form == "json" else written(found)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", default="text", choices=("text", "json"), help="What to write. Default: text.")
    parser.add_argument("--project-dir", default=".", help="The dbt project. Default: this folder.")
