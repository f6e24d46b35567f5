"""Matched controls against published figures, row-level computations and planted truth."""

import math

import numpy as np
import pandas as pd
import pytest
from causaldata import cps_mixtape, nsw_mixtape
from hypothesis import given, settings
from hypothesis import strategies as st
from published import births
from threadpoolctl import threadpool_info

from ai_impact_stats.estimators import linear, matching
from ai_impact_stats.estimators.checks import Check
from ai_impact_stats.estimators.estimate import missing
from ai_impact_stats.estimators.propensity import Units, fit_propensity, overlap

# Blood lead of 33 exposed workers' children and their controls: Morton et al. (1982), as in Rosenbaum (2002), 4.3.
LEAD = [
    (38, 16), (23, 18), (41, 18), (18, 24), (37, 19), (36, 11), (23, 10), (62, 15), (31, 16), (34, 18), (24, 18),
    (14, 13), (21, 19), (17, 10), (16, 16), (20, 16), (15, 24), (10, 13), (45, 9), (39, 14), (22, 21), (35, 19),
    (49, 7), (48, 18), (44, 19), (35, 12), (43, 11), (39, 22), (34, 25), (13, 16), (73, 13), (25, 11), (27, 13),
]  # fmt: skip


@pytest.fixture(scope="module")
def trained():
    """NSW's experiment, all rows."""
    return nsw_mixtape.load_pandas().data.drop(columns="data_id").astype("float64")


@pytest.fixture(scope="module")
def observed(trained):
    """NSW's treated beside CPS controls: 16,177 rows."""
    controls = cps_mixtape.load_pandas().data.drop(columns="data_id").astype("float64")
    data = pd.concat([trained[trained["treat"] == 1], controls], ignore_index=True)
    data["agesq"], data["agecube"], data["edusq"] = data["age"] ** 2, data["age"] ** 3, data["educ"] ** 2
    data["u74"], data["u75"] = (data["re74"] == 0) * 1.0, (data["re75"] == 0) * 1.0
    data["educ_re74"] = data["educ"] * data["re74"]
    return data


DEMOGRAPHICS = ["age", "agesq", "educ", "nodegree", "black", "hisp", "marr"]
CUNNINGHAM = [
    "age", "agesq", "agecube", "educ", "edusq", "marr", "nodegree", "black", "hisp", "re74", "re75", "u74", "u75",
    "educ_re74",
]  # fmt: skip


def adjusted(data, x):
    fit = linear.least_squares(np.column_stack([np.ones(len(data)), data["treat"], data[x]]), data["re78"])
    return float(fit.beta[1]), math.sqrt(fit.covariance[1, 1])


@pytest.mark.parametrize(("x", "effect", "error"), [([], 1794.34, 632.85), (["re75"], 1750.2, 632.1)])
def test_experiment_published(trained, x, effect, error):
    """Dehejia and Wahba (1999), table 2: 1,794 (633) and 1,750 (632)."""
    assert adjusted(trained, x) == pytest.approx((effect, error), abs=0.06)


@pytest.mark.parametrize(
    ("x", "effect", "error"),
    [
        ([], -8498, 712),
        (DEMOGRAPHICS, -3437, 710),
        (["re75"], -78, 537),
        ([*DEMOGRAPHICS, "re75"], 623, 558),
        ([*DEMOGRAPHICS, "re75", "re74"], 794, 548),
    ],
)
def test_observed_published(observed, x, effect, error):
    """The same treated with CPS controls: the naive difference is far off, and adjustment brings it back."""
    assert tuple(round(v) for v in adjusted(observed, x)) == (effect, error)


def test_weights_published(observed):
    """Cunningham (2021), "Causal Inference: The Mixtape", chapter 5."""
    units = Units.of(observed["treat"], observed[CUNNINGHAM], observed["re78"])
    propensity = fit_propensity(units)
    found = [
        matching.weighted(units, propensity, "ate", weighting, trim).estimate
        for trim in (None, (0.1, 0.9))
        for weighting in ("horvitz_thompson", "hajek")
    ]
    assert found == pytest.approx([-11876.8, -7238.1, 2006.4, 1806.7], abs=0.05)
    shared = overlap(units, propensity, matching.weights_of(units, propensity))
    assert shared.passed is False
    # The effect on the treated needs no treated unit to stand for thousands of others.
    att = matching.weighted(units, propensity, "att")
    assert att.ci_low <= 1794.34 <= att.ci_high


