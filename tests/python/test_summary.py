"""What make demo prints at its end, on small tables of the contract's shape."""

import io
import sys
from pathlib import Path

import duckdb
import pytest

from tools.progress import say
from tools.summary import summary

TABLES = """
create table event_reconciliation as select * from (values
    ('task_events', date '2026-01-01', 1000, 940, 50, 10, 9),
    ('ai_events', date '2026-01-01', 500, 480, 20, 0, 1)
) as t (source, load_day, raw, accepted, duplicate, quarantined, late);

create table int_kpi_catalog as select * from (values
    ('cycle', 'Cycle time', 'hours'), ('cost', 'Cost per task', 'USD')
) as t (kpi_id, name, unit);
create table kpi_values as
select kpi_id, 'month' as period_grain, null as use_case_id, * exclude (kpi_id)
from (values
    ('cycle', date '2026-04-01', null, 61e-1, 6e0, 62e-1, 9e0),
    ('cycle', date '2026-05-01', null, 4e0, 38e-1, 42e-1, 9e0),
    ('cycle', date '2026-06-01', 'team a', 1e0, 9e-1, 11e-1, 9e0),
    ('cost', date '2026-05-01', null, 23e-1, null, null, null)
) as t (kpi_id, period_start, team_id, value, ci_low, ci_high, baseline_value);

create table experiments as select 'email' as experiment_id, 'Email drafting' as name;
create table int_metric_catalog as select * from (values
    ('mql', 'MQL rate'), ('speed', 'Emails per hour'), ('rework', 'Rework')
) as t (metric_id, name);

create table impact_estimates as
select
    'email' as experiment_id,
    case when metric_id = 'part' then 'stratum=smb' else 'all' end as segment,
    *,
    5e-2 as alpha
from (values
    ('mql', 'relative_difference', 'relative', 9e-2, 5e-2, 13e-2, true, 'A', true),
    ('mql', 'z_other_method_relative', 'relative', 8e-2, 5e-2, 11e-2, true, 'A', false),
    ('mql', 'difference_in_means', 'absolute', 4e-2, 2e-2, 6e-2, true, 'A', false),
    ('speed', 'relative_difference', 'relative', 26e-1, 25e-1, 27e-1, false, 'A', true),
    ('rework', 'difference_in_means', 'absolute', -1e-1, -12e-2, -8e-2, false, 'B', true),
    ('part', 'relative_difference', 'relative', 90e-1, 89e-1, 91e-1, true, 'A', true),
    ('late', 'relative_difference', 'relative', 5e-1, 4e-1, 6e-1, false, 'E', true),
    ('empty', 'relative_difference', 'relative', null, null, null, false, null, false)
) as t (metric_id, method, scale, estimate, ci_low, ci_high, is_primary, evidence_grade, is_quoted);
"""


@pytest.fixture
def built(tmp_path):
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute(TABLES)
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").touch()
    return path, site


def test_the_strongest_evidence_comes_first(built):
    path, site = built
    assert summary(path, site) == [
        "1,500 events received: 1,420 accepted (10 of them late), 70 duplicates, 10 quarantined.",
        "Effects of AI:",
        "  Email drafting, MQL rate: +9.0 % (95 % interval +5.0 % to +13.0 %), evidence grade A",
        "  Email drafting, Emails per hour: +260.0 % (95 % interval +250.0 % to +270.0 %), evidence grade A",
        "  Email drafting, Rework: −0.1 (95 % interval −0.12 to −0.08), evidence grade B",
        f"Boards: {site / 'index.html'}",
        f"Warehouse: {path} (start with kpi_values, impact_estimates, event_quarantine)",
    ]


def test_without_estimates_nothing_is_claimed(built):
    path, site = built
    with duckdb.connect(str(path)) as con:
        con.execute("delete from impact_estimates where estimate is not null; delete from event_reconciliation")
    assert summary(path, site)[:5] == [
        "No events received.",
        "No experiment has an estimate: see the column reason of impact_estimates.",
        "KPIs:",
        "  Cycle time, hours: 4 in May 2026 (interval 3.8 to 4.2), 9 in its baseline; "
        "before and after only, evidence grade E",
        "  Cost per task, USD: 2.3 in May 2026, no baseline, so no effect is claimed",
    ]


def test_without_experiments_the_summary_does_not_point_to_an_empty_table(built):
    path, site = built
    with duckdb.connect(str(path)) as con:
        con.execute("delete from impact_estimates")
    assert summary(path, site)[1] == (
        "No experiment is registered, so no effect of AI is estimated: register one in the seed experiments."
    )


def test_the_summary_stays_short(built):
    path, site = built
    for number in range(20):
        (site / f"more_{number}.html").touch()
    assert len(summary(path, Path(site))) <= 14


def test_a_terminal_without_a_true_minus_gets_a_hyphen(monkeypatch):
    bytes_ = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(bytes_, encoding="ascii"))
    say("It fell by −0.1.")
    assert bytes_.getvalue() == b"It fell by -0.1.\n"
