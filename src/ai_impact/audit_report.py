"""How the audit is written: for a terminal, or as Markdown."""

import datetime as dt
import shutil
import textwrap
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from ai_impact.reading import Rows

ORDER = ("ready", "doubtful", "not built", "missing")
Found = dict[str, Any]


class Text:
    """For a terminal: columns under each other, the last one wrapped."""

    def heading(self, text: str) -> list[str]:
        return ["", text, "-" * len(text)]

    def line(self, text: str) -> list[str]:
        return textwrap.wrap(text, self.width())

    def item(self, text: str) -> list[str]:
        return textwrap.wrap(text, self.width(), initial_indent="- ", subsequent_indent="  ")

    def width(self) -> int:
        return max(80, min(shutil.get_terminal_size((110, 24)).columns, 140))

    def table(self, titles: Sequence[str], rows: list[list[str]]) -> list[str]:
        widths = [max(len(row[place]) for row in [list(titles), *rows]) for place in range(len(titles) - 1)]
        lead = sum(widths) + 2 * len(widths)
        lines = []
        for row in [list(titles), *rows]:
            start = "".join(f"{text:<{width}}  " for text, width in zip(row, widths, strict=False))
            wrapped = textwrap.wrap(row[-1], max(self.width() - lead, 30)) or [""]
            lines += [(start + wrapped[0]).rstrip(), *(" " * lead + more for more in wrapped[1:])]
        return lines


class Markdown(Text):
    def heading(self, text: str) -> list[str]:
        return ["", f"## {text}", ""]

    def line(self, text: str) -> list[str]:
        return [self.escaped(text), ""]

    def item(self, text: str) -> list[str]:
        return [f"- {self.escaped(text)}"]

    def escaped(self, text: str) -> str:
        for sign in "\\`*<|[":
            text = text.replace(sign, f"\\{sign}")
        return text

    def table(self, titles: Sequence[str], rows: list[list[str]]) -> list[str]:
        written = [titles, ["---"] * len(titles), *([self.escaped(text) for text in row] for row in rows)]
        return [f"| {' | '.join(row)} |" for row in written]


def said(value: Any) -> str:
    """A value as people read it, without what would steer a terminal."""
    if value is None:
        return ""
    if isinstance(value, dt.date | dt.datetime):
        return f"{value:%Y-%m-%d}"
    if isinstance(value, int):
        return f"{value:,}"
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return "".join(sign if sign.isprintable() else " " for sign in text)


def report(found: Found, write: Text) -> list[str]:
    """All sections, one after the other."""

    def table(titles: str, rows: Rows, fields: str) -> list[str]:
        return write.table(titles.split("|"), [[said(row[name]) for name in fields.split()] for row in rows])

    states = Counter(row["state"] for row in found["kpis"])
    on = [row for row in found["sources"] if row["state"] != "off"]
    built = f"Data as of {said(found['as_of'])}." if found["is_built"] else "Nothing is built yet."
    counts = ", ".join(f"{states[state]} {state}" for state in ORDER if states[state])
    lines = write.line(f"{built} {len(on)} of {len(found['sources'])} sources are switched on. KPIs: {counts}.")
    lines += write.heading("Where AI is used")
    cases = [
        {**row, "tasks": "hidden" if row["is_hidden"] else row["tasks"], "map": "yes" if row["on_the_map"] else "no"}
        for row in found["use_cases"]
    ]
    titles = "use case|kind|on the map|tasks|decisions|within|models|what to know"
    lines += (
        table(titles, cases, "use_case domain map tasks decisions within models why")
        if cases
        else write.line("No use case is known yet.")
    )
    lines += write.heading("Providers and models")
    lines += (
        table("provider|model|calls|last call", found["models"], "provider_name response_model calls last_called")
        if found["models"]
        else write.line("No call of a model is known yet.")
    )
    lines += write.heading("Sources")
    lines += table("source|state|rows|newest|why", on, "source state rows newest why")
    if off := [row["source"] for row in found["sources"] if row["state"] == "off"]:
        lines += ["", *write.line(f"Off: {', '.join(off)}. A var SOURCE_enabled switches each on.")]
    lines += write.heading("KPIs")
    alike: dict[tuple, list[str]] = defaultdict(list)
    for row in sorted(found["kpis"], key=lambda row: (row["domain"], ORDER.index(row["state"]))):
        alike[row["domain"], row["state"], row["why"]].append(row["kpi_id"])
    grouped = [
        {"domain": domain, "state": state, "kpis": f"{', '.join(names)}{f': {why}' if why else ''}"}
        for (domain, state, why), names in alike.items()
    ]
    lines += table("kind|state|KPIs, and why", grouped, "domain state kpis")
    lines += write.heading("Proposed: two KPIs of execution, two of strategy")
    lines += table("kind|KPI|why", found["proposals"], "domain kpi_id why")
    lines += write.heading("Proposed: an experiment of 8 to 12 weeks")
    lines += experiment_lines(found["experiment"], write)
    if found["problems"]:
        lines += write.heading("What could not be read")
        lines += [line for text in found["problems"] for line in write.item(said(text))]
    lines += write.heading("What to do next")
    return lines + [line for text in found["next"] for line in write.item(said(text))]


def experiment_lines(found: Found | None, write: Text) -> list[str]:
    if not found:
        return write.line(
            "None can be planned yet: it takes dbt build, and 30 completed tasks of a use case whose minutes differ."
        )
    guard = f" Guardrail: {found['guardrail']}." if found["guardrail"] else ""
    lines = write.line(
        said(
            f"{found['use_case']}: {found['measure']}, for {found['weeks']} weeks. An effect of {found['effect']:.4g} "
            f"({found['effect_is']}) is found with a power of {found['power']:.0%}.{guard}"
        )
    )
    rows = [
        [said(o["weeks"]), said(o["units"]), f"{o['detectable']:.4g}", f"{o['power']:.0%}"] for o in found["options"]
    ]
    lines += write.table(["weeks", f"{found['unit']}s", "detectable effect", "power for the effect"], rows)
    return [
        *lines,
        *([""] if isinstance(write, Markdown) else []),
        *(line for note in found["notes"] for line in write.item(said(note))),
    ]
