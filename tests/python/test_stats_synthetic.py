"""Few treated units against published figures, and planted truth."""

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from published import proposition_99
from scipy import stats
from scipy.optimize import minimize

from ai_impact_stats.estimators import synthetic as few


@pytest.fixture(scope="module")
def smoking():
    return proposition_99()


@pytest.mark.parametrize(
    ("method", "published", "obtained"),
    [
        ("synthetic_did", -15.6, -15.605),
        ("synthetic_control", -19.6, -19.51),
        ("synthetic_control_demeaned", -11.1, -11.109),
        ("did", -27.3, -27.35),
    ],
)
def test_proposition_99_published(smoking, method, published, obtained):
    """Arkhangelsky et al. (2021), table 1: packs per head of California, 1989 to 2000."""
    y, _, years = smoking
    e = few.synthetic(y, 1, years.index(1989), method).estimate
    assert e.estimate == pytest.approx(obtained, abs=0.005)
    assert e.estimate == pytest.approx(published, abs=0.1)


def test_proposition_99_weights(smoking):
    """Abadie, Diamond and Hainmueller (2010), table 2: Utah, Nevada, Montana, Colorado, Connecticut make California."""
    y, states, years = smoking
    found = few.synthetic(y, 1, years.index(1989), "synthetic_control")
    heaviest = [states[i] for i in np.argsort(-found.weights)[:4]]
    assert heaviest == ["Utah", "Montana", "Nevada", "Connecticut"]
    assert found.weights.sum() == pytest.approx(1) and found.weights.min() >= 0
    assert found.check.passed and len(found.placebos) == 38
    assert found.rank_p_value == pytest.approx(3 / 39)
    placebo = few.placebo_date(y, 1, years.index(1989), "synthetic_did")
    assert placebo.passed
    assert few.grade_synthetic(found, placebo) == ("C", None)


def test_proposition_99_errors(smoking):
    """Table 1 has 8.4, 9.9 and 17.7, from random placebos; these are all placebos, once each."""
    y, _, years = smoking
    for method, published in (
        ("synthetic_did", 8.4),
        ("synthetic_control", 9.9),
        ("synthetic_control_demeaned", 9.5),
        ("did", 17.7),
    ):
        assert few.synthetic(y, 1, years.index(1989), method).estimate.std_error == pytest.approx(published, rel=0.15)


def general_mixture(target, columns) -> np.ndarray:
    """Weights and constant of the nearest mixture, by a general solver whose success is checked."""
    k, scale = columns.shape[1], np.abs(columns).max()

    def distance(w):
        return (((target - columns @ w[:k]) / scale - w[k]) ** 2).mean()

    solved = minimize(
        distance, np.append(np.full(k, 1 / k), 0.0), bounds=[(0, 1)] * k + [(None, None)],
        constraints={"type": "eq", "fun": lambda w: w[:k].sum() - 1}, options={"ftol": 1e-14, "maxiter": 2000},
    )  # fmt: skip
    assert solved.success and not np.allclose(solved.x[:k], 1 / k)
    return np.append(solved.x[:k], solved.x[k] * scale)


def test_proposition_99_demeaned_by_a_general_solver(smoking):
    y, _, years = smoking
    before = years.index(1989)
    found = general_mixture(y[-1, :before], y[:-1, :before].T)
    gap = y[-1] - found[:-1] @ y[:-1] - found[-1]
    e = few.synthetic(y, 1, before, "synthetic_control_demeaned").estimate
    assert e.estimate == pytest.approx(gap[before:].mean(), abs=0.02)


def test_demeaned_forgives_a_level_that_no_mixture_has():
    y = factors(5, 2.0, controls=30)
    y[-1] += 40
    plain = few.synthetic(y, 1, 20, "synthetic_control")
    assert plain.check.passed is False
    found = few.synthetic(y, 1, 20, "synthetic_control_demeaned")
    assert found.check.passed and found.estimate.ci_low < 2 < found.estimate.ci_high
    assert found.estimate.estimate == pytest.approx(2, abs=0.6)


