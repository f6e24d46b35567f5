"""From raw tables through dbt: comparisons without an experiment whose data allow none, or allow little."""

import math
from datetime import datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import pytest
from dbt_warehouse import Project
from published import counties
from raw_tables import RawRows, insert_as_text, register

from ai_impact_stats.estimators import did

START, END, FIRST = datetime(2026, 3, 2), datetime(2026, 5, 25), datetime(2025, 12, 8)
DEFAULTS = {"unit_type": "account", "control_arm": "c", "treatment_arm": "t", "starts_at": START, "ends_at": END}
DEFAULTS |= {"registered_at": datetime(2026, 2, 2), "alpha": 0.05, "power": 0.8, "primary_metric_id": "orders"}
METRICS = {
    "orders": {"aggregation": "count", "numerator_measure": "order"},
    "returns_per_order": {"aggregation": "ratio", "numerator_measure": "return", "denominator_measure": "order"},
    "aware": {"aggregation": "count", "numerator_measure": "order", "covariate": "size|age"},
    "aware_of_age": {"aggregation": "count", "numerator_measure": "order", "covariate": "age"},
    "searches": {"aggregation": "mean", "numerator_measure": "searches"},
    "still": {"aggregation": "mean", "numerator_measure": "still"},
    "no_series": {"aggregation": "mean", "numerator_measure": "nowhere"},
    "sundays": {"aggregation": "mean", "numerator_measure": "sundays", "covariate": "mondays", "transform": "log"},
    "with_holes": {
        "aggregation": "mean",
        "numerator_measure": "sundays",
        "covariate": "mondays|holes",
        "transform": "log",
    },
    "monthly": {
        "aggregation": "mean",
        "numerator_measure": "monthly",
        "covariate": "monthly_market",
        "transform": "log",
    },
    "quarterly": {"aggregation": "mean", "numerator_measure": "monthly", "covariate": "monthly_market"},
    "unnamed": {"aggregation": "mean", "numerator_measure": "sundays", "transform": "log"},
    "named_wrongly": {"aggregation": "mean", "numerator_measure": "sundays", "covariate": "moon", "transform": "log"},
    "level": {"aggregation": "count", "numerator_measure": "reading_value"},
    "employment": {"aggregation": "count", "numerator_measure": "employment_value"},
    "median_order": {"aggregation": "quantile", "quantile": 0.5, "numerator_measure": "order_value"},
}
CHOICE = {"design": "matched", "primary_metric_id": "aware"}
AGE = {"design": "matched", "primary_metric_id": "aware_of_age"}
SERIES = {"design": "time_series", "control_arm": None, "treatment_arm": None, "primary_metric_id": "searches"}
SERIES |= {"minimum_detectable_effect": 0.05}
LIFT, FIRST_MONTH = 0.1, datetime(2026, 1, 1)
LEVEL = {"design": "did", "primary_metric_id": "level"}
YEARS = {"design": "staggered_did", "period": "year", "primary_metric_id": "employment", "unit_type": "region"}
YEARS |= {"starts_at": datetime(2004, 1, 1), "ends_at": datetime(2008, 1, 1), "registered_at": datetime(2003, 6, 1)}
LONG_AGO, LATER = START - timedelta(days=300), END - timedelta(days=5)
# Name: what is registered, how many treated and control units, the word in the reason of every row without an estimate
# (None: there is one), and what is odd about the units.
CASES = {
    "waves_sound": ({"design": "did"}, 8, 8, None, {}),
    "waves_one_treated": ({"design": "did"}, 1, 8, None, {}),
    "waves_one_among_many": ({"design": "did"}, 1, 24, None, {"effect": 9}),
    "waves_one_control": ({"design": "did"}, 8, 1, "has one unit", {}),
    "waves_all_treated": ({"design": "did"}, 8, 0, "compare", {}),
    "waves_nobody_treated": ({"design": "staggered_did"}, 0, 8, "No cohort is treated", {}),
    "waves_without_past": ({"design": "did"}, 8, 8, "no past", {"since": START}),
    "waves_treated_before": ({"design": "did"}, 8, 8, "no past", {"exposed": LONG_AGO}),
    "waves_treated_later": ({"design": "did"}, 8, 8, "No cohort is treated", {"exposed": END + timedelta(days=30)}),
    "waves_nobody": ({"design": "did"}, 0, 0, "No unit was seen", {}),
    "waves_gaps": ({"design": "did", "primary_metric_id": "returns_per_order"}, 8, 8, "one unit", {"gap": True}),
    "waves_silent": ({"design": "did"}, 8, 8, "No unit was seen", {"orders": 0}),
    "waves_unknown_metric": ({"design": "did", "primary_metric_id": "nowhere"}, 8, 8, "catalogue", {}),
    "waves_quantile": ({"design": "did", "primary_metric_id": "median_order"}, 8, 8, "quantile", {}),
    "waves_clusters_unknown": ({"design": "did", "cluster_by": "site"}, 8, 8, None, {}),
    "waves_two_arms": ({"design": "did", "treatment_arm": "t|other"}, 8, 8, "one treatment arm", {}),
    "waves_no_arms": ({"design": "did", "control_arm": None, "treatment_arm": None}, 8, 8, "arm", {}),
    "waves_newcomers": ({"design": "did"}, 24, 16, None, {"newcomers": 8, "effect": 2, "late": 4}),
    "waves_registered": ({"design": "did"}, 24, 16, None, {"newcomers": 8, "effect": 2, "exists_from": LONG_AGO}),
    "waves_lone": ({"design": "staggered_did"}, 9, 8, None, {"lone": True}),
    "waves_short_past": ({"design": "did"}, 8, 8, None, {"since": START - timedelta(days=28)}),
    "waves_level": (LEVEL, 8, 8, None, {"level": True, "seed": 1}),
    "waves_levels": (LEVEL | {"secondary_metric_ids": "orders"}, 8, 8, None, {"level": True, "seed": 1}),
    "waves_months": ({"design": "did", "period": "month"}, 8, 8, None, {}),
    "waves_years": (YEARS, 0, 0, None, {}),
    "regions_sound": ({"design": "geo"}, 1, 20, None, {}),
    "regions_few": ({"design": "geo"}, 1, 5, "are needed", {}),
    "regions_none_treated": ({"design": "geo"}, 0, 12, "No unit is treated", {}),
    "regions_without_past": ({"design": "geo"}, 1, 12, "periods before", {"since": START}),
    "regions_apart": ({"design": "geo"}, 2, 12, "staggered_did", {"apart": True}),
    "regions_silent": ({"design": "geo"}, 1, 12, "No region was seen", {"orders": 0}),
    "regions_two_arms": ({"design": "geo", "treatment_arm": "t|other"}, 1, 12, "one treatment arm", {}),
    "regions_moved": ({"design": "geo"}, 2, 14, None, {"moved": True}),
    "choice_sound": (CHOICE, 60, 60, None, {}),
    "choice_of_one": (CHOICE, 1, 60, "treat", {}),
    "choice_of_all": (CHOICE, 60, 0, "control", {}),
    "choice_certain": (CHOICE, 60, 60, "certainty", {"certain": True}),
    "choice_twins": (CHOICE, 60, 60, "collinear", {"twins": True}),
    "choice_of_equals": (AGE, 60, 60, None, {"constant": True}),
    "choice_known_late": (CHOICE, 60, 60, "covariate", {"observed": LATER}),
    "choice_two_arms": (CHOICE | {"treatment_arm": "t|other"}, 60, 60, "one treatment arm", {}),
    "series_sound": (SERIES, 0, 0, None, {}),
    "series_still": (SERIES | {"primary_metric_id": "still"}, 0, 0, ".", {}),
    "series_unknown": (SERIES | {"primary_metric_id": "no_series"}, 0, 0, ".", {}),
    "series_before_data": (SERIES | {"starts_at": LONG_AGO, "ends_at": FIRST}, 0, 0, ".", {}),
    "series_sundays": (SERIES | {"primary_metric_id": "sundays"}, 0, 0, None, {}),
    "series_with_holes": (SERIES | {"primary_metric_id": "with_holes"}, 0, 0, None, {}),
    "series_monthly": (SERIES | {"primary_metric_id": "monthly", "starts_at": FIRST_MONTH}, 0, 0, None, {}),
    "series_quarterly": (
        SERIES | {"primary_metric_id": "quarterly", "starts_at": FIRST_MONTH, "period": "quarter"},
        0,
        0,
        "3 quarters",
        {},
    ),
    "series_by_week": (SERIES | {"primary_metric_id": "monthly", "period": "week"}, 0, 0, "dated by month", {}),
    "series_unnamed": (SERIES | {"primary_metric_id": "unnamed"}, 0, 0, None, {}),
    "series_named_wrongly": (SERIES | {"primary_metric_id": "named_wrongly"}, 0, 0, None, {}),
    "series_after_data": (SERIES | {"starts_at": END + timedelta(days=90), "ends_at": None}, 0, 0, ".", {}),
}