@pytest.fixture(scope="module")
def births_units():
    data = births()
    x = data[["mmarried_", "mage", "mage2", "fbaby_", "medu"]]
    return Units.of(data["mbsmoke_"], x, data["bweight"]), data


def test_births_published(births_units):
    """Stata's teffects on Cattaneo's birth weights: ra, ipw, aipw, ipwra; probit."""
    units, data = births_units
    probit = fit_propensity(units, "probit")
    x = data[["mmarried_", "mage", "prenatal1_", "fbaby_"]]
    found = matching.weighted(units, probit)
    assert (found.estimate, found.std_error) == pytest.approx((-230.689, 25.815), abs=0.002)
    published = {
        "regression": (-239.639, 23.824),
        "aipw": (-230.989, 26.211),
        "ipwra": (-229.967, 26.627),
    }
    for method, figures in published.items():
        e = matching.regressed(units, probit, "ate", method, x)
        assert (e.estimate, e.std_error) == pytest.approx(figures, abs=0.0006), method


def test_neighbours_published(births_units):
    """Stata's manual, teffects nnmatch and psmatch on the same data: -240.331 and -210.968."""
    units, data = births_units
    near = Units.of(data["mbsmoke_"], data[["mage", "prenatal1_", "mmarried_", "fbaby_"]], data["bweight"])
    assert matching.nearest_neighbour(near, "ate").estimate.estimate == pytest.approx(-240.3306, abs=5e-5)
    score = fit_propensity(units).score
    assert matching.nearest_neighbour(units, "ate", score=score).estimate.estimate == pytest.approx(-210.9683, abs=5e-5)


def test_rosenbaum_published():
    differences = [a - b for a, b in LEAD]
    bounds = [matching.rosenbaum_bound(differences, gamma) for gamma in (2, 3, 4, 4.25, 5)]
    assert bounds == pytest.approx([0.0018, 0.0136, 0.0388, 0.0468, 0.0740], abs=5e-5)
    assert 4.25 < matching.rosenbaum_sensitivity(differences) < 5
    assert matching.rosenbaum_sensitivity([-1, 2, -3, 1]) is None
    assert math.isnan(matching.rosenbaum_bound([0, 0], 1))
    with pytest.raises(ValueError, match="at least 1"):
        matching.rosenbaum_bound(differences, 0.5)


def test_e_value_published():
    assert [matching.e_value(r) for r in (3.9, 1.8, 1 / 3.9)] == pytest.approx([7.26, 3.0, 7.26], abs=0.005)
    with pytest.raises(ValueError, match="above 0"):
        matching.e_value(0)


def chosen(seed, n=400, effect=1.0, slope=0.8, levels=4):
    """Units whose treatment and outcome both follow x: covariates in bins, so that cells exist."""
    rng = np.random.default_rng(seed)
    x = rng.integers(0, levels, (n, 2)) - (levels - 1) / 2
    chance = 1 / (1 + np.exp(-slope * (x[:, 0] + 0.5 * x[:, 1])))
    t = (rng.random(n) < chance) * 1.0
    y = 2 * x[:, 0] - x[:, 1] + effect * t + rng.normal(size=n)
    return t, x, y


