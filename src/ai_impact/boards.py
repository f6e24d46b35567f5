"""Writes the boards: static pages of any warehouse that dbt reaches, which need no server and no network."""

import argparse
import datetime as dt
import decimal
import json
import math
import re
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ai_impact.reading import PACKAGE, Rows, Warehouse
from ai_impact.sentences import ProblemError

# Everything comes from the folder of the page. Vega interprets its expressions, so that nothing is evaluated as code.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'"
)
BOARDS = {
    "index": "Overview",
    "execution": "Execution",
    "models": "Models",
    "strategic": "Strategic",
    "evidence": "Evidence",
    "return": "Return",
    "people": "People",
    "trust": "Trust",
    "claims": "Claims",
    "planner": "Planner",
    "handout": "Hand-out",
}
# Of the KPIs only what a board shows is read: days, and weeks of work, are for BI tools.
READ = {
    "report_kpis": "period_grain in ('month', 'rolling_90d', 'rolling_365d') "
    "or period_grain = 'week' and domain = 'observability' and team_id = 'all'"
}
# What a chart draws beside the columns of its table.
DRAWN = {
    "forest": "scale factor factor_ci_low factor_ci_high estimate ci_low ci_high evidence_grade is_stale "
    "stale_since finding metric metric_role experiment method_name segment_name n_treatment n_control "
    "is_quoted is_shown reason",
    "kpi": "kpi_id unit direction use_case_id team_id period_grain period_start period_end value ci_low ci_high "
    "n numerator denominator baseline_value baseline_from baseline_to change_absolute change_percent "
    "target_from target_to status status_name guardrail guardrail_status is_shown reason",
    "rates": "kpi unit use_case period_end value ci_low ci_high n status status_name is_shown reason",
    "ranges": "use_case is_company roi roi_ci_low roi_ci_high roi_p10 roi_p25 roi_p75 roi_p90 is_shown reason",
    "tornado": "use_case_id driver place low_value base_value high_value roi roi_at_low roi_at_high break_even "
    "is_shown reason",
    "bridge": "use_case is_company full_year_net_benefit rescaled counted_twice company_net_benefit reason is_shown",
    "fan": "x_date value value_low value_high assumed_low assumed_high is_shown reason",
    "counterfactual": "x_date value value_low value_high expected state is_shown reason",
    "eventstudy": "x_number value value_low value_high state is_shown reason",
    "assigned": "x_date label value is_shown reason",
    "balance": "label value expected state is_shown reason",
    "uplift": "x_number value value_low value_high expected is_shown reason",
    "calibration": "use_case_id x_number value value_low value_high expected n state is_shown reason",
    "bars": "",
    "states": "use_case indicator as_of is_newest state objective value n budget_left is_shown reason",
    "milestones": "use_case_id series label x_date",
}


def read(options: Sequence[str]) -> tuple[dict[str, Rows], str]:
    """The rows of every report, by its name without `report_`, and the currency, through dbt's own adapter."""
    warehouse = Warehouse(options)
    names = sorted(name for name, node in warehouse.models.items() if "report" in node.tags)
    if not names:
        raise ProblemError("This project has no report models of ai_impact: install the package, then run dbt build.")
    names += sorted(name for name in warehouse.off if name.startswith("report_"))
    with warehouse:
        found = {
            name.removeprefix("report_"): [
                {column: plain(value) for column, value in row.items()}
                for row in warehouse.read(name, f"where {READ[name]}" if name in READ else "")
            ]
            for name in names
        }
    return found, next((row["currency"] for row in found.get("returns", [])), "")


def plain(value: Any) -> Any:
    """A value as JSON has it: numbers to nine digits, dates and times as texts."""
    if isinstance(value, bool) or value is None or isinstance(value, str | int):
        return value
    if isinstance(value, decimal.Decimal):
        value = float(value)
    if isinstance(value, float):
        return float(f"{value:.9g}") if math.isfinite(value) else None
    if isinstance(value, dt.datetime):
        return value.strftime("%Y-%m-%d %H:%M")
    return str(value)


# Numbers and dates as people read them; boards.js writes the same.


def number(value: float | None) -> str:
    if value is None:
        return ""
    size = abs(value)
    places = (
        0 if size >= 100 or value == int(value) else 1 if size >= 10 else 2 if size >= 1 else 3 if size >= 0.1 else 4
    )
    text = f"{size:,.{places if size >= 0.01 or size == 0 else 5}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"−{text}" if value < 0 and text != "0" else text


def signed(value: float | None) -> str:
    return "" if value is None else f"{'+' if value > 0 else ''}{number(value)}"


def share(value: float | None, sign: bool = False) -> str:
    if value is None:
        return ""
    size = abs(100 * value)
    text = f"{size:,.0f}" if size >= 100 else f"{size:.1f}".removesuffix(".0")
    return f"{'' if text == '0' else '−' if value < 0 else '+' if sign else ''}{text}\u00a0%"


