"""Adjustment for covariates and strata, against least squares on the rows."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from causaldata import nsw_mixtape
from hypothesis import given
from hypothesis import strategies as st
from rows import joint_moments

from ai_impact_stats.estimators.adjustment import (
    Cells,
    cuped_many,
    lin,
    lin_many,
    post_stratified,
    post_stratified_arms,
)
from ai_impact_stats.estimators.effects import cuped, difference
from ai_impact_stats.estimators.moments import UnitMoments


def trial(seed, n=120, k=3):
    """Arm, y, integer covariates and cluster of n units, with effects that differ by covariate."""
    rng = np.random.default_rng(seed)
    arm = rng.permutation(np.arange(n) % 2).astype(float)
    x = rng.integers(0, 4, (n, k)).astype(float)
    cluster = rng.integers(0, 15, n)
    y = 2 + arm * (1 + 0.5 * x[:, 0]) + x @ np.arange(1, k + 1) + rng.normal(0, 1 + x[:, 0], n)
    return arm, y, x, cluster


def cells(arm, y, x, cluster=None):
    """Grouped as SQL groups them."""
    k = x.shape[1]
    frame = pd.DataFrame(np.column_stack([arm, x]), columns=["arm", *range(k)]).assign(y=y)
    keys = ["arm", *range(k)]
    if cluster is not None:
        frame, keys = frame.assign(cluster=cluster), [*keys, "cluster"]
    groups = frame.groupby(keys).y
    found = groups.agg(["count", "mean"]).assign(scatter=groups.apply(lambda v: ((v - v.mean()) ** 2).sum()))
    found = found.reset_index()
    return Cells(
        found["arm"].to_numpy(),
        found[list(range(k))].to_numpy(),
        found["count"].to_numpy(),
        found["mean"].to_numpy(),
        found["scatter"].to_numpy(),
        None if cluster is None else found["cluster"].to_numpy(),
    )


def rowwise(arm, y, x, **fit):
    centred = x - x.mean(axis=0)
    design = np.column_stack([np.ones(len(y)), arm, centred, arm[:, None] * centred])
    return sm.OLS(y, design).fit(use_t=True, **fit)


@pytest.mark.parametrize("errors", ["HC0", "HC1", "HC2", "HC3"])
@given(seed=st.integers(0, 2**32), k=st.integers(1, 3))
def test_lin_equals_least_squares_on_rows(errors, seed, k):
    arm, y, x, _ = trial(seed, k=k)
    e = lin(cells(arm, y, x), errors)
    fit = rowwise(arm, y, x, cov_type=errors)
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-10)
    assert e.std_error == pytest.approx(fit.bse[1], rel=1e-9)
    assert e.p_value == pytest.approx(fit.pvalues[1], rel=1e-7, abs=1e-12)
    assert (e.ci_low, e.ci_high) == pytest.approx(tuple(fit.conf_int()[1]), rel=1e-8, abs=1e-9)


@given(seed=st.integers(0, 2**32), k=st.integers(1, 3))
def test_lin_equals_least_squares_with_cluster_robust_errors(seed, k):
    arm, y, x, cluster = trial(seed, k=k)
    e = lin(cells(arm, y, x, cluster), "cluster")
    fit = rowwise(arm, y, x, cov_type="cluster", cov_kwds={"groups": cluster})
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-10)
    assert e.std_error == pytest.approx(fit.bse[1], rel=1e-9)
    assert e.p_value == pytest.approx(fit.pvalues[1], rel=1e-7, abs=1e-12)


def test_lin_without_covariates_is_welch():
    arm, y, x, _ = trial(2)
    e = lin(cells(arm, y, np.zeros_like(x)), "HC2")
    plain = difference(UnitMoments.from_rows(y[arm == 1]).ratio(), UnitMoments.from_rows(y[arm == 0]).ratio())
    assert (e.estimate, e.std_error) == pytest.approx((plain.estimate, plain.std_error), rel=1e-12)


def test_lin_on_the_nsw_experiment():
    data = nsw_mixtape.load_pandas().data.astype({"re75": "float64", "re78": "float64", "treat": "float64"})
    x = data[["re75"]].to_numpy()
    e = lin(cells(data.treat.to_numpy(), data.re78.to_numpy(), x), "HC2")
    fit = rowwise(data.treat.to_numpy(), data.re78.to_numpy(), x, cov_type="HC2")
    assert (e.estimate, e.std_error) == pytest.approx((fit.params[1], fit.bse[1]), rel=1e-9)


def test_lin_far_from_the_origin():
    """A covariate near 1e6 and a metric near 1e6: centring keeps nine digits."""
    arm, y, x, _ = trial(4)
    near, far = lin(cells(arm, y, x)), lin(cells(arm, y + 1e6, x + 1e6))
    assert (far.estimate, far.std_error) == pytest.approx((near.estimate, near.std_error), rel=1e-8)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (lambda c: {"treated": np.ones_like(c.treated)}, "control arm has no units"),
        (lambda c: {"treated": np.zeros_like(c.treated)}, "treatment arm has no units"),
        (lambda c: {"x": np.column_stack([c.x[:, 0], 2 * c.x[:, 0]])}, "are collinear"),
        (lambda c: {"x": c.treated[:, None]}, "are collinear"),
        (lambda c: {"mean": c.mean * np.nan}, "no value"),
        (lambda c: {"mean": np.ones_like(c.mean), "scatter": np.zeros_like(c.scatter)}, "no variance"),
    ],
)
def test_lin_refuses(change, word):
    c = cells(*trial(1)[:3])
    parts = {name: getattr(c, name) for name in ("treated", "x", "n", "mean", "scatter", "cluster")}
    e = lin(Cells(**{**parts, **change(c)}))
    assert e.estimate is None
    assert word in e.reason


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_several_covariates_give_the_effect_of_least_squares(seed, k):
    arm, y, x, _ = trial(seed, k=k)
    t, c = (joint_moments(y[arm == a], x[arm == a]) for a in (1, 0))
    e = cuped_many(t, c)
    fit = sm.OLS(y, np.column_stack([np.ones(len(y)), arm, x])).fit()
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-9, abs=1e-9)
    # Within-arm residuals of the same fit, each arm with its own variance.
    residual = y - x @ fit.params[2:]
    parts = [np.var(residual[arm == a], ddof=1) / (arm == a).sum() for a in (0, 1)]
    assert e.std_error**2 == pytest.approx(sum(parts) * (len(y) - 2) / (len(y) - 2 - k), rel=1e-8)


@given(st.integers(0, 2**32))
def test_one_covariate_is_cuped_but_for_one_degree_of_freedom(seed):
    arm, y, x, _ = trial(seed, k=1)
    many = cuped_many(*(joint_moments(y[arm == a], x[arm == a]) for a in (1, 0)))
    one = cuped(*(UnitMoments.from_rows(y[arm == a], x=x[arm == a, 0]) for a in (1, 0)))
    assert many.estimate == pytest.approx(one.estimate, rel=1e-9, abs=1e-9)
    assert many.std_error**2 == pytest.approx(one.std_error**2 * (len(y) - 2) / (len(y) - 3), rel=1e-9)


def test_a_repeated_or_constant_covariate_changes_nothing():
    arm, y, x, _ = trial(6, k=2)
    wide = np.column_stack([x, x[:, 0] * 3, np.full(len(y), 7.0)])
    plain, padded = (cuped_many(*(joint_moments(y[arm == a], m[arm == a]) for a in (1, 0))) for m in (x, wide))
    assert (padded.estimate, padded.std_error) == pytest.approx((plain.estimate, plain.std_error), rel=1e-7)


def test_several_covariates_of_a_ratio():
    """A ratio is adjusted through its linearised unit."""
    arm, y, x, _ = trial(8, n=400)
    z = 1 + x[:, 1] + np.abs(y) / 10
    t, c = (joint_moments(y[arm == a], x[arm == a], z[arm == a]) for a in (1, 0))
    linear = np.empty(len(y))
    for a, m in ((1, t), (0, c)):
        r = m.unit_moments().ratio().mean
        linear[arm == a] = r + (y[arm == a] - r * z[arm == a]) / z[arm == a].mean()
    fit = sm.OLS(linear, np.column_stack([np.ones(len(y)), arm, x])).fit()
    assert cuped_many(t, c).estimate == pytest.approx(fit.params[1], rel=1e-9)


def test_covariates_that_cannot_adjust():
    flat = joint_moments([1, 2, 3, 5], np.ones((4, 2)))
    assert "varies" in cuped_many(flat, flat).reason
    few = joint_moments([1.0, 2.0], [[1.0, 2.0, 0.0], [2.0, 1.0, 5.0]])
    other = joint_moments([1.0, 3.0], [[1.0, 4.0, 1.0], [2.0, 2.0, 8.0]])
    assert "fewer units" in cuped_many(few, other).reason
    assert "no units" in cuped_many(joint_moments([], np.ones((0, 2))), flat).reason


def predictions(arm, y, columns):
    """Least squares in each arm, read at the mean over both: effect and standard error."""
    place, found = columns.mean(axis=0), []
    for a in (1, 0):
        fit = sm.OLS(y[arm == a], columns[arm == a]).fit()
        found.append((float(place @ fit.params), float(place @ fit.cov_params() @ place)))
    return found[0][0] - found[1][0], (found[0][1] + found[1][1]) ** 0.5


def joint_strata(arm, y, x, groups, z=None):
    def of(mine):
        return joint_moments(y[mine], x[mine], None if z is None else z[mine])

    return {str(g): tuple(of((arm == a) & (groups == g)) for a in (1, 0)) for g in np.unique(groups)}


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(1, 3))
def test_several_covariates_and_strata_equal_least_squares_in_each_arm(seed, k, strata):
    arm, y, x, _ = trial(seed, n=240, k=k)
    groups = np.random.default_rng(seed).integers(0, strata, len(y))
    y = y + 3 * groups
    e = lin_many(joint_strata(arm, y, x, groups))
    dummies = (groups[:, None] == np.unique(groups)).astype(float)
    expected = predictions(arm, y, np.column_stack([dummies, x]))
    assert (e.estimate, e.std_error) == pytest.approx(expected, rel=1e-8, abs=1e-9)
    # One fit of arm, centred covariates and their products has the same effect.
    fit = rowwise(arm, y, np.column_stack([dummies[:, 1:], x]), cov_type="HC2")
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-8, abs=1e-9)


def test_the_error_of_several_covariates_is_as_large_as_hc2():
    """Where arms were assigned at random, in the mean over 100 trials whose spread depends on a covariate."""
    ratios = []
    for seed in range(100):
        arm, y, x, _ = trial(seed, n=300, k=3)
        fit = rowwise(arm, y, x, cov_type="HC2")
        ratios.append(lin_many(joint_strata(arm, y, x, np.zeros(len(y)))).std_error / fit.bse[1])
    assert np.mean(ratios) == pytest.approx(1, abs=0.02)


def test_several_covariates_of_a_ratio_in_each_arm():
    arm, y, x, _ = trial(8, n=400)
    z = 1 + x[:, 1] + np.abs(y) / 10
    linear = np.empty(len(y))
    for a in (1, 0):
        mine = arm == a
        r = y[mine].sum() / z[mine].sum()
        linear[mine] = r + (y[mine] - r * z[mine]) / z[mine].mean()
    e = lin_many(joint_strata(arm, y, x, np.zeros(len(y)), z))
    expected = predictions(arm, linear, np.column_stack([np.ones(len(y)), x]))
    assert (e.estimate, e.std_error) == pytest.approx(expected, rel=1e-9)


def test_several_covariates_on_the_nsw_experiment():
    data = nsw_mixtape.load_pandas().data.astype("float64", errors="ignore")
    names = ["age", "educ", "black", "hisp", "marr", "nodegree", "re74", "re75"]
    arm, y = data.treat.to_numpy("float64"), data.re78.to_numpy("float64")
    x = data[names].to_numpy("float64")
    e = lin_many(joint_strata(arm, y, x, np.zeros(len(y))))
    expected = predictions(arm, y, np.column_stack([np.ones(len(y)), x]))
    assert (e.estimate, e.std_error) == pytest.approx(expected, rel=1e-7)
    fit = rowwise(arm, y, x, cov_type="HC2")
    assert e.estimate == pytest.approx(fit.params[1], rel=1e-7)
    assert e.std_error == pytest.approx(fit.bse[1], rel=0.05)


def test_covariates_that_least_squares_cannot_use():
    arm, y, x, _ = trial(6, k=2)
    groups = np.zeros(len(y))
    wide = np.column_stack([x, x[:, 0] * 3, np.full(len(y), 7.0)])
    plain, padded = (lin_many(joint_strata(arm, y, m, groups)) for m in (x, wide))
    assert (padded.estimate, padded.std_error) == pytest.approx((plain.estimate, plain.std_error), rel=1e-7)
    assert "varies" in lin_many(joint_strata(arm, y, np.ones((len(y), 2)), groups)).reason
    assert (
        "too few"
        in lin_many(joint_strata(arm[:8], y[:8], np.random.default_rng(1).normal(0, 1, (8, 4)), groups[:8])).reason
    )
    assert "no units" in lin_many({}).reason
    # Strata of a few units are one.
    groups[:6] = np.arange(6) + 5
    assert lin_many(joint_strata(arm, y, x, groups)).estimate is not None


def strata(arm, y, groups):
    return {
        str(g): tuple(UnitMoments.from_rows(y[(arm == a) & (groups == g)]) for a in (1, 0)) for g in np.unique(groups)
    }


@given(st.integers(0, 2**32))
def test_post_stratification_equals_the_saturated_regression(seed):
    arm, y, x, _ = trial(seed)
    groups = x[:, 0]
    dummies = np.column_stack([(groups == g).astype(float) for g in np.unique(groups)[1:]])
    e = post_stratified(strata(arm, y, groups))
    fit = lin(cells(arm, y, dummies), "HC2")
    assert e.estimate == pytest.approx(fit.estimate, rel=1e-9, abs=1e-9)
    assert e.std_error == pytest.approx(fit.std_error, rel=1e-9)


def test_strata_too_small_are_taken_together():
    arm, y, x, _ = trial(3)
    groups = x[:, 0].copy()
    groups[:3] = [10, 11, 12]
    e = post_stratified(strata(arm, y, groups))
    assert e.estimate is not None
    assert e.n_treatment + e.n_control == len(y)


def test_strata_that_cannot_adjust():
    arm, y, *_ = trial(3)
    assert "fewer than two strata" in post_stratified(strata(arm, y, np.zeros(len(y)))).reason
    assert "strata" in post_stratified(strata(arm, y, np.arange(len(y)))).reason
    nothing = UnitMoments.from_rows([])
    assert isinstance(post_stratified_arms({"a": (nothing, nothing)}), str)
    assert isinstance(post_stratified_arms({}), str)


def test_post_stratification_narrows():
    arm, y, x, _ = trial(5, n=600)
    e = post_stratified(strata(arm, y, x[:, 2]))
    plain = difference(UnitMoments.from_rows(y[arm == 1]).ratio(), UnitMoments.from_rows(y[arm == 0]).ratio())
    assert e.std_error < plain.std_error
