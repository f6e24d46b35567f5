"""The summary of a build, in at most 15 lines."""

from pathlib import Path

import duckdb

from tools import warehouse

HEADLINES = """
select
    coalesce(x.name, e.experiment_id) as experiment, coalesce(m.name, e.metric_id) as metric,
    e.estimate, e.ci_low, e.ci_high, e.alpha, e.scale, e.evidence_grade
from impact_estimates as e
left join experiments as x on x.experiment_id = e.experiment_id
left join int_metric_catalog as m on m.metric_id = e.metric_id
where e.is_quoted and e.segment = 'all'
order by
    e.evidence_grade, e.ci_low <= 0 and e.ci_high >= 0, e.is_primary desc,
    abs(e.estimate) / nullif(e.ci_high - e.ci_low, 0) desc, metric, experiment
limit 3
"""

KPIS = """
with newest as (
    select *, row_number() over (partition by kpi_id order by period_start desc) as age
    from kpi_values
    where
        period_grain = 'month' and use_case_id is not distinct from $use_case and team_id is null and value is not null
)
select coalesce(c.name, k.kpi_id) as name, c.unit, k.period_start, k.value, k.ci_low, k.ci_high, k.baseline_value
from newest as k
left join int_kpi_catalog as c on c.kpi_id = k.kpi_id
where k.age = 1
order by case when k.baseline_value is null then 1 else 0 end, case when k.ci_low is null then 1 else 0 end, name
limit 3
"""

EVENTS = """
select
    sum(raw) as raw, sum(accepted) as accepted, sum(duplicate) as duplicates,
    sum(quarantined) as quarantined, sum(late) as late
from event_reconciliation
"""


def number(value: float, scale: str) -> str:
    text = f"{value * 100:+,.1f} %" if scale == "relative" else f"{value:+,.3g}"
    return text.replace("-", "−")


def level(value: float) -> str:
    return f"{value:,.3g}".replace("-", "−")


def headline(row: tuple) -> str:
    experiment, metric, estimate, low, high, alpha, scale, grade = row
    sure = round((1 - alpha) * 100) if alpha is not None else 95
    return (
        f"  {experiment}, {metric}: {number(estimate, scale)} "
        f"({sure} % interval {number(low, scale)} to {number(high, scale)}), evidence grade {grade}"
    )


def kpi_line(row: tuple) -> str:
    name, unit, month, value, low, high, baseline = row
    interval = f" (interval {level(low)} to {level(high)})" if low is not None else ""
    if baseline is None:
        change = "no baseline, so no effect is claimed"
    else:
        change = f"{level(baseline)} in its baseline; before and after only, evidence grade E"
    return f"  {name}, {unit}: {level(value)} in {month:%B %Y}{interval}, {change}"


def counts(con: duckdb.DuckDBPyConnection) -> list[str]:
    raw, accepted, duplicates, quarantined, late = con.sql(EVENTS).fetchone()
    if not raw:
        return ["No events received."]
    return [
        f"{raw:,.0f} events received: {accepted:,.0f} accepted ({late:,.0f} of them late), "
        f"{duplicates:,.0f} duplicates, {quarantined:,.0f} quarantined."
    ]


def summary(path: Path, site: Path | None, use_case: str | None = None) -> list[str]:
    """The lines of the summary, from the tables of a built warehouse; KPIs are of one use case, or of all."""
    con = warehouse.connect(path, read_only=True)
    try:
        rows = con.sql(HEADLINES).fetchall()
        kpis = con.execute(KPIS, {"use_case": use_case}).fetchall() if not rows else []
        lines = counts(con)
        registered = con.sql("select count(*) from impact_estimates").fetchone()[0]
    finally:
        con.close()
    if rows:
        lines += ["Effects of AI:", *map(headline, rows)]
    else:
        lines += [
            "No experiment has an estimate: see the column reason of impact_estimates."
            if registered
            else "No experiment is registered, so no effect of AI is estimated: register one in the seed experiments."
        ]
        lines += [*(["KPIs:"] if kpis else []), *map(kpi_line, kpis)]
    if site and (site / "index.html").exists():
        lines.append(f"Boards: {site / 'index.html'}")
    lines += [f"Warehouse: {path} (start with kpi_values, impact_estimates, event_quarantine)"]
    return lines