def count(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}".replace("-", "−")


def day(text: str | None) -> str:
    return f"{dt.date.fromisoformat(text[:10]):%-d %b %Y}" if text else ""


def month(text: str | None) -> str:
    return f"{dt.date.fromisoformat(text[:10]):%b %Y}" if text else ""


def month_before(text: str | None) -> str:
    """The month of the day before: a period ends where the next begins."""
    return month(str(dt.date.fromisoformat(text[:10]) - dt.timedelta(days=1))) if text else ""


def effect(value: float | None, scale: str | None) -> str:
    return "" if value is None else share(value, sign=True) if scale == "relative" else signed(value)


def interval(low: float | None, high: float | None, write: Callable[..., str] = number, *more: Any) -> str:
    return "" if low is None or high is None else f"{write(low, *more)} to {write(high, *more)}"


def sentence(text: str | None) -> str:
    return text[:1].upper() + text[1:] if text else ""


def slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "x"


def where(rows: Rows, **wanted: Any) -> Rows:
    """The rows whose columns have these values; a list names several."""

    def fits(row: dict) -> bool:
        return all(
            row[name] in value if isinstance(value, list) else row[name] == value for name, value in wanted.items()
        )

    return [row for row in rows if fits(row)]


class Page:
    """One page in the making: what its template draws is collected here, and is written as data beside the text."""

    def __init__(self, reports: dict[str, Rows], currency: str, specs: dict[str, dict]) -> None:
        self.reports, self.currency, self.specs = reports, currency, specs
        self.data: dict[str, dict] = {}
        self.figures: dict[str, dict] = {}
        self.used: set[str] = set()
        self.collected: dict[int, tuple[str, Rows, set[str]]] = {}
        self.origins: dict[int, str] = {}
        self.marks: Rows = []

    def rows(self, report: str, **wanted: Any) -> Rows:
        return where(self.reports[report], **wanted)

    def origin(self, rows: Rows) -> str:
        """The report that these rows are of."""
        if not self.origins:
            self.origins.update({id(row): name for name, held in self.reports.items() for row in held})
        return self.origins.get(id(rows[0]), "") if rows else ""

    def keep_rows(self, rows: Rows, columns: Iterable[str]) -> str:
        """The name under which the page holds these rows; more columns are added to what is there."""
        key = id(rows)
        name, _, held = self.collected.get(key, (f"rows{len(self.collected) + 1}", rows, set[str]()))
        held.update(columns)
        self.collected[key] = (name, rows, held)
        return name

    def figure(self, chart: str, rows: Rows, title: str, table: Sequence[str], note: str = "", **more: Any) -> dict:
        """Register a figure; the template's macro writes its frame from what is returned."""
        columns = [column(text) for text in table]
        fields = {field for c in columns for field in (c["f"], c.get("g")) if field}
        fields |= set(DRAWN[chart].split()) | set(more.pop("fields", ())) | set(more.get("keep", {}))
        fields |= (
            {"use_case_id", "team_id", "period_end"}
            & set(rows[0] if rows else ())
            & {*more.get("filters", ()), "period_end"}
        )
        fields |= {"unit", "scale", "is_shown"} & set(rows[0] if rows else ())
        if chart == "kpi":
            if not self.marks:
                self.marks = self.rows("use_case_points", panel="milestone")
            self.collected[id(self.marks)] = ("milestones", self.marks, set(DRAWN["milestones"].split()))
        identity = f"figure-{len(self.figures) + 1}"
        self.used.add(more.get("spec", chart))
        self.figures[identity] = {
            "chart": chart,
            "data": self.keep_rows(rows, fields),
            "table": columns,
            "description": f"{title}. {note}".strip(),
            **more,
        }
        return {"id": identity, "title": title, "note": note, "columns": columns, **more}

    def content(self) -> str:
        """The page's data as JSON that no HTML can end early."""
        for name, rows, columns in self.collected.values():
            self.data[name] = {"report": self.origin(rows), **packed(rows, sorted(columns))}
        body = {
            "currency": self.currency,
            "data": self.data,
            "figures": self.figures,
            "specs": {name: self.specs[name] for name in sorted(self.used)},
            "config": self.specs["config"],
        }
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
        return text


def column(text: str) -> dict[str, Any]:
    """A column of a table from `field|label|format`, or `low..high|label|format` for an interval."""
    field, label, kind, *main = text.split("|")
    low, _, high = field.partition("..")
    return {"f": low, "l": label, "t": kind, **({"g": high} if high else {}), **({"main": True} if main else {})}


def packed(rows: Rows, columns: Sequence[str]) -> dict[str, Any]:
    """Rows as columns; each text once."""
    held: dict[str, Any] = {}
    for name in columns:
        values = [row.get(name) for row in rows]
        if any(isinstance(value, str) for value in values):
            words = {word: place for place, word in enumerate(dict.fromkeys(v for v in values if v is not None))}
            held[name] = {"w": list(words), "i": [None if v is None else words[v] for v in values]}
        else:
            held[name] = values
    return {"n": len(rows), "columns": held}