class Warehouse(RawRows):
    def units(self, name: str, treated: int, control: int, odd: dict) -> None:
        rng = np.random.default_rng(odd.get("seed", len(name)))
        for k in range(treated + control):
            unit, arm = f"{name}{k}", "t" if k < treated else "c"
            self._assigned(name, unit, arm, k, odd)
            size = float(rng.normal(5 if odd.get("certain") and arm == "t" else 0, 1))
            age = 7.0 if odd.get("constant") else 2 * size + 1 if odd.get("twins") else float(rng.normal(40, 9))
            for attribute, value in (("size", size), ("age", age)):
                observed = odd.get("observed", START - timedelta(days=30))
                known = {"unit_type": "account", "unit_id": unit, "name": attribute, "value_number": value}
                self.add("unit_covariates", observed, **known, observed_at=observed, updated_at=observed)
            begun = START if k < odd.get("newcomers", 0) else odd.get("since", FIRST)
            if arm == "c" and k - treated < odd.get("late", 0):
                begun = START - timedelta(days=42)
            if k < odd.get("newcomers", 0) and "exists_from" in odd:
                born = {"unit_type": "account", "unit_id": unit, "name": "exists_from", "updated_at": START}
                self.add("unit_covariates", START, **born, value_text=odd["exists_from"].date(), observed_at=START)
            if name.startswith("choice"):  # of many units less is needed
                begun = max(begun, START - timedelta(days=28))
            for fortnight in range((END - begun).days // 14):
                at = begun + timedelta(days=14 * fortnight + 1)
                # A unit that orders nothing in one period has no ratio there.
                gone = odd.get("gap") and fortnight == k % 6
                more = odd.get("effect", 0) if arm == "t" and at >= START else 0
                if odd.get("level") and at - timedelta(days=1) != START + timedelta(days=28):
                    reading = {"unit_type": "account", "unit_id": unit, "name": "reading"}
                    value = (50.0 if arm == "t" else 10.0) + float(rng.normal())
                    self.add("outcome_events", at, **reading, value=value)
                for j in range(0 if gone else odd.get("orders", more + 2 + int(rng.poisson(2)))):
                    for kind in ("order", "return")[: 1 + (j % 3 == 0)]:
                        event = {"unit_type": "account", "unit_id": unit, "name": kind, "value": 1.0 + j}
                        self.add("outcome_events", at + timedelta(hours=j), **event)

    def _assigned(self, name: str, unit: str, arm: str, k: int, odd: dict) -> None:
        method = {"choice": "self_selected", "regions": "holdout"}.get(name.split("_")[0], "staggered")
        where = {"experiment_id": name, "unit_type": "account", "unit_id": unit, "assignment_method": method}
        alone = odd.get("lone") and k == 0
        exposed = odd.get("exposed", START + timedelta(days=28 * k if odd.get("apart") else 28 if alone else 0))
        shown = exposed if arm == "t" else None
        self.add("assignments", START, **where, arm=arm, assigned_at=START, exposed_at=shown)
        if odd.get("moved") and k in (0, 5):
            # One treated region was held back later, and one that was held back got the treatment.
            later = START + timedelta(days=20)
            self.add("assignments", later, **where, arm="c" if k == 0 else "t", assigned_at=later)

    def counties(self, name: str) -> None:
        """Log employment of counties (mpdta), one report a year, dated on its last day."""
        outcomes, first, years = counties()
        for k, (row, began) in enumerate(zip(outcomes, first, strict=True)):
            unit = {"unit_type": "region", "unit_id": f"county{k}"}
            shown = datetime(int(began), 1, 1) if began else None
            where = {"experiment_id": name, "arm": "t" if began else "c", "assignment_method": "staggered"}
            self.add("assignments", START, **unit, **where, assigned_at=datetime(2004, 1, 1), exposed_at=shown)
            for year, value in zip(years, row, strict=True):
                self.add("outcome_events", datetime(year, 12, 31), **unit, name="employment", value=float(value))

    def series(self) -> None:
        rng = np.random.default_rng(3)
        for week in range(60):
            at = END - timedelta(days=7 * (60 - week))
            self.signal("searches", at, 100 + float(rng.normal()))
            self.signal("still", at, 5.0)
        # A steady market: one that wanders can't be shown not to have moved at the start.
        market = 100 + 0.1 * np.arange(80) + rng.normal(0, 0.5, 80)
        for week in range(80):
            # A week that begins on Sunday; the market's on the Monday after. Rumours follow nothing, and are marked.
            sunday = END - timedelta(days=7 * (80 - week) + 1)
            lift = 1 + LIFT * (sunday >= START)
            self.signal("sundays", sunday, float(3 * market[week] * lift * math.exp(rng.normal(0, 0.01))))
            self.signal("mondays", sunday + timedelta(days=1), float(market[week]))
            self.signal("rumours", sunday + timedelta(days=1), float(100 * lift**6 + rng.normal(0, 1)), True)
            if week not in (11, 12, 75):
                self.signal("holes", sunday + timedelta(days=1), float(50 + 10 * rng.normal()))
        market = 100 + 0.1 * np.arange(65) + rng.normal(0, 0.5, 65)
        for month, at in enumerate(pd.date_range("2021-01-01", periods=65, freq="MS").to_pydatetime()):
            lift = 1 + LIFT * (at >= FIRST_MONTH)
            self.signal("monthly", at, float(3 * market[month] * lift * math.exp(rng.normal(0, 0.01))))
            self.signal("monthly_market", at, float(market[month]))

    def signal(self, name: str, at: datetime, value: float, marked: bool = False) -> None:
        self.add("market_signals", at, series=name, week=at.date(), value=value, is_covariate=marked)


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    project, warehouse = Project(tmp_path_factory.mktemp("quasi")), Warehouse()
    for name, (_, treated, control, _, odd) in CASES.items():
        warehouse.units(name, treated, control, odd)
    warehouse.series()
    warehouse.counties("waves_years")
    noise = {"unit_type": "visitor", "unit_id": "x", "name": "noise"}
    warehouse.add("outcome_events", END + timedelta(days=3), **noise)
    with duckdb.connect(str(project.path)) as connection:
        for source, found in warehouse.rows.items():
            insert_as_text(connection, source, found)
        register(connection, {name: DEFAULTS | change for name, (change, *_) in CASES.items()}, METRICS)
    tables = ("impact_estimates", "experiment_health", "covariate_balance", "event_study", "counterfactual_series")
    wanted = [f"+{name}" for name in tables]
    project.see_registrations()
    project.dbt("build", "--select", *wanted, "--exclude-resource-type", "seed", "test", "unit_test")
    with duckdb.connect(str(project.path), read_only=True) as connection:
        return {name: connection.sql(f"select * from {name}").df() for name in tables}


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_rows_and_every_gap_its_reason(results, name):
    *_, word, _ = CASES[name]
    table = results["impact_estimates"]
    mine = table[table.experiment_id == name]
    assert len(mine) and mine.reason.notna().all()
    missing = mine[mine.estimate.isna()]
    assert missing[["std_error", "ci_low", "ci_high", "p_value"]].isna().all(axis=None)
    assert missing.reason.str.endswith(".").all() and missing.evidence_grade.isna().all()
    assert (missing.verdict == "not_estimated").all()
    if word is None:
        assert len(missing) < len(mine), missing.reason.tolist()
        assert mine.dropna(subset=["estimate"]).evidence_grade.isin(["B", "C", "D"]).all()
    else:
        assert len(missing) == len(mine), mine[["method", "estimate", "reason"]]
        # A count is not compared with its past, whatever else is wrong.
        named = missing[missing.method != "matched_did"]
        assert named.reason.str.contains(word, regex=False).all(), set(named.reason)


@pytest.mark.parametrize("name", CASES)
def test_every_case_has_a_diagnostic_that_speaks(results, name):
    health = results["experiment_health"]
    mine = health[health.experiment_id == name].set_index("check_id")
    first = {"waves": "parallel_trends", "regions": "synthetic_fit", "choice": "overlap", "series": "placebo_dates"}
    assert mine.detail.notna().all() and mine.detail.str.endswith(".").all()
    check = mine.loc[first[name.split("_")[0]]]
    if CASES[name][3] is not None:
        assert pd.isna(check.passed) or not check.passed


def test_regions_in_several_arms_are_counted(results):
    table = results["impact_estimates"]
    mine = table[table.experiment_id == "regions_moved"]
    assert (mine.n_treatment == 1).all() and (mine.n_control == 13).all()
    assert mine.reason.str.contains("1 unit is left out: the treatment ended.").all()
    assert mine.reason.str.contains("1 unit is left out: assigned to several arms.").all()
    health = results["experiment_health"].set_index(["experiment_id", "check_id"])
    assert not health.passed["regions_moved", "multiple_exposure"]


def lift_of(results, name: str) -> pd.Series:
    table = results["impact_estimates"]
    return table[(table.experiment_id == name) & (table.method == "structural_series_relative")].iloc[0]


@pytest.mark.parametrize(
    ("name", "weeks", "reason"),
    [
        ("series_sundays", (68, 11), "registered for the metric: mondays."),
        ("series_with_holes", (66, 10), "3 weeks are left out, as a control has no value there."),
        ("series_monthly", (60, 4), "registered for the metric: monthly_market."),
    ],
)
def test_series_find_their_controls_whatever_their_dates(results, name, weeks, reason):
    """Planted: +10 %. The marked series moved at the start, and is no control of a metric that names others."""
    row = lift_of(results, name)
    assert row.estimate == pytest.approx(LIFT, abs=0.02) and row.ci_low < LIFT < row.ci_high
    assert row.evidence_grade == "C", row.reason
    assert (row.n_control, row.n_treatment) == weeks and reason in row.reason
    path = results["counterfactual_series"]
    path = path[path.experiment_id == name]
    assert set(path.period) == {"month" if name == "series_monthly" else "week"}
    assert len(path) == sum(weeks) and path.observed.min() > 100


def test_marked_series_are_controls_of_a_metric_that_names_none(results):
    row = lift_of(results, "series_unnamed")
    assert "Controls, marked is_covariate, as the metric names none: rumours." in row.reason
    assert row.evidence_grade == "D"
    wrongly = lift_of(results, "series_named_wrongly")
    assert "moon is no series of market_signals" in wrongly.reason and "is_covariate" not in wrongly.reason
    health = results["experiment_health"].set_index(["experiment_id", "check_id"]).loc["series_named_wrongly"]
    assert pd.isna(health.loc["covariates_untouched"].passed) and "moon" in health.loc["covariates_untouched"].detail


def _row(results, experiment: str, method: str, metric: str | None = None):
    table = results["impact_estimates"]
    mine = table[(table.experiment_id == experiment) & (table.method == method)]
    return (mine if metric is None else mine[mine.metric_id == metric]).iloc[0]


@pytest.mark.parametrize("method", ["did", "staggered_did"])
def test_units_that_enter_treated_have_no_before(results, method):
    """Zeros before they came would say 4 and more; with a date from which they were there, zeros are what they had."""
    found = _row(results, "waves_newcomers", method)
    assert found.ci_low < 2 < found.ci_high < 4 and found.n_treatment == 16
    assert "8 treated units have no whole period before the treatment: left out." in found.reason
    assert "4 units that joined later count from the first whole period on." in found.reason
    registered = _row(results, "waves_registered", method)
    assert registered.n_treatment == 24 and registered.estimate > 2.5
    assert "before the treatment" not in registered.reason


def test_each_metric_has_its_own_periods(results):
    for method in ("did", "staggered_did"):
        alone, beside = (_row(results, name, method, "level") for name in ("waves_level", "waves_levels"))
        assert abs(alone.estimate) < 2
        assert (alone.estimate, alone.ci_low) == pytest.approx((beside.estimate, beside.ci_low), rel=1e-9)
        assert "10 periods count. Left out: period -6, cut off by the start of the data; period 2," in alone.reason
        assert "11 periods count" in _row(results, "waves_levels", method, "orders").reason


def test_waves_of_one_unit_are_left_out(results):
    found = _row(results, "waves_lone", "staggered_did")
    assert found.n_treatment == 8 and found.ci_low < 0 < found.ci_high
    assert "The wave of period 2 is left out: it has one unit" in found.reason


def test_one_period_before_is_grade_d(results):
    found = _row(results, "waves_short_past", "did")
    assert found.evidence_grade == "D" and "no pre-trend to test" in found.reason


def test_calendar_months(results):
    found = _row(results, "waves_months", "did")
    assert "4 periods count. Left out: period -3, cut off by the start of the data; period 2" in found.reason
    study = results["event_study"]
    assert sorted(study[study.experiment_id == "waves_months"].relative_period) == [-2, 0, 1]


def test_years_as_published(results):
    """Callaway and Sant'Anna's counties, from one report a year; against not yet treated ones, as the model does."""
    outcomes, first, years = counties()
    panel = did.cohorts_from_rows(outcomes, [years.index(f) if f else -1 for f in first])
    effects = did.group_time(panel, "not_yet_treated", "universal")
    published = {"staggered_did": ("simple", -0.0400), "staggered_did_dynamic": ("dynamic", -0.0772)}
    for method, (kind, figure) in published.items():
        found, expected = _row(results, "waves_years", method), did.estimates(did.aggregate(effects, kind), small=True)
        assert found.estimate == pytest.approx(figure, abs=2e-3)
        assert (found.estimate, found.std_error) == pytest.approx(
            (expected["overall",].estimate, expected["overall",].std_error), rel=1e-6
        )
    assert "5 periods count." in found.reason and found.n_treatment == 191
    assert "p = nan" not in found.reason


def test_one_treated_unit(results):
    found = _row(results, "waves_one_among_many", "two_way_fixed_effects")
    assert 0 < found.ci_low < 9 < found.ci_high and found.p_value == pytest.approx(1 / 25)
    assert (found.n_treatment, found.n_control) == (1, 24) and found.evidence_grade in ("C", "D")
    assert "p is its rank among 25, and can't be below 0.04." in found.reason and "11 periods count." in found.reason
    few = _row(results, "waves_one_treated", "two_way_fixed_effects")
    assert few.evidence_grade == "D" and np.isnan(few.ci_low) and few.p_value >= 1 / 9
    assert "With so few controls the interval has no limits." in few.reason
    assert "one unit" in _row(results, "waves_one_treated", "did").reason
