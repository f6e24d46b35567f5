"""Effects on weekly series: against the Kalman filter, planted truth, and the ways in which the assumption fails."""

import math

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from by_design import check_series, counterfactuals, estimate_series

from ai_impact_stats.designs.series import SCALES
from ai_impact_stats.estimators.structural import (
    STRUCTURAL,
    Series,
    averaged,
    covariates_untouched,
    forecast,
    interrupted,
    placebo_dates,
    structural,
)

TRUTH, BEFORE, WEEKS = 0.12, 37, 65


def simulate(rng, effect=TRUTH, step=0.0, noise=0.02, controls=True, steady=False) -> Series:
    """The demo's branded search, whose level may wander by `step` a week; season and market are in the controls.

    Controls that are `steady` have no season and little noise, so that they can be shown not to have moved.
    """
    t = np.arange(WEEKS)
    own, other, season = (0.01, 0.01, 0.0) if steady else (0.02, 0.03, 0.12)
    market = 100 * (1 + 0.002 * t) * (1 + own * rng.standard_normal(WEEKS))
    category = 5000 * (1 + season * np.cos(2 * np.pi * (t - 14) / 52.18)) * (1 + other * rng.standard_normal(WEEKS))
    lift = np.where(t >= BEFORE, 1 + effect, 1)
    base = 200 + 4 * market + 0.08 * category if controls else np.full(WEEKS, 1000.0)
    wander = np.exp(np.cumsum(step * rng.standard_normal(WEEKS)) + noise * rng.standard_normal(WEEKS))
    x = np.column_stack([market, category]) if controls else np.zeros((WEEKS, 0))
    return Series(t, base * lift * wander, x, t >= BEFORE, True)


@pytest.mark.parametrize("gaps", [False, True])
def test_forecast_equals_the_kalman_filter_with_a_diffuse_start(gaps):
    rng = np.random.default_rng(3)
    full = simulate(rng, step=0.01)
    keep = ~np.isin(full.t, [5, 6, 20]) if gaps else np.ones(WEEKS, bool)
    series = Series(full.t[keep], full.y[keep], full.x[keep], full.after[keep], True)
    found, _ = forecast(series, 0.3)
    x = series.design()[:, 1:]
    values, covariates = np.full(BEFORE, math.nan), np.zeros((BEFORE, x.shape[1]))
    values[series.t[series.before]] = series.outcome[series.before]
    covariates[series.t[series.before]] = x[series.before]
    model = sm.tsa.UnobservedComponents(values, level="local level", exog=covariates, mle_regression=False)
    noise = 4e-4
    wanted = model.smooth([noise, 0.3 * noise]).get_forecast(WEEKS - BEFORE, exog=x[series.after])
    assert found.expected == pytest.approx(wanted.predicted_mean, rel=1e-6)
    ratio = np.sqrt(np.diag(found.covariance)) / wanted.se_mean
    assert ratio == pytest.approx(np.full(len(ratio), ratio[0]), rel=1e-5)


@pytest.mark.parametrize(("step", "controls"), [(0.0, True), (0.005, True), (0.01, True), (0.02, False)])
def test_structural_intervals_hold_the_truth_however_the_level_wanders(step, controls):
    rng, runs = np.random.default_rng(11), 150
    held = 0
    for _ in range(runs):
        e = structural(simulate(rng, step=step, controls=controls))["structural_series_relative"]
        held += e.ci_low <= TRUTH <= e.ci_high
    assert held / runs >= 0.95 - 2.6 * math.sqrt(0.95 * 0.05 / runs)


def test_no_effect_is_seldom_found():
    rng, runs = np.random.default_rng(12), 150
    found = sum(
        structural(simulate(rng, effect=0.0, step=0.005))["structural_series"].p_value < 0.05 for _ in range(runs)
    )
    assert found / runs <= 0.05 + 2.6 * math.sqrt(0.95 * 0.05 / runs)


def test_the_effect_is_found_where_controls_explain_the_series():
    rng = np.random.default_rng(13)
    found = sum(structural(simulate(rng))["structural_series"].p_value < 0.05 for _ in range(60))
    assert found / 60 > 0.8