def unpacked(data: dict[str, Any]) -> Rows:
    """The rows that `packed` has packed."""

    def value(held: Any, i: int) -> Any:
        if isinstance(held, list):
            return held[i]
        return None if held["i"][i] is None else held["w"][held["i"][i]]

    return [{name: value(held, i) for name, held in data["columns"].items()} for i in range(data["n"])]


def environment(charts: Path) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    found = Environment(
        loader=FileSystemLoader(charts / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for function in (number, signed, share, count, day, month, month_before, effect, interval, sentence, slug):
        found.filters[function.__name__] = function
    found.filters.update(first=lambda rows: next(iter(rows), None), last=lambda rows: next(reversed(list(rows)), None))
    found.globals.update(where=where, policy=POLICY, boards=BOARDS, share_of=share, effect_of=effect, number_of=number)
    return found


def charts_folder(project: Path) -> Path:
    """The specs and templates: a project's own, or those of the package that it installed."""
    for folder in (
        project / "charts",
        *sorted(project.glob(f"*/{PACKAGE}/charts")),
        Path(__file__).parents[2] / "charts",
    ):
        if (folder / "templates").is_dir():
            return folder
    raise ProblemError(f"There are no charts in {project}: run dbt deps, then run this again.")


def script_name() -> str:
    """The name of the file that holds Vega, by the version of what it is taken from."""
    return f"vega-{version('vl-convert-python')}.js"


def bundle(site: Path) -> "subprocess.Popen[bytes] | None":
    """Start writing Vega, Vega-Lite and vega-embed as one file of the site, unless this version of them is there."""
    if find_spec("vl_convert") is None:
        raise ProblemError("vl-convert-python is not installed: install it beside dbt, then run this again.")
    target = site / script_name()
    if target.exists():
        return None
    for old in site.glob("vega-*.js"):
        old.unlink()
    code = (
        "import sys, pathlib, vl_convert; path = pathlib.Path(sys.argv[1]); part = path.with_suffix('.part'); "
        "part.write_text(vl_convert.javascript_bundle()); part.replace(path)"
    )
    return subprocess.Popen([sys.executable, "-c", code, str(target)], stderr=subprocess.PIPE)


def write(site: Path, charts: Path, reports: dict[str, Rows], currency: str, script: str) -> list[Path]:
    """Write all pages; returns them in the order of the navigation."""
    specs = {path.stem: json.loads(path.read_text()) for path in sorted((charts / "specs").glob("*.json"))}
    templates = environment(charts)
    as_of = max((row["as_of"] for row in reports["use_cases"] if row["as_of"]), default=None)
    kpis_until = max((row["period_end"] for row in reports["kpis"] if row["period_grain"] == "month"), default=None)
    names: dict[str, str] = {}
    for row in sorted(reports["experiments"], key=lambda row: row["experiment_id"]):
        name = f"experiment-{slug(row['experiment_id'])}"
        names[row["experiment_id"]] = name if name not in names.values() else f"{name}-{len(names)}"
    pages: list[tuple[str, str, dict[str, Any]]] = [(board, board, {}) for board in BOARDS]
    pages += [
        (name, "experiment", {"experiment": where(reports["experiments"], experiment_id=key)[0]})
        for key, name in names.items()
    ]
    for path in (charts / "static").iterdir():
        (site / path.name).write_bytes(path.read_bytes())
    written = []
    for name, template, more in pages:
        page = Page(reports, currency, specs)
        text = templates.get_template(f"{template}.html").render(
            page=page,
            board=template,
            currency=currency,
            as_of=as_of,
            kpis_until=kpis_until,
            links=names,
            script=script,
            **more,
        )
        (site / f"{name}.html").write_text(text, encoding="utf-8")
        written.append(site / f"{name}.html")
    kept = {path.name for path in written}
    for old in site.glob("*.html"):
        if old.name not in kept:
            old.unlink()
    return written


def build(options: Sequence[str] = (), site: Path = Path("site"), project: Path = Path()) -> list[Path]:
    """Read the reports and write the boards. `options` are those of dbt: target, profiles and so on."""
    charts = charts_folder(project)
    site.mkdir(parents=True, exist_ok=True)
    bundling = bundle(site)
    try:
        reports, currency = read([*options, "--project-dir", str(project)])
        written = write(site, charts, reports, currency, script_name())
    finally:
        error = bundling.communicate()[1] if bundling else b""
    if bundling and bundling.returncode:
        raise ProblemError(f"Vega could not be written to {site}: {error.decode(errors='replace').strip()[-300:]}")
    return written


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", default="site", help="The folder to write to. Default: site.")
    parser.add_argument("--project-dir", default=".", help="The dbt project. Default: this folder.")