def mixed(seed, effect, controls=6, periods=40, before=30):
    """A treated unit that is a mixture of controls on another level, with noise of its own."""
    rng = np.random.default_rng(seed)
    paths = 10 + rng.normal(size=(controls, 2)) @ rng.normal(size=(2, periods)).cumsum(axis=1)
    paths += rng.normal(size=(controls, periods)) * 0.3
    treated = rng.dirichlet(np.ones(controls)) @ paths + 5 + rng.normal(size=periods) * 0.5
    treated[before:] += effect
    return np.vstack([paths, treated])


def test_conformal_p_value_is_a_rank_among_shifts():
    """Against the definition, with a general solver and plain loops."""
    y, periods, before = mixed(2, 0.5), 40, 30
    found = general_mixture(y[-1], y[:-1].T)
    residual = y[-1] - found[:-1] @ y[:-1] - found[-1]
    sums = [abs(sum(residual[(t + s) % periods] for t in range(before, periods))) for s in range(periods)]
    e = few.conformal(y, 1, before)
    assert e.p_value == sum(s >= sums[0] - 1e-9 for s in sums) / periods
    assert e.std_error > 0 and e.ci_low < e.estimate < e.ci_high


def test_conformal_has_its_size_and_finds_effects():
    p_values = {effect: [few.conformal_p(mixed(seed, effect), 1, 30) for seed in range(120)] for effect in (0.0, 1.0)}
    share = {effect: float(np.mean(np.array(p) < 0.1)) for effect, p in p_values.items()}
    assert share[0.0] <= 0.1 + 2.6 * math.sqrt(0.1 * 0.9 / 120)
    assert share[1.0] > 0.5


@pytest.mark.slow
def test_conformal_intervals_hold():
    found = [few.conformal(mixed(seed, 1.0), 1, 30, 0.1) for seed in range(40)]
    held = [e.ci_low <= 1.0 <= e.ci_high for e in found if e.estimate is not None]
    assert len(held) >= 36 and np.mean(held) >= 0.9 - 2.6 * math.sqrt(0.1 * 0.9 / len(held))
    assert all((e.p_value < 0.1) <= (not e.ci_low < 0 < e.ci_high) for e in found if e.estimate is not None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (lambda y: (y, 1, 30, 0.01), "101 are needed"),
        (lambda y: (y[:, 20:], 1, 10), "21 are needed"),
        (lambda y: (y[-2:], 1, 30), "1 control unit: 2 are needed"),
        (lambda y: (y, 0, 30), "No unit is treated"),
        (lambda y: (y, 1, 40), "no period after"),
        (lambda y: (np.where(y == y[3, 4], math.nan, y), 1, 30), "1 unit has a gap"),
        (lambda y: (np.vstack([y[:-1], y[:1]]), 1, 30), "exactly"),
        (lambda y: (np.ones_like(y), 1, 30), "exactly"),
    ],
)
def test_conformal_degenerate(given, reason):
    e = few.conformal(*given(mixed(1, 0.0)))
    assert e.estimate is e.p_value is e.ci_low is None and reason in e.reason


@settings(max_examples=20)
@given(
    seed=st.integers(0, 10_000), k=st.integers(2, 25), m=st.integers(3, 20), penalty=st.sampled_from([0.0, 0.01, 2.0])
)
def test_simplex_weights_are_the_best(seed, k, m, penalty):
    """No step towards any corner of the simplex lowers the distance: the condition for the minimum of a convex one."""
    rng = np.random.default_rng(seed)
    columns, target = rng.normal(size=(m, k)) * 10, rng.normal(size=m) * 10
    weights = few.simplex_weights(target, columns, penalty)
    assert weights.min() >= 0 and weights.sum() == pytest.approx(1)
    centred, goal = columns - columns.mean(axis=0), target - target.mean()
    gradient = centred.T @ (centred @ weights - goal) / m + penalty * weights
    assert (gradient - gradient @ weights).min() > -1e-5 * max(1, np.abs(gradient).max())