def cells_of(t, x, y):
    data = pd.DataFrame({"t": t, "a": x[:, 0], "b": x[:, 1], "y": y})
    cells = data.groupby(["t", "a", "b"])["y"].agg(["size", "mean", "var"]).reset_index()
    return Units.of(
        cells["t"], cells[["a", "b"]], cells["mean"], cells["size"], ((cells["size"] - 1) * cells["var"]).fillna(0)
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 10_000), link=st.sampled_from(["logit", "probit"]))
def test_cells_equal_rows(seed, link):
    t, x, y = chosen(seed)
    rows, cells = Units.of(t, x, y), cells_of(t, x, y)
    a, b = fit_propensity(rows, link), fit_propensity(cells, link)
    strata = [u.x @ [10, 1] for u in (rows, cells)]
    for estimand in matching.ESTIMANDS:
        pairs = [matching.weighted(u, p, estimand) for u, p in ((rows, a), (cells, b))]
        pairs += [matching.weighted(u, p, estimand, trim=(0.2, 0.8)) for u, p in ((rows, a), (cells, b))]
        if estimand != "ato":
            pairs += [matching.weighted(u, p, estimand, "horvitz_thompson") for u, p in ((rows, a), (cells, b))]
            pairs += [matching.regressed(u, p, estimand, "aipw") for u, p in ((rows, a), (cells, b))]
            pairs += [
                matching.coarsened_exact(u, s, estimand).estimate for u, s in zip((rows, cells), strata, strict=True)
            ]
            pairs += [matching.nearest_neighbour(u, estimand).estimate for u in (rows, cells)]
        for one, other in zip(pairs[::2], pairs[1::2], strict=True):
            assert one.estimate == pytest.approx(other.estimate, abs=1e-8)
            assert one.std_error == pytest.approx(other.std_error, rel=1e-6)


def test_logit_equals_statsmodels():
    import statsmodels.api as sm

    t, x, y = chosen(3)
    fitted = sm.Logit(t, sm.add_constant(x)).fit(disp=0)
    assert fit_propensity(Units.of(t, x, y)).score == pytest.approx(fitted.predict(), abs=1e-8)


def test_order_of_rows_changes_nothing():
    t, x, y = chosen(4)
    order = np.random.default_rng(0).permutation(len(t))
    for estimand in ("att", "ate"):
        one = matching.nearest_neighbour(Units.of(t, x, y), estimand, neighbours=3).estimate
        other = matching.nearest_neighbour(Units.of(t[order], x[order], y[order]), estimand, neighbours=3).estimate
        assert (one.estimate, one.std_error) == pytest.approx((other.estimate, other.std_error), rel=1e-9)


def _brute_force(t, x, y, m, estimand):
    """Abadie and Imbens (2006), theorem 7, for distinct distances: no ties, no cells."""
    n = len(t)
    count, imputed = np.zeros(n), np.zeros(n)
    for i in range(n):
        near = sorted((abs(x[i] - x[j]), j) for j in range(n) if t[j] != t[i])[:m]
        for _, j in near:
            count[j] += 1 if estimand == "ate" or t[i] else 0
        imputed[i] = np.mean([y[j] for _, j in near])
    difference = np.where(t == 1, y - imputed, imputed - y)
    spread = np.zeros(n)
    for i in range(n):
        _, j = min((abs(x[i] - x[j]), j) for j in range(n) if t[j] == t[i] and j != i)
        spread[i] = (y[i] - y[j]) ** 2 / 2
    if estimand == "ate":
        effect = difference.mean()
        factor = (count / m) ** 2 + (2 * m - 1) / m * count / m
        return effect, math.sqrt(((difference - effect) ** 2 + factor * spread).sum()) / n
    own = t == 1
    effect = difference[own].mean()
    factor = np.where(own, 0, count * (count - 1) / m**2)
    return effect, math.sqrt(((difference[own] - effect) ** 2).sum() + (factor * spread).sum()) / own.sum()


@pytest.mark.parametrize("estimand", ["att", "ate"])
@pytest.mark.parametrize("m", [1, 3])
def test_neighbours_equal_brute_force(m, estimand):
    rng = np.random.default_rng(m)
    x = rng.normal(size=120)
    t = (rng.random(120) < 1 / (1 + np.exp(-x))) * 1.0
    y = x + rng.normal(size=120)
    found = matching.nearest_neighbour(Units.of(t, x, y), estimand, m, score=x).estimate
    assert (found.estimate, found.std_error) == pytest.approx(_brute_force(t, x, y, m, estimand), rel=1e-9)