def test_absolute_cumulative_and_relative_agree():
    series = simulate(np.random.default_rng(4))
    e = structural(series)
    level = np.exp(averaged(series).expected)
    assert e["structural_series"].estimate == pytest.approx((series.y[series.after] - level).mean())
    plain = Series(series.t, series.y, series.x, series.after, False)
    f = structural(plain)
    expected = series.y[series.after].mean() - f["structural_series"].estimate
    assert f["structural_series_relative"].estimate == pytest.approx(f["structural_series"].estimate / expected)


@pytest.mark.parametrize("log", [True, False])
def test_interrupted_series_holds_a_planted_step_and_change_of_trend(log):
    rng, held, runs = np.random.default_rng(5), 0, 150
    t = np.arange(80)
    after = t >= 40
    shift = 0.3 * after + 0.01 * np.where(after, t - 40, 0)
    for _ in range(runs):
        y = 5 + 0.02 * t + shift + 0.1 * rng.standard_normal(80)
        series = Series(t, np.exp(y) if log else y, np.zeros((80, 0)), after, log)
        e = interrupted(series)["interrupted_series_relative" if log else "interrupted_series"]
        truth = math.expm1(shift[after].mean()) if log else shift[after].mean()
        held += e.ci_low <= truth <= e.ci_high
    assert held / runs > 0.95 - 2.6 * math.sqrt(0.05 * 0.95 / runs)