def test_simplex_weights_equal_a_general_solver():
    rng = np.random.default_rng(1)
    columns, target = rng.normal(size=(12, 5)), rng.normal(size=12)

    def distance(w):
        return ((target - columns @ w) ** 2).mean() + 0.1 * (w**2).sum()

    solved = minimize(
        distance, np.full(5, 0.2), bounds=[(0, 1)] * 5, constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )  # fmt: skip
    assert solved.success
    assert few.simplex_weights(target, columns, 0.1, intercept=False) == pytest.approx(solved.x, abs=1e-5)


def factors(seed, effect, controls=25, periods=30, before=20, treated=1, trend=0.0):
    """Units that load on two common paths."""
    rng = np.random.default_rng(seed)
    paths = rng.normal(size=(2, periods)).cumsum(axis=1)
    loads = rng.uniform(0, 2, (controls + treated, 2))
    y = loads @ paths + rng.normal(size=(controls + treated, periods)) * 0.5 + rng.normal(size=(controls + treated, 1))
    y[controls:, before:] += effect
    y[controls:] += trend * np.arange(periods)
    return y


@pytest.mark.slow
@pytest.mark.parametrize("method", ["synthetic_did", "synthetic_control"])
@pytest.mark.parametrize("treated", [1, 3])
def test_planted_effect_is_covered(method, treated):
    covered = []
    for seed in range(80):
        e = few.synthetic(factors(seed, 3.0, treated=treated), treated, 20, method).estimate
        covered.append(e.ci_low <= 3 <= e.ci_high)
    assert np.mean(covered) >= 0.88


@pytest.mark.slow
def test_ranks_have_their_level():
    ranks = np.array([few.synthetic(factors(seed, 0.0), 1, 20).rank_p_value for seed in range(150)])
    # At most 1 in 10 below .1, within three errors of the simulation.
    assert (ranks <= 0.1).mean() <= 0.1 + 3 * math.sqrt(0.09 / 150)


def test_placebo_date_finds_a_unit_that_drifts():
    fired = sum(few.placebo_date(factors(seed, 0.0, trend=0.5), 1, 20).passed is False for seed in range(40))
    quiet = sum(few.placebo_date(factors(seed, 0.0), 1, 20).passed is True for seed in range(40))
    assert fired >= 25 and quiet >= 34


def test_poor_fit_is_grade_d():
    y = factors(0, 0.0)
    y[-1] += 40
    found = few.synthetic(y, 1, 20, "synthetic_control")
    assert found.check.passed is False
    assert few.grade_synthetic(found)[0] == "D"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda y: (y[:6], 1, 20), "5 control units: 10 are needed"),
        (lambda y: (y, 0, 20), "No unit is treated"),
        (lambda y: (y, 1, 1), "1 period before"),
        (lambda y: (y, 1, 30), "no period after"),
        (lambda y: (np.where(y == y[3, 4], math.nan, y), 1, 20), "1 unit has a gap"),
        (lambda y: (np.ones_like(y), 1, 20), "fit each other exactly"),
    ],
)
def test_degenerate_panels(change, reason):
    found = few.synthetic(*change(factors(1, 0.0)))
    assert found.estimate.estimate is None and reason in found.estimate.reason
    assert few.grade_synthetic(found)[0] == "D"


def test_an_unknown_method_is_an_error():
    with pytest.raises(ValueError, match="synthetic_did"):
        few.synthetic(factors(1, 2.0), 1, 20, "magic")


def test_trimmed_match_published():
    e = few.trimmed_match([1, 10, 3, 8], [1, 5, 2, 5])
    assert e.estimate == pytest.approx(1.692, abs=5e-4)


def pairs(seed, n=40, outlier=0.0):
    rng = np.random.default_rng(seed)
    cost = rng.gamma(2, 5, n)
    response = 1.7 * cost + rng.normal(size=n) * 3
    response[0] += outlier
    return response, cost


def test_trimming_resists_an_outlier():
    response, cost = pairs(0, outlier=500)
    assert few.trimmed_match(response, cost).estimate > 2.5
    e = few.trimmed_match(response, cost, 0.1)
    assert e.ci_low < 1.7 < e.ci_high and e.estimate == pytest.approx(1.7, abs=0.1)