def test_caliper_leaves_out():
    t, x, y = np.array([1, 1, 1, 0, 0, 0.0]), np.array([0, 1, 9, 0.1, 1.1, 2.0]), np.array([1, 3, 99, 0, 1, 5.0])
    found = matching.nearest_neighbour(Units.of(t, x, y), caliper=0.5, score=x)
    assert found.unmatched == 1 and found.estimate.estimate == pytest.approx(1.5)
    assert list(found.weights) == pytest.approx([1, 1, 0, 1, 1, 0])
    far = matching.nearest_neighbour(Units.of(t, x, y), caliper=0.01, score=x)
    assert far.estimate.estimate is None and "caliper" in far.estimate.reason


def test_exact_matching_by_hand():
    t = np.array([1, 1, 0, 0, 1, 1, 0, 0, 1, 0.0])
    s = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 3])
    y = np.array([3, 5, 1, 3, 10, 12, 7, 7, 50, 60.0])
    found = matching.coarsened_exact(Units.of(t, s, y), s)
    # 2 and 4 within the two cells of both arms, half of the treated each.
    assert found.estimate.estimate == pytest.approx(3) and found.unmatched == 1
    assert found.estimate.std_error == pytest.approx(math.sqrt(0.25 * (2 / 2 + 2 / 2) + 0.25 * (2 / 2 + 0)))
    both = matching.coarsened_exact(Units.of(t[8:], s[8:], y[8:]), s[8:])
    assert both.estimate.estimate is None


METHODS = {
    "hajek": lambda u, p: matching.weighted(u, p, "att"),
    "horvitz_thompson": lambda u, p: matching.weighted(u, p, "att", "horvitz_thompson"),
    "aipw": lambda u, p: matching.regressed(u, p, "att", "aipw"),
    "regression": lambda u, p: matching.regressed(u, None, "att", "regression"),
    "overlap": lambda u, p: matching.weighted(u, p, "ato"),
    "ate": lambda u, p: matching.weighted(u, p, "ate"),
    "aipw_ate": lambda u, p: matching.regressed(u, p, "ate", "aipw"),
    "exact": lambda u, p: matching.coarsened_exact(u, u.x @ [10, 1]).estimate,
    "neighbours": lambda u, p: matching.nearest_neighbour(u, "att").estimate,
}


def test_planted_effect_is_covered_where_naive_is_wrong():
    covered, naive = {name: [] for name in METHODS}, []
    for seed in range(200):
        t, x, y = chosen(seed)
        cells = cells_of(t, x, y)
        propensity = fit_propensity(cells)
        for name, method in METHODS.items():
            e = method(cells, propensity)
            covered[name].append(e.ci_low <= 1 <= e.ci_high)
        means = y[t == 1].mean() - y[t == 0].mean()
        error = math.sqrt(y[t == 1].var() / t.sum() + y[t == 0].var() / (1 - t).sum())
        naive.append(abs(means - 1) < 1.96 * error)
    assert np.mean(naive) < 0.05
    for name, hits in covered.items():
        assert 0.90 <= np.mean(hits) <= 0.99, (name, np.mean(hits))


def test_doubly_robust_survives_one_wrong_model():
    """The outcome is quadratic and the score is linear, or the reverse: one right model is enough."""
    rng = np.random.default_rng(8)
    a = rng.normal(size=(40_000, 1))
    wide = np.column_stack([a, a**2])
    for outcome_x, score_x in ((a, wide), (wide, a)):
        t = (rng.random(len(a)) < 1 / (1 + np.exp(-(0.5 * a[:, 0] + 0.4 * a[:, 0] ** 2 - 0.5)))) * 1.0
        y = 1.0 * t + 2 * a[:, 0] ** 2 + rng.normal(size=len(a))
        units = Units.of(t, score_x, y)
        e = matching.regressed(units, fit_propensity(units), "att", "aipw", outcome_x)
        assert e.estimate == pytest.approx(1, abs=0.1)
    wrong = matching.regressed(Units.of(t, a, y), None, "att", "regression")
    assert abs(wrong.estimate - 1) > 0.3