def lasting(rng, rho: float, weeks: int = 52, log: bool = False, effect: float = 0.0) -> Series:
    """A straight trend and errors of which `rho` carries over to the next week; at the start they are in full swing."""
    t, error = np.arange(weeks), rng.standard_normal(weeks)
    error[0] /= math.sqrt(1 - rho**2)
    for i in range(1, weeks):
        error[i] += rho * error[i - 1]
    y = 5 + 0.01 * t + effect * (t >= weeks // 2) + 0.05 * error
    return Series(t, np.exp(y) if log else y, np.zeros((weeks, 0)), t >= weeks // 2, log)


@pytest.mark.parametrize(("rho", "log"), [(0.0, True), (0.3, False), (0.6, True), (0.6, False)])
def test_interrupted_series_seldom_finds_what_is_not_there(rho, log):
    rng, runs = np.random.default_rng(6), 200
    method = "interrupted_series_relative" if log else "interrupted_series"
    found = [interrupted(lasting(rng, rho, log=log))[method] for _ in range(runs)]
    assert sum(e.p_value < 0.05 for e in found) / runs <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / runs)
    assert all((e.p_value < 0.05) == (e.ci_low > 0 or e.ci_high < 0) for e in found)


@pytest.mark.parametrize("gaps", [False, True])
@pytest.mark.parametrize("rho", [0.0, 0.4])
def test_for_a_known_correlation_it_is_generalised_least_squares(monkeypatch, rho, gaps):
    monkeypatch.setattr("ai_impact_stats.estimators.structural.AUTOCORRELATIONS", (rho,))
    series = lasting(np.random.default_rng(7), rho, effect=0.1)
    keep = ~np.isin(series.t, [4, 5, 30]) if gaps else np.ones(52, bool)
    t, y, after = series.t[keep], series.y[keep], series.after[keep]
    e = interrupted(Series(t, y, series.x[keep], after, False))["interrupted_series"]
    x = np.column_stack([np.ones(len(t)), t, after, np.where(after, t - 26, 0)])
    share = [0, 0, 1, (t[after] - 26).mean()]
    fitted = sm.GLS(y, x, sigma=rho ** np.abs(np.subtract.outer(t, t))).fit().t_test(share)
    assert (e.estimate, e.std_error, e.p_value) == pytest.approx(
        (float(fitted.effect[0]), float(fitted.sd[0, 0]), float(fitted.pvalue)), rel=1e-8
    )
    assert (e.ci_low, e.ci_high) == pytest.approx(tuple(fitted.conf_int()[0]), rel=1e-8)


@pytest.mark.parametrize("log", [False, True])
def test_the_scales_of_an_interrupted_series_agree(log):
    series = lasting(np.random.default_rng(8), 0.3, log=log, effect=0.2)
    absolute, relative = interrupted(series).values()
    observed = series.y[series.after].mean()
    for name in ("estimate", "ci_low", "ci_high"):
        value = getattr(absolute, name)
        assert getattr(relative, name) == pytest.approx(value / (observed - value), rel=1e-9), name
    assert absolute.p_value == relative.p_value
    assert "Newey and West" in absolute.reason


def test_a_level_that_may_be_0_has_no_relative_effect():
    series = lasting(np.random.default_rng(9), 0.0)
    around = Series(series.t, series.y - series.y[series.after].mean(), series.x, series.after, False)
    absolute, relative = interrupted(around).values()
    assert absolute.estimate is not None
    assert relative.estimate is None
    assert "distinguished from 0" in relative.reason


def test_placebo_dates_fire_on_an_earlier_break_and_seldom_without():
    def fails(jump: float, seed: int, step: float = 0.0) -> bool:
        series = simulate(np.random.default_rng(seed), step=step)
        y = np.where(series.t >= 22, series.y * (1 + jump), series.y)
        return placebo_dates(Series(series.t, y, series.x, series.after, True)).passed is False

    # A break fifteen weeks after the first value may be the trend's: only a large one is not.
    assert sum(fails(0.5, seed) for seed in range(30)) >= 24
    assert sum(fails(0.0, seed) for seed in range(60)) <= 8


NAMES = ["market", "category"]


def hit(series: Series, by: float) -> Series:
    """The market as it is, and by so much lower or higher from the start on."""
    moved = np.where(series.after[:, None] & np.array([True, False]), series.x * (1 + by), series.x)
    return Series(series.t, series.y, moved, series.after, True)


def test_a_control_that_moved_is_found():
    series = simulate(np.random.default_rng(7), steady=True)
    assert covariates_untouched(series, NAMES).passed is True
    check = covariates_untouched(hit(series, 0.6), NAMES)
    assert check.passed is False and "moved by" in check.detail
    assert covariates_untouched(Series(series.t, series.y, series.x[:, :0], series.after, True), []).passed is None


def test_controls_that_may_have_moved_unseen_are_no_controls():
    """A year of season looks like a move at the start, and noise hides one: the check says that it can't see."""
    loud = covariates_untouched(simulate(np.random.default_rng(7)), NAMES, registered=0.05)
    assert loud.passed is None and "would be found with" in loud.detail
    calm = simulate(np.random.default_rng(7), steady=True)
    # What matters is at most what moves the effect by three of its errors, whatever was registered.
    assert covariates_untouched(calm, NAMES, registered=50.0).passed is True
    assert covariates_untouched(calm, NAMES, registered=0.001).passed is None


@pytest.mark.parametrize("by", [-0.05, -0.02, 0.0])
def test_a_control_that_was_hit_misleads_nobody_at_grade_c(by):
    """5 % of the market are 2 % of the series: found, or too little for the effect's interval to leave 0 out."""
    rng, runs, alarms, judged = np.random.default_rng(21), 60, 0, 0
    for _ in range(runs):
        series = hit(simulate(rng, effect=0.0, steady=True), by)
        if covariates_untouched(series, NAMES, registered=0.05).passed:
            judged += 1
            alarms += structural(series)["structural_series"].p_value < 0.05
    assert alarms / runs <= 0.05 + 2.6 * math.sqrt(0.05 * 0.95 / runs), (alarms, judged)
    assert judged > 30 or by


@pytest.mark.parametrize("growth", [0.003, -0.01])
def test_steady_growth_is_no_effect(growth):
    rng, found = np.random.default_rng(22), []
    for _ in range(40):
        series = simulate(rng, effect=0.0, steady=True)
        grown = Series(series.t, series.y * np.exp(growth * series.t), series.x, series.after, True)
        found.append(structural(grown)["structural_series_relative"])
    assert abs(np.mean([e.estimate for e in found])) < 0.01
    assert np.mean([e.p_value < 0.05 for e in found]) <= 0.1


def bent(**changes) -> Series:
    series = simulate(np.random.default_rng(8))
    parts = {"t": series.t, "y": series.y, "x": series.x, "after": series.after, "log": True} | changes
    return Series(**parts)


SERIES = simulate(np.random.default_rng(8))
DEGENERATE = {
    "nothing after": (bent(after=np.zeros(WEEKS, bool)), "nothing to judge"),
    "all after": (bent(after=np.ones(WEEKS, bool)), "before the start"),
    "zero": (bent(y=np.where(SERIES.t == 3, 0.0, SERIES.y)), "no logarithm"),
    "constant": (bent(y=np.full(WEEKS, 7.0)), "does not vary"),
    "collinear": (bent(x=np.column_stack([SERIES.x[:, 0], SERIES.x[:, 0] ** 2])), "combination"),
    "constant control": (bent(x=np.ones((WEEKS, 1))), "does not vary"),
    "short": (bent(after=np.arange(WEEKS) >= 10), "10 weeks lie before"),
}


@pytest.mark.parametrize("name", DEGENERATE)
def test_degenerate_series_have_no_estimate_and_a_reason(name):
    series, why = DEGENERATE[name]
    for method, e in (structural(series) | interrupted(series)).items():
        assert e.estimate is e.std_error is e.p_value is None, method
        assert why in e.reason


def tables(controls: bool, moved: bool = False, **changes):
    series = simulate(np.random.default_rng(9), steady=True)
    weeks = pd.date_range("2025-08-04", periods=WEEKS, freq="7D")
    rows = [("branded", True, w, v) for w, v in zip(weeks, series.y, strict=True)]
    if controls:
        for name, column in zip(("market", "category"), series.x.T, strict=True):
            factor = np.where(series.after & (name == "market") & moved, 1.6, 1.0)
            rows += [(name, False, w, v) for w, v in zip(weeks, column * factor, strict=True)]
    weekly = pd.DataFrame(rows, columns=["series", "is_outcome", "week", "value"])
    weekly = weekly.assign(experiment_id="e", metric_id="m")
    row = {
        "experiment_id": "e", "design": "time_series", "unit_type": "region", "control_arm": None,
        "treatment_arm": None, "primary_metric_id": "m", "secondary_metric_ids": None, "guardrail_metric_ids": None,
        "expected_split": None, "alpha": 0.05, "power": 0.8, "minimum_detectable_effect": 0.05,
        "assignment_method": None, "is_registered_before_start": True, "is_changed_after_start": False,
        "is_finished": True, "starts_at": weeks[BEFORE], "ends_at": "2026-12-01", "data_end": "2026-12-02",
    }  # fmt: skip
    metrics = pd.DataFrame([{"metric_id": "m", "direction": "up", "transform": "log", "numerator_measure": "branded"}])
    return pd.DataFrame([row | changes]), metrics, weekly


@pytest.mark.parametrize(
    ("controls", "moved", "grade", "verdict"),
    [(True, False, "C", "improved"), (False, False, "D", "not_established"), (True, True, "D", "not_established")],
)
def test_the_grade_is_earned_by_controls_that_did_not_move(controls, moved, grade, verdict):
    found = estimate_series(*tables(controls, moved)).to_pandas()
    assert len(found) == 4
    of = dict(zip(found["method"], found["evidence_grade"], strict=True))
    assert of == dict.fromkeys(SCALES, "D") | dict.fromkeys(STRUCTURAL, grade)
    structural_rows = found[found["evidence_grade"] == "C"]
    assert set(structural_rows["verdict"]) <= {verdict, "inconclusive"}
    assert set(found["estimand"]) == {"att"}


@pytest.mark.parametrize("transform", ["none", "log"])
def test_both_scales_of_a_series_have_one_verdict(transform):
    """At an alpha between the p values of the two scales: the metric's unit decides, of logarithms the share."""
    registry, metrics, weekly = tables(True)
    metrics = metrics.assign(transform=transform)
    rows = estimate_series(registry, metrics, weekly).to_pandas().set_index("method")
    pair = ["structural_series", "structural_series_relative"]
    decides, other = pair if transform == "none" else pair[::-1]
    alpha = float(rows.loc[pair, "p_value_adjusted"].mean())
    rows = estimate_series(registry.assign(alpha=alpha), metrics, weekly).to_pandas().set_index("method")
    expected = "improved" if rows["p_value_adjusted"][decides] < alpha else "inconclusive"
    assert (rows["p_value_adjusted"][other] < alpha) != (expected == "improved")
    assert set(rows.loc[pair, "evidence_grade"]) == {"C"}
    assert rows["verdict"][decides] == rows["verdict"][other] == expected
    scale = rows["scale"][decides]
    assert f"that of the {scale} effect, which decides, does not" in rows["reason"][other]


def test_what_is_not_there_is_said():
    registry, metrics, weekly = tables(True)
    empty = estimate_series(registry, metrics, weekly.iloc[:0]).to_pandas()
    assert empty["estimate"].isna().all()
    assert empty["evidence_grade"].isna().all()
    assert empty["reason"].str.contains("No series of market_signals").all()
    unknown = estimate_series(registry, metrics.assign(metric_id="x"), weekly).to_pandas()
    assert unknown["reason"].str.contains("not in metric_catalog").all()
    late = estimate_series(*tables(True, starts_at=None)).to_pandas()
    assert late["reason"].str.contains("no start").all()
    assert set(check_series(registry, metrics, weekly.iloc[:0]).to_pandas()["passed"]) == {None}
    assert counterfactuals(registry, metrics, weekly.iloc[:0]).num_rows == 0
    other = estimate_series(registry.assign(design="rct"), metrics, weekly)
    assert other.num_rows == 0


def test_a_week_that_the_start_falls_into_is_left_out():
    registry, metrics, weekly = tables(True)
    start = registry["starts_at"].iloc[0] + pd.Timedelta(days=3)
    found = counterfactuals(registry.assign(starts_at=start), metrics, weekly).to_pandas()
    assert len(found) == WEEKS - 1
    assert found["is_after"].sum() == WEEKS - BEFORE - 1


def test_counterfactual_adds_up_to_the_estimate():
    registry, metrics, weekly = tables(True)
    weeks = counterfactuals(registry, metrics, weekly).to_pandas()
    e = estimate_series(registry, metrics, weekly).to_pandas().set_index("method").loc["structural_series"]
    last = weeks.iloc[-1]
    assert last["cumulative_effect"] == pytest.approx(e["estimate"] * e["n_treatment"], rel=1e-6)
    assert last["cumulative_ci_low"] == pytest.approx(e["ci_low"] * e["n_treatment"], rel=1e-6)
    before = weeks[~weeks["is_after"]].dropna(subset="expected")
    assert len(before) > 20
    held = (before["ci_low"] <= before["observed"]) & (before["observed"] <= before["ci_high"])
    assert held.mean() > 0.85


def made(freq: str, periods: int, before: int, covariate: str | None = None, registered: str | None = None, **series):
    """Registry, catalogue and dated values of a series of known effect (+10 %) that follows the control `market`, which
    is steady: one that wanders can't be shown not to have moved at the start.

    `series` are further ones, by name: values by date, or a function of the dates that gives them.
    """
    rng = np.random.default_rng(periods)
    dates = pd.date_range("2019-01-01", periods=periods, freq=freq)
    market = 100 + 0.1 * np.arange(periods) + rng.normal(0, 0.5, periods)
    y = 3 * market * np.exp(rng.normal(0, 0.01, periods)) * np.where(np.arange(periods) >= before, 1.1, 1.0)
    values = {"brand": pd.Series(y, dates), "market": pd.Series(market, dates)} | {
        name: value(dates, market) if callable(value) else value for name, value in series.items()
    }
    # As moments_series does it.
    values = {name: v for name, v in values.items() if not covariate or name in ("brand", *covariate.split("|"))}
    dated = pd.concat([
        pd.DataFrame({"series": name, "is_outcome": name == "brand", "week": v.index, "value": v.to_numpy()})
        for name, v in values.items()
    ])  # fmt: skip
    registry, metrics, _ = tables(True, starts_at=dates[before], ends_at=None, period=registered)
    metrics = metrics.assign(numerator_measure="brand", aggregation="mean", covariate=covariate)
    return registry, metrics, dated.assign(experiment_id="e", metric_id="m")


def relative(found) -> pd.Series:
    return found.to_pandas().set_index("method").loc["structural_series_relative"]


@pytest.mark.parametrize(
    ("freq", "periods", "before", "period"),
    [
        ("W-SUN", 80, 60, "week"),
        ("W-WED", 80, 60, "week"),
        ("MS", 60, 48, "month"),
        ("ME", 60, 48, "month"),
        ("QS-JAN", 40, 32, "quarter"),
        ("QE-DEC", 40, 32, "quarter"),
        ("QS-FEB", 40, 32, "quarter"),
        ("YS-APR", 30, 22, "year"),
    ],
)
def test_a_series_is_analysed_by_what_its_dates_are_apart(freq, periods, before, period):
    given = made(freq, periods, before, "market")
    row = relative(estimate_series(*given))
    assert (row["n_treatment"], row["n_control"]) in ((periods - before, before), (periods - before - 1, before))
    assert row["ci_low"] < 0.1 < row["ci_high"] and row["ci_low"] > 0.03
    assert row["evidence_grade"] == "C" and "registered for the metric: market" in row["reason"]
    path = counterfactuals(*given).to_pandas()
    assert set(path["period"]) == {period}
    assert path["cumulative_effect"].notna().sum() == row["n_treatment"]


def weekly_from(freq: str, gaps=()):
    """The market's series dated on another weekday, the weeks of the numbers `gaps` left out."""

    def values(dates, market):
        other = pd.date_range(dates[0] - pd.Timedelta(days=6), periods=len(dates) + 1, freq=freq)
        place = [int(np.argmin(np.abs((dates - day).days))) for day in other]
        found = pd.Series(market[place], other)
        return found[~np.isin(np.arange(len(found)), gaps)]

    return values


def test_weeks_that_begin_on_other_days_meet():
    plain = relative(estimate_series(*made("W-SUN", 80, 60, "market")))
    for freq in ("W-MON", "W-TUE", "W-SAT", "W-FRI"):
        row = relative(estimate_series(*made("W-SUN", 80, 60, "other", other=weekly_from(freq))))
        assert "registered for the metric: other" in row["reason"] and row["evidence_grade"] == "C"
        assert row["estimate"] == pytest.approx(plain["estimate"], abs=1e-6), freq


def test_gaps_of_a_control_are_weeks_left_out_or_the_control_is():
    few = relative(estimate_series(*made("W-SUN", 80, 60, "other", other=weekly_from("W-SUN", (5, 6, 70)))))
    assert (few["n_control"], few["n_treatment"]) == (58, 19)
    assert "3 weeks are left out, as a control has no value there." in few["reason"]
    assert few["ci_low"] < 0.1 < few["ci_high"] and few["evidence_grade"] == "C"
    many = made("W-SUN", 80, 60, "market|other", other=weekly_from("W-SUN", range(10, 20)))
    row = relative(estimate_series(*many))
    assert (row["n_control"], row["n_treatment"]) == (60, 20)
    assert "other lacks 10 of 60 weeks before the start" in row["reason"] and "metric: market." in row["reason"]
    ended = relative(estimate_series(*made("W-SUN", 80, 76, "market|other", other=weekly_from("W-SUN", range(76, 99)))))
    assert ended["n_treatment"] == 4 and "other lacks 4 of 4 weeks after the start" in ended["reason"]
    assert relative(estimate_series(*many))["estimate"] == pytest.approx(
        relative(estimate_series(*made("W-SUN", 80, 60, "market")))["estimate"]
    )


def test_the_reason_says_which_controls_and_why():
    def reason(**changes) -> str:
        registry, metrics, dated = made("W-MON", 80, 60)
        return relative(estimate_series(registry, metrics.assign(**changes), dated))["reason"]

    assert "Controls, marked is_covariate, as the metric names none: market." in reason()
    unknown = reason(covariate="market|nowhere")
    assert "Controls, registered for the metric: market." in unknown and "nowhere is no series" in unknown
    registry, metrics, dated = made("W-MON", 80, 60)
    alone = registry, metrics, dated[dated["is_outcome"]]
    assert "the metric names none" in relative(estimate_series(*alone))["reason"]
    check = check_series(*alone).to_pandas().set_index("check_id").loc["covariates_untouched"]
    assert check["passed"] is None and "the metric names none" in check["detail"]
    named = registry, metrics.assign(covariate="nowhere"), dated[dated["is_outcome"]]
    check = check_series(*named).to_pandas().set_index("check_id").loc["covariates_untouched"]
    assert check["passed"] is None and "nowhere is no series of market_signals" in check["detail"]
    assert "is_covariate" not in check["detail"]
    still = made("W-MON", 80, 60, "market|flat", flat=lambda dates, market: pd.Series(7.0, dates))
    row = relative(estimate_series(*still))
    assert "flat does not vary before the start" in row["reason"] and row["ci_low"] < 0.1 < row["ci_high"]
    monthly = made(
        "W-MON", 80, 60, "market|slow", slow=pd.Series(range(24), pd.date_range("2019-01-01", periods=24, freq="MS"))
    )
    assert "slow is dated by month, not by week" in relative(estimate_series(*monthly))["reason"]


def test_finer_values_are_told_by_the_registered_period():
    """Days as weeks without registration; weeks and days as months with one, and a month with a hole is left out."""
    days = made("D", 560, 420, "market")
    row = relative(estimate_series(*days))
    assert "Values by day are averaged by week." in row["reason"]
    assert row["n_control"] == 59 and row["estimate"] == pytest.approx(0.1, abs=0.01)
    registry, metrics, dated = made("D", 900, 731, "market", "month")
    months = counterfactuals(registry, metrics, dated).to_pandas()
    assert (
        len(months) == 29
        and set(months["period"]) == {"month, averages by day"}
        and (months["week"].str[8:] == "01").all()
    )
    january = dated[dated["is_outcome"]].set_index("week")["value"].loc["2019-01"]
    assert months["observed"].iloc[0] == pytest.approx(january.mean())
    total = counterfactuals(registry, metrics.assign(aggregation="count"), dated).to_pandas()
    assert set(total["period"]) == {"month"}
    assert total["observed"].iloc[0] == pytest.approx(january.sum())
    holed = dated[~(dated["week"].astype(str).isin(["2019-02-10", *(f"2019-03-{d}" for d in range(10, 20))]))]
    assert "2019-03-01" not in set(counterfactuals(registry, metrics, holed).to_pandas()["week"])
    added = metrics.assign(aggregation="count")
    assert "2019-02-01" not in set(counterfactuals(registry, added, holed).to_pandas()["week"])
    by_week = made("W-SUN", 200, 156, "market", "month")
    assert set(counterfactuals(*by_week).to_pandas()["period"]) == {"month, averages by week"}
    working = dated[pd.to_datetime(dated["week"]).dt.day_of_week < 5]
    assert len(counterfactuals(registry, metrics, working).to_pandas()) == 29


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"registered": "fortnight"}, "The period fortnight is unknown"),
        ({"registered": "week", "freq": "MS"}, "is dated by month and can't be analysed by week"),
        ({"freq": "14D"}, "14 days apart"),
        ({"periods": 1, "before": 0}, "has one date"),
        ({"metric": {"transform": "log1p"}}, "not log1p"),
        ({"metric": {"denominator_measure": "market"}}, "without denominator_measure"),
        ({"registry": {"ends_at": "2018-01-01"}}, "No whole week of the series brand"),
    ],
)
def test_what_cannot_be_analysed_is_said(changes, word):
    of = {"freq": "W-MON", "periods": 80, "before": 60, "registered": None, "metric": {}, "registry": {}} | changes
    registry, metrics, dated = made(of["freq"], of["periods"], of["before"], "market", of["registered"])
    found = estimate_series(registry.assign(**of["registry"]), metrics.assign(**of["metric"]), dated).to_pandas()
    assert found["estimate"].isna().all() and found["evidence_grade"].isna().all()
    assert found["reason"].str.contains(word, regex=False).all(), found["reason"].iloc[0]


def test_no_check_of_a_series_passes_on_nothing():
    for given in (made("W-MON", 80, 79, "market"), made("W-MON", 80, 5, "market"), made("14D", 80, 60, "market")):
        assert set(check_series(*given).to_pandas()["passed"]) <= {None, False}