@settings(max_examples=30)
@given(seed=st.integers(0, 10_000), trim=st.sampled_from([0.05, 0.1, 0.25, 0.4]))
@example(seed=2354, trim=0.4)
@example(seed=22, trim=0.4)
def test_trimmed_match_solves_its_equation(seed, trim):
    response, cost = pairs(seed, 20)
    e = few.trimmed_match(response, cost, trim)
    residual = np.sort(response - e.estimate * cost)
    cut = int(trim * 20)
    assert residual[cut : 20 - cut].mean() == pytest.approx(0, abs=1e-9)
    # Far out only the costs count: where they may be 0 themselves, no interval is bounded.
    kept = 20 - 2 * cut
    held = np.asarray(stats.mstats.winsorize(cost, (cut / 20, cut / 20)))
    error = np.sqrt(((held - held.mean()) ** 2).sum() / (kept * (kept - 1)))
    if np.sort(cost)[cut : 20 - cut].mean() / error > stats.t.ppf(0.975, kept - 1):
        assert e.ci_low < e.estimate < e.ci_high
        assert e.p_value < 0.05 or e.ci_low <= 0 <= e.ci_high
    else:
        assert e.ci_low is None and e.ci_high is None
        assert "too close to 0" in e.reason


@pytest.mark.slow
def test_trimmed_match_covers():
    for trim in (0.0, 0.1):
        hits = []
        for seed in range(300):
            e = few.trimmed_match(*pairs(seed, 25), trim)
            hits.append(e.ci_low <= 1.7 <= e.ci_high)
        assert 0.92 <= np.mean(hits) <= 0.98


def test_trimmed_match_degenerate():
    assert "pairs" in few.trimmed_match([1, 2, 3], [1, 2, 3]).reason
    assert "exactly" in few.trimmed_match([2, 4, 6, 8, 10], [1, 2, 3, 4, 5.0]).reason
    assert "enough" in few.trimmed_match([2, 4, 6, 8, 11], [0, 0, 0, 0, 0]).reason
    assert "no cost" in few.trimmed_match([2, 4, 6, 8, 10], [1, 2, 3, 4, math.nan]).reason
    unbounded = few.trimmed_match([5, -3, 4, -6, 2, 1], [1, -1, 1, -1, 0.5, -0.4])
    assert unbounded.estimate is not None
    with pytest.raises(ValueError, match=r"below 0\.5"):
        few.trimmed_match([1, 2, 3, 4], [1, 2, 3, 4], 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("treated", [5, 20])
def test_intervals_hold_with_several_treated_units(treated):
    """One placebo's spread, divided by the treated units, would forget that the controls' mixture is uncertain too."""
    rng, runs, held = np.random.default_rng(3), 60, 0
    for _ in range(runs):
        paths = rng.normal(size=(2, 30)).cumsum(axis=1)
        y = rng.uniform(0, 2, (20 + treated, 2)) @ paths + rng.normal(0, 0.5, (20 + treated, 30))
        found = few.synthetic(y, treated, 20)
        held += found.estimate.ci_low <= 0 <= found.estimate.ci_high
    assert held / runs >= 0.95 - 2.6 * math.sqrt(0.95 * 0.05 / runs)
    assert len(found.placebos) == few.GROUPS and found.gaps.shape == (few.GROUPS, 30)
    again = few.synthetic(y, treated, 20)
    assert again.estimate == found.estimate


@pytest.mark.parametrize("method", ["synthetic_did", "synthetic_control"])
def test_few_periods_before_are_grade_d(method):
    y = 50 + np.random.default_rng(6).normal(size=(25, 8))
    y[-1, 3:] += 5
    found = few.synthetic(y, 1, 3, method)
    assert found.estimate.ci_low < 5 < found.estimate.ci_high
    grade, reason = few.grade_synthetic(found, few.placebo_date(y, 1, 3, method))
    assert grade == "D" and "There are 3 periods before treatment" in reason and "No placebo date" in reason
    assert "2 are needed" in few.synthetic(y, 1, 1, method).estimate.reason