def test_overlap_weights_balance_exactly():
    """Li, Morgan and Zaslavsky (2018), theorem 3: with a logit, means are equal to the last digit."""
    t, x, y = chosen(2)
    units = Units.of(t, x, y)
    propensity = fit_propensity(units)
    found = matching.covariate_balance(units, ["a", "b"], matching.weights_of(units, propensity, "ato"))
    assert abs(found[0].smd_before) > 0.5
    assert max(abs(b.smd_after) for b in found) < 1e-9
    assert matching.balance_check(found).passed
    assert matching.balance_check(matching.covariate_balance(units, ["a", "b"])).passed is False


def test_balance_by_hand():
    units = Units.of([1, 1, 0, 0], [[1, 5], [3, 5], [0, 5], [2, 5.0]], [0, 0, 0, 1])
    a, b = matching.covariate_balance(units, ["a", "b"], np.array([1, 1, 0, 1]))
    assert (a.smd_before, a.smd_after) == pytest.approx((1, 0)) and a.variance_ratio is None
    assert b.smd_before is None and b.is_balanced is None
    assert matching.balance_check([b]).passed is None


def test_placebo_finds_what_no_covariate_tells():
    """A hidden cause moves treatment, the past and the outcome: the placebo fires, and the grade falls to D."""
    fired, quiet = 0, 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        t, x, y = chosen(seed)
        past = y - 1.0 * t + rng.normal(size=len(y))
        hidden = rng.normal(size=len(t)) + 0.6 * t
        units = Units.of(t, x, y)
        propensity = fit_propensity(units)
        good = matching.placebo_outcome(matching.weighted(units.with_outcome(past), propensity, "att"), matters=2.0)
        quiet += good.passed is True
        bad = matching.placebo_outcome(matching.weighted(units.with_outcome(past + 2 * hidden), propensity, "att"))
        fired += bad.passed is False
    assert quiet >= 88 and fired >= 90
    balance = Check(0.0, None, 0.1, True, "")
    assert matching.grade_matched(balance, balance, balance, balance) == ("C", None)
    grade, reason = matching.grade_matched(balance, balance, bad, balance)
    assert grade == "D" and reason.startswith("Placebo fails")
    grade, reason = matching.grade_matched(balance, balance, None, balance)
    assert grade == "D" and "could not be checked" in reason
    unseen = matching.placebo_outcome(missing("None there."))
    grade, reason = matching.grade_matched(balance, balance, balance, unseen)
    assert grade == "D" and "hidden cause could not be checked" in reason
    # A placebo that would not have found what matters is not one that passed, nor is one without a registered effect.
    still = matching.weighted(units.with_outcome(past), propensity, "att")
    for matters in (None, 0.5 * still.std_error):
        check = matching.placebo_outcome(still, alpha=1e-9, matters=matters)
        assert check.passed is None and check.p_value > 1e-9


def test_the_strongest_cause_is_the_bias_that_leaving_it_out_brings():
    """Twin causes: one is measured, the other hidden. What the measured one tells of the other is its bias."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        x, h = rng.normal(size=(2, 4000))
        t = (rng.random(4000) < 1 / (1 + np.exp(-0.5 * (x + h)))) * 1.0
        y = x + h + rng.normal(size=4000)
        units = Units.of(t, np.column_stack([x, rng.normal(size=4000)]), y)
        name, bias = matching.strongest_cause(units, ["x", "noise"])
        assert name == "x"
        hidden = matching.regressed(units, method="regression").estimate
        found.append(bias / hidden)
    assert np.mean(found) == pytest.approx(1.0, abs=0.15)
    flat = Units.of([1, 0, 1, 0], np.zeros((4, 1)), [1, 2, 3, 4])
    assert matching.strongest_cause(flat, ["x"]) is None


@given(st.integers(0, 1000))
def test_cells_and_rows_have_the_same_strongest_cause(seed):
    t, x, y = chosen(seed, 200)
    rows = matching.strongest_cause(Units.of(t, x, y), ["a", "b"])
    cells = matching.strongest_cause(cells_of(t, x, y), ["a", "b"])
    assert rows[0] == cells[0] and rows[1] == pytest.approx(cells[1], rel=1e-6)


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_a_hidden_cause_like_the_strongest_covariate_is_seldom_an_effect_at_grade_c(strength):
    """No effect; the hidden cause moves choice and outcome as x does, and the past hardly."""
    alarms, found, runs = 0, 0, 100
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        x, h = rng.normal(size=(2, 1000))
        t = (rng.random(1000) < 1 / (1 + np.exp(-0.4 * x - strength * h))) * 1.0
        y = 0.4 * x + strength * h + rng.normal(size=1000)
        units = Units.of(t, x[:, None], y)
        e = matching.regressed(units, fit_propensity(units), "att")
        found += e.p_value < 0.05
        alarms += e.p_value < 0.05 and matching.hidden_cause(e, matching.strongest_cause(units, ["x"])).passed is True
    assert alarms <= 6 and (found > 50 or not strength)
    assert matching.placebo_outcome(missing("None there.")).passed is None


def test_degenerate_units():
    t, x, y = chosen(5)
    separated = Units.of(t, np.column_stack([x, t * 3]), y)
    assert "separation" in fit_propensity(separated)
    nearly = x.copy()
    nearly[:, 0] = np.where(t == 1, 5 + x[:, 0], x[:, 0])
    assert "separation" in fit_propensity(Units.of(t, nearly, y))
    collinear = Units.of(t, np.column_stack([x, x[:, 0] + x[:, 1]]), y)
    assert "are collinear" in fit_propensity(collinear)
    assert "are collinear" in matching.regressed(collinear, None, "ate", "regression").reason
    assert "are collinear" in matching.nearest_neighbour(collinear).estimate.reason
    one = np.zeros(len(t))
    one[3] = 1
    assert "1 unit" in fit_propensity(Units.of(one, x, y))
    assert "0 units" in fit_propensity(Units.of(one * 0, x, y))
    assert fit_propensity(Units.of([], np.zeros((0, 2)), [])) == "There are no units."
    gap = y.copy()
    gap[0] = math.nan
    assert "missing" in fit_propensity(Units.of(t, x, gap))
    flat = Units.of(t, x, np.full(len(t), 7.0))
    propensity = fit_propensity(flat)
    for e in (
        matching.weighted(flat, propensity),
        matching.regressed(flat, propensity),
        matching.nearest_neighbour(flat).estimate,
        matching.coarsened_exact(flat, x[:, 0]).estimate,
    ):
        assert e.estimate is None and e.reason
    assert "Trimming" in matching.weighted(flat, propensity, trim=(0.999, 1.0)).reason
    assert matching.weighted(
        Units.of(t, np.zeros((len(t), 0)), y), fit_propensity(Units.of(t, np.zeros((len(t), 0)), y))
    )


def test_unknown_names_are_errors():
    t, x, y = chosen(6)
    units = Units.of(t, x, y)
    propensity = fit_propensity(units)
    for call in (
        lambda: fit_propensity(units, "cauchit"),
        lambda: matching.weights_of(units, propensity, "late"),
        lambda: matching.weighted(units, propensity, "ate", "mystery"),
        lambda: matching.weighted(units, propensity, "ato", "horvitz_thompson"),
        lambda: matching.regressed(units, None, "ate", "aipw"),
        lambda: matching.nearest_neighbour(units, "ato"),
        lambda: matching.coarsened_exact(units, t, "ato"),
        lambda: linear.least_squares(np.column_stack([np.ones(len(t)), t]), y, errors="bootstrap"),
    ):
        with pytest.raises(ValueError):
            call()


def test_e_value_of_difference():
    t, x, y = chosen(7)
    units = Units.of(t, x, y)
    e = matching.weighted(units, fit_propensity(units), "att")
    point, limit = matching.e_value_of_difference(e, float(y.std()))
    assert 1 < limit < point
    assert matching.e_value_of_difference(missing("None."), 1.0) is None


def test_matrices_are_multiplied_in_one_thread():
    before = [pool["num_threads"] for pool in threadpool_info()]
    inside = linear.one_thread(lambda: [pool["num_threads"] for pool in threadpool_info()])()
    assert inside and set(inside) == {1}
    assert [pool["num_threads"] for pool in threadpool_info()] == before
