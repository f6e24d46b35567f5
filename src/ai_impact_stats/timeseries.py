"""What a weekly series would have been without the change: structural model, interrupted series, placebo dates."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.optimize import brentq
from scipy.special import stdtr
from statsmodels.regression.linear_model import GLS, OLS

from .checks import Check
from .estimate import Estimate, missing, quantile, wald
from .experiments import ESTIMATES
from .grading import sentence, verdict
from .health import CHECKS
from .multiplicity import benjamini_hochberg, holm
from .registry import Experiment, is_missing, read_experiment
from .tables import records, write_table
from .wording import counted, counted_of

LEAST_BEFORE, LEAST_AFTER, LEAST_COVERED, LEAST_DF = 16, 3, 0.9, 5.0
YEAR = 365.25 / 7
# Variance of the level's weekly step, as a multiple of that of the noise: even in logarithms.
RATIOS = tuple(10.0 ** (k / 4) for k in range(-12, 9, 2))
# Correlation of the errors of two weeks that follow each other, in the interrupted series.
AUTOCORRELATIONS = tuple(k / 25 - 0.5 for k in range(38))
PLACEBO_DATES, PLACEBO_ALPHA, UNTOUCHED_ALPHA = 5, 0.05, 0.01
STRUCTURAL = {"structural_series": "absolute", "structural_series_relative": "relative"}
INTERRUPTED = {"interrupted_series": "absolute", "interrupted_series_relative": "relative"}
COUNTERFACTUAL = pa.schema(
    [
        *((name, pa.string()) for name in ("experiment_id", "metric_id", "week")),
        ("is_after", pa.bool_()),
        *((name, pa.float64()) for name in ("observed", "expected", "ci_low", "ci_high", "effect")),
        *((name, pa.float64()) for name in ("cumulative_effect", "cumulative_ci_low", "cumulative_ci_high")),
    ]
)


@dataclass(frozen=True)
class Series:
    """A weekly series and its covariates. `t` counts weeks from the first; gaps are weeks that are not there.

    `before` and `after` mark the weeks to learn from and to judge. With `log` the model is of logarithms, and the
    effect is a ratio. Columns of `x` without a logarithm (a value at or below 0) enter as they are.
    """

    t: np.ndarray
    y: np.ndarray
    x: np.ndarray
    after: np.ndarray
    log: bool

    @property
    def before(self) -> np.ndarray:
        return ~self.after

    @property
    def outcome(self) -> np.ndarray:
        return np.log(self.y) if self.log else self.y

    def design(self) -> np.ndarray:
        """Level, season where two years before the change can show it, and covariates, scaled."""
        columns = [np.ones(len(self.t))]
        span = self.t[self.before].max() - self.t[self.before].min() + 1 if self.before.any() else 0
        if span >= 2 * YEAR:
            angle = 2 * math.pi * self.t / YEAR
            columns += [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)]
        for column in self.x.T:
            values = np.log(column) if self.log and (column > 0).all() else column
            known = values[self.before]
            spread = known.std() if len(known) else 0
            columns.append((values - known.mean()) / spread if spread > 0 else values * 0)
        return np.column_stack(columns)

    def until(self, start: int) -> "Series":
        """The weeks before the change, as if the change had been at week `start`."""
        kept = self.before
        t = self.t[kept]
        return Series(t, self.y[kept], self.x[kept], t >= start, self.log)

    def problem(self) -> str | None:
        if not self.after.any() or self.after.sum() < LEAST_AFTER:
            return f"Fewer than {LEAST_AFTER} weeks lie after the start: there is nothing to judge yet."
        if self.log and (self.y <= 0).any():
            return "A value at or below 0 has no logarithm: register the metric without transform = log."
        x = self.design()[self.before]
        if len(x) < LEAST_BEFORE + x.shape[1] - 1:
            return (
                f"{counted(len(x), 'week lies', 'weeks lie')} before the start; level and "
                f"{counted(x.shape[1] - 1, 'covariate')} need "
                f"{LEAST_BEFORE + x.shape[1] - 1}."
            )
        if np.linalg.matrix_rank(x, tol=1e-6 * len(x)) < x.shape[1]:
            return "A covariate does not vary before the start, or is a combination of others."
        if np.ptp(self.outcome[self.before]) == 0:
            return "The series does not vary before the start."
        return None


@dataclass(frozen=True)
class Forecast:
    """Expected values of some weeks, the covariance of their errors, and its degrees of freedom."""

    expected: np.ndarray
    covariance: np.ndarray
    df: float


def forecast(series: Series, ratio: float, wanted: np.ndarray | None = None) -> tuple[Forecast, float]:
    """The best linear forecast of the weeks `wanted` (default: after the change), and the log likelihood of `ratio`.

    y = x'b + level + noise; the level is a random walk from an unknown start whose weekly step has `ratio` times the
    variance of the noise. In closed form, with the uncertainty of b, of the start and of the noise (restricted
    likelihood): for given variances it equals the Kalman filter with a diffuse start, and gives the covariance
    between weeks that a cumulative effect needs.
    """
    wanted = series.after if wanted is None else wanted
    x, y = series.design(), series.outcome
    known = series.before & ~wanted
    origin = series.t.min()

    def covariance(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        walked = np.minimum.outer(series.t[a] - origin, series.t[b] - origin)
        return ratio * walked + np.equal.outer(series.t[a], series.t[b])

    v = covariance(known, known)
    weights = np.linalg.solve(v, np.column_stack([x[known], covariance(known, wanted), y[known]]))
    vx, vc, vy = weights[:, : x.shape[1]], weights[:, x.shape[1] : -1], weights[:, -1]
    information = x[known].T @ vx
    b = np.linalg.solve(information, vx.T @ y[known])
    df = float(known.sum() - x.shape[1])
    squares = max(float(y[known] @ vy - b @ information @ b), 1e-12 * float(y[known] @ y[known] + 1e-300))
    left = x[wanted] - vc.T @ x[known]
    errors = covariance(wanted, wanted) - covariance(wanted, known) @ vc
    errors = (errors + left @ np.linalg.solve(information, left.T)) * squares / df
    expected = x[wanted] @ b + vc.T @ (y[known] - x[known] @ b)
    likelihood = -0.5 * (np.linalg.slogdet(v)[1] + np.linalg.slogdet(information)[1] + df * math.log(squares))
    return Forecast(expected, (errors + errors.T) / 2, df), float(likelihood)


def averaged(series: Series, wanted: np.ndarray | None = None) -> Forecast:
    """The forecast over all ratios of level to noise, weighted by their likelihood.

    A few dozen weeks seldom tell how much a level wanders. The likeliest ratio is often 0, and its intervals then
    hold far less than they say; weighting the ratios says what is not known.
    """
    found = [forecast(series, ratio, wanted) for ratio in RATIOS]
    likelihood = np.array([value for _, value in found])
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    expected = sum(w * f.expected for w, (f, _) in zip(weights, found, strict=True))
    covariance = sum(
        w * (f.covariance + np.outer(f.expected - expected, f.expected - expected))
        for w, (f, _) in zip(weights, found, strict=True)
    )
    # Satterthwaite: how well the data know the variance of the average decides the tails of its interval.
    spread = np.array([f.covariance.mean() for f, _ in found])
    df = found[0][0].df
    uncertain = float(weights @ spread**2 * (1 + 2 / df) - (weights @ spread) ** 2)
    return Forecast(expected, covariance, min(df, max(2 * float(weights @ spread) ** 2 / uncertain, LEAST_DF)))


def structural(series: Series, alpha: float = 0.05) -> dict[str, Estimate]:
    """The average weekly effect after the change by the structural model, absolute and relative."""
    problem = series.problem()
    n = (int(series.after.sum()), int(series.before.sum()))
    if problem:
        return {method: missing(problem, *n) for method in STRUCTURAL}
    return dict(zip(STRUCTURAL, _averages(series, averaged(series), alpha), strict=True))


def _averages(series: Series, found: Forecast, alpha: float) -> tuple[Estimate, Estimate]:
    y, n = series.y[series.after], (int(series.after.sum()), int(series.before.sum()))
    if not series.log:
        mean = float(found.expected.mean())
        variance = float(found.covariance.mean())
        absolute = wald(float(y.mean()) - mean, variance, found.df, *n, alpha)
        if abs(mean) < 3 * math.sqrt(variance):
            return absolute, missing("The expected level can't be told from 0: no relative effect.", *n)
        ratio = float(y.mean()) / mean
        return absolute, wald(ratio - 1, (ratio / mean) ** 2 * variance, found.df, *n, alpha)
    level = np.exp(found.expected)
    weight = level / len(level)
    absolute = wald(float((y - level).mean()), float(weight @ found.covariance @ weight), found.df, *n, alpha)
    shift = float((np.log(y) - found.expected).mean())
    return absolute, _ratio(wald(shift, float(found.covariance.mean()), found.df, *n, alpha))


def _ratio(log: Estimate) -> Estimate:
    """An effect on logarithms as a relative one, its interval by the same transformation."""
    effect = math.exp(log.estimate)
    ends = (math.expm1(log.ci_low), math.expm1(log.ci_high))
    return Estimate(effect - 1, effect * log.std_error, *ends, log.p_value, log.n_treatment, log.n_control, log.df)


def interrupted(series: Series, alpha: float = 0.05) -> dict[str, Estimate]:
    """The average weekly effect by segmented regression: trend, step and change of trend, with covariates.

    Errors are correlated from week to week, as `rho` to the power of the weeks between. It is generalised least
    squares for every `rho` of `AUTOCORRELATIONS`, weighted by restricted likelihood; interval and p value are those of
    the mixture of their t distributions. `reason` tells what Newey and West's error would have been, which is too
    small in series of one or two years.
    """
    problem = series.problem()
    n = (int(series.after.sum()), int(series.before.sum()))
    if problem:
        return {method: missing(problem, *n) for method in INTERRUPTED}
    x, share = segmented(series)
    if np.linalg.matrix_rank(x) < x.shape[1] or len(x) <= x.shape[1] + 2:
        return {method: missing("Trend and covariates can't be told apart.", *n) for method in INTERRUPTED}
    if not newey_west(series) > 1e-12 * np.ptp(series.outcome):
        return {method: missing("Nothing is left that varies.", *n) for method in INTERRUPTED}
    shift = _autocorrelated(series, x, share, alpha)
    why = f"Newey and West's standard error would be {newey_west(series) / shift.std_error:.2f} times this one."
    observed = float(series.y[series.after].mean())
    if series.log:
        absolute = _transformed(shift, lambda s: -observed * math.expm1(-s), observed * math.exp(-shift.estimate))
        relative = _transformed(shift, math.expm1, math.exp(shift.estimate))
    elif (observed - shift.ci_low) * (observed - shift.ci_high) <= 0:
        absolute, relative = shift, missing("The expected level can't be told from 0: no relative effect.", *n)
    else:
        absolute = shift
        level = observed - shift.estimate
        relative = _transformed(shift, lambda s: s / (observed - s), observed / level**2)
    known = (e if e.estimate is None else replace(e, reason=why) for e in (absolute, relative))
    return dict(zip(INTERRUPTED, known, strict=True))


def segmented(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """The regressors of the interrupted series, and the weights of their coefficients in the average weekly effect."""
    since = np.where(series.after, series.t - series.t[series.after].min(), 0.0)
    x = np.column_stack([series.design(), series.t - series.t.mean(), series.after.astype(float), since])
    share = np.zeros(x.shape[1])
    share[-2], share[-1] = 1.0, since[series.after].mean()
    return x, share


def newey_west(series: Series) -> float:
    """Newey and West's standard error of the same effect by ordinary least squares, lags by the rule 4(n/100)^(2/9)."""
    x, share = segmented(series)
    lags = max(1, math.floor(4 * (len(x) / 100) ** (2 / 9)))
    fitted = OLS(series.outcome, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    return math.sqrt(max(float(share @ fitted.cov_params() @ share), 0.0))


def _autocorrelated(series: Series, x: np.ndarray, share: np.ndarray, alpha: float) -> Estimate:
    apart = np.abs(np.subtract.outer(series.t, series.t))
    df, found = float(len(x) - x.shape[1]), []
    for rho in AUTOCORRELATIONS:
        v = rho**apart
        fitted = GLS(series.outcome, x, sigma=v).fit()
        inverse = fitted.normalized_cov_params
        variance = float(share @ inverse @ share) * fitted.ssr / df
        determinants = np.linalg.slogdet(v)[1] - np.linalg.slogdet(inverse)[1]
        found.append((float(share @ fitted.params), variance, -0.5 * (determinants + df * math.log(fitted.ssr))))
    means, variances, likelihood = np.array(found).T
    weights = np.exp(likelihood - likelihood.max())
    weights /= weights.sum()
    spread = np.sqrt(variances)

    def below(value: float) -> float:
        return float(weights @ stdtr(df, (value - means) / spread))

    def end(probability: float) -> float:
        each = means + quantile(probability, df) * spread
        low, high = float(each.min()), float(each.max())
        return low if low == high else float(brentq(lambda value: below(value) - probability, low, high, xtol=1e-300))

    mean = float(weights @ means)
    p = 2 * min(float(weights @ stdtr(df, side * means / spread)) for side in (-1, 1))
    std_error = math.sqrt(float(weights @ (variances + (means - mean) ** 2)))
    sizes = (int(series.after.sum()), int(series.before.sum()))
    return Estimate(mean, std_error, end(alpha / 2), end(1 - alpha / 2), min(p, 1.0), *sizes, df)


def _transformed(e: Estimate, to: Callable[[float], float], slope: float) -> Estimate:
    """The estimate on another scale that rises or falls with it; `slope` is the scale's at the estimate."""
    low, high = sorted((to(e.ci_low), to(e.ci_high)))
    return replace(e, estimate=to(e.estimate), std_error=abs(slope) * e.std_error, ci_low=low, ci_high=high)


def placebo_dates(series: Series, alpha: float = PLACEBO_ALPHA) -> Check:
    """Would the model have found an effect where there was none? Up to five dates before the change, Holm's correction.

    Each date is judged by what followed, up to the change; the statistic is the largest relative effect found there.
    """
    t = np.sort(series.t[series.before])
    least = LEAST_BEFORE + series.design().shape[1] - 1
    places = range(least, len(t) - LEAST_AFTER)
    if series.problem() or not len(places):
        return Check(None, None, alpha, None, "Too few weeks lie before the start to try another date.")
    chosen = sorted({places[round(i)] for i in np.linspace(0, len(places) - 1, PLACEBO_DATES)})
    found = [structural(series.until(int(t[place])))["structural_series"] for place in chosen]
    p_values = [e.p_value for e in found if e.p_value is not None]
    if not p_values:
        return Check(None, None, alpha, None, "No other date before the start could be tried.")
    p = float(min(holm(p_values)))
    shown = counted_of(sum(p < alpha for p in holm(p_values)), len(p_values), "date", "shows", "show")
    detail = f"{shown} an effect before the start."
    return Check(
        float(max(abs(e.estimate / e.std_error) for e in found if e.estimate is not None)), p, alpha, p >= alpha, detail
    )


def covariates_untouched(series: Series, names: Sequence[str], alpha: float = UNTOUCHED_ALPHA) -> Check:
    """Did the covariates themselves move at the start? Each is judged as an outcome without covariates, Holm."""
    if not names:
        return Check(None, None, alpha, None, "No series is marked as a covariate: there is no control.")
    nothing = np.zeros((len(series.t), 0))
    found = {}
    for name, column in zip(names, series.x.T, strict=True):
        alone = Series(series.t, column, nothing, series.after, bool(series.log and (column > 0).all()))
        found[name] = structural(alone)["structural_series"].p_value
    p_values = {name: p for name, p in found.items() if p is not None}
    if len(p_values) < len(names):
        return Check(None, None, alpha, None, "Not every covariate could be judged.")
    p = float(min(holm(list(p_values.values()))))
    worst = min(p_values, key=p_values.__getitem__)
    detail = f"The covariate that moved most at the start: {worst} (p = {p_values[worst]:.3g})."
    return Check(None, p, alpha, p >= alpha, detail)


@dataclass(frozen=True)
class Study:
    """One registered metric of one experiment on a series."""

    experiment: Experiment
    metric_id: str
    role: str
    direction: str
    series: Series | None
    weeks: list[str]
    controls: list[str]
    problem: str | None

    @property
    def alpha(self) -> float:
        return self.experiment.alpha


def studies(registry: pd.DataFrame, metrics: pd.DataFrame, weekly: pd.DataFrame) -> list[Study]:
    """The registered metrics of every experiment of design time_series, with their weeks."""
    catalogue = {str(row["metric_id"]): row for row in records(metrics)}
    frames = dict(iter(weekly.groupby(["experiment_id", "metric_id"]))) if len(weekly) else {}
    found = []
    for row in records(registry):
        if row["design"] != "time_series":
            continue
        experiment = read_experiment(row)
        for metric_id, role in experiment.metrics.items():
            metric = catalogue.get(metric_id, {})
            frame = frames.get((experiment.experiment_id, metric_id))
            found.append(_study(experiment, row, metric_id, role, metric, frame))
    return found


def _study(experiment, row, metric_id: str, role: str, metric: Mapping[str, Any], frame: pd.DataFrame | None) -> Study:
    direction = str(metric.get("direction", "up"))
    base = (experiment, metric_id, role, direction)
    if not metric:
        return Study(
            *base,
            None,
            [],
            [],
            f"The metric {metric_id} is not in metric_catalog: add it there, or correct the registration.",
        )
    start = None if is_missing(row["starts_at"]) else pd.Timestamp(row["starts_at"])
    end = None if is_missing(row["ends_at"]) else pd.Timestamp(row["ends_at"])
    if start is None:
        return Study(*base, None, [], [], "The experiment has no start.")
    if frame is None or not frame["is_outcome"].any():
        return Study(*base, None, [], [], f"No series of market_signals is named {metric.get('numerator_measure')}.")
    table = (
        frame.assign(week=pd.to_datetime(frame["week"]))
        .pivot(index="week", columns="series", values="value")
        .sort_index()
    )
    outcome = str(frame.loc[frame["is_outcome"], "series"].iloc[0])
    table = table[table[outcome].notna()]
    # A week that the start or the end falls into is neither before nor after.
    whole = (table.index >= start) | (table.index + pd.Timedelta(days=7) <= start)
    if end is not None:
        whole &= table.index + pd.Timedelta(days=7) <= end
    table = table[whole]
    controls = [str(c) for c in table.columns if c != outcome and table[c].notna().mean() >= LEAST_COVERED]
    table = table[[outcome, *controls]].dropna()
    if table.empty:
        return Study(*base, None, [], controls, "The series has no weeks.")
    t = ((table.index - table.index[0]).days // 7).to_numpy()
    after = np.asarray(table.index >= start)
    log = not is_missing(metric.get("transform")) and metric["transform"] == "log"
    x = table[controls].to_numpy(float).reshape(len(table), len(controls))
    series = Series(t, table[outcome].to_numpy(float), x, after, log)
    return Study(*base, series, [str(week)[:10] for week in table.index], controls, None)


def estimate_series(registry: pd.DataFrame, metrics: pd.DataFrame, weekly: pd.DataFrame) -> pa.Table:
    """One row per registered metric and method of every experiment on a series (schema `ESTIMATES`)."""
    rows: list[dict] = []
    for study in studies(registry, metrics, weekly):
        grade, why = _grade(study)
        methods: dict[str, Estimate]
        if study.series is None:
            methods = {m: missing(study.problem or "") for m in (*STRUCTURAL, *INTERRUPTED)}
        else:
            methods = structural(study.series, study.alpha) | interrupted(study.series, study.alpha)
        rows += [_row(study, method, e, grade, why) for method, e in methods.items()]
    families: dict[tuple, list[dict]] = {}
    for row in rows:
        families.setdefault((row["experiment_id"], row["metric_role"], row["method"]), []).append(row)
    for (_, role, _), family in families.items():
        p_values = [row["p_value"] for row in family]
        procedure = {"primary": holm, "secondary": benjamini_hochberg}.get(role, list)
        for row, p in zip(family, procedure(p_values), strict=True):
            row["p_value_adjusted"] = None if row["p_value"] is None else float(p)
            experiment = row.pop("experiment")
            row["verdict"] = verdict(
                row["estimate"], row["ci_low"], row["ci_high"], row["p_value_adjusted"], row["alpha"],
                row.pop("direction"), row["evidence_grade"], bool(experiment.finished),
            )  # fmt: skip
    return write_table(rows, ESTIMATES)


def _grade(study: Study) -> tuple[str, str | None]:
    """C where a control series is there, no date before shows an effect, and the controls did not move; else D."""
    if study.series is None:
        return "D", None
    if not study.controls:
        return "D", "No control series: what else happened at the start can't be told from the effect."
    found = _checks(study)
    failed = {
        "placebo_dates": "dates before the start show an effect, or could not be tried",
        "covariates_untouched": "a control series moved at the start, or could not be judged",
    }
    reasons = [text for name, text in failed.items() if found[name].passed is not True]
    if reasons:
        return "D", "Diagnostics fail: " + "; ".join(reasons) + "."
    return "C", "One series before and after, adjusted for control series that did not move."


def _row(study: Study, method: str, e: Estimate, grade: str, why: str | None) -> dict:
    has = e.estimate is not None
    row = dict.fromkeys(ESTIMATES.names)
    means = (None, None)
    if has:
        observed = float(study.series.y[study.series.after].mean())
        scale = {**STRUCTURAL, **INTERRUPTED}[method]
        means = (observed, observed - e.estimate if scale == "absolute" else observed / (1 + e.estimate))
    row.update(
        experiment_id=study.experiment.experiment_id, metric_id=study.metric_id, method=method, segment="all",
        metric_role=study.role, estimand="att", scale={**STRUCTURAL, **INTERRUPTED}[method],
        estimate=e.estimate, std_error=e.std_error, ci_low=e.ci_low, ci_high=e.ci_high, p_value=e.p_value,
        n_treatment=e.n_treatment, n_control=e.n_control, mean_treatment=means[0], mean_control=means[1],
        alpha=study.alpha, is_primary=study.role == "primary", is_preregistered=study.experiment.is_preregistered,
        evidence_grade=grade if has else None, reason=sentence([e.reason, why if has else None]),
        inference="fixed", experiment=study.experiment, direction=study.direction,
    )  # fmt: skip
    return row


def _checks(study: Study) -> dict[str, Check]:
    if study.series is None:
        nothing = study.problem or ""
        return {
            "placebo_dates": Check(None, None, PLACEBO_ALPHA, None, nothing),
            "covariates_untouched": Check(None, None, UNTOUCHED_ALPHA, None, nothing),
        }
    return {
        "placebo_dates": placebo_dates(study.series),
        "covariates_untouched": covariates_untouched(study.series, study.controls),
    }


def check_series(registry: pd.DataFrame, metrics: pd.DataFrame, weekly: pd.DataFrame) -> pa.Table:
    """The diagnostics of the primary metric of every experiment on a series (schema `CHECKS`)."""
    rows = []
    for study in studies(registry, metrics, weekly):
        if study.role != "primary":
            continue
        for name, check in _checks(study).items():
            rows.append(
                {
                    "experiment_id": study.experiment.experiment_id,
                    "check_id": name,
                    "statistic": check.statistic,
                    "p_value": check.p_value,
                    "threshold": check.threshold,
                    "passed": check.passed,
                    "detail": check.detail,
                }
            )
    return write_table(rows, CHECKS)


def counterfactuals(registry: pd.DataFrame, metrics: pd.DataFrame, weekly: pd.DataFrame) -> pa.Table:
    """One row per experiment on a series, metric and week (schema `COUNTERFACTUAL`).

    After the start the expected value is forecast from all weeks before it; before, from the weeks before each.
    """
    rows = []
    for study in studies(registry, metrics, weekly):
        if study.series is None or study.series.problem():
            continue
        rows += _weeks(study, study.series)
    return write_table(rows, COUNTERFACTUAL)


def _weeks(study: Study, series: Series) -> list[dict]:
    back = np.exp if series.log else np.asarray
    least = series.design().shape[1] + 2
    rows = [
        dict.fromkeys(COUNTERFACTUAL.names)
        | {
            "experiment_id": study.experiment.experiment_id,
            "metric_id": study.metric_id,
            "week": week,
            "is_after": bool(after),
            "observed": float(y),
        }
        for week, after, y in zip(study.weeks, series.after, series.y, strict=True)
    ]
    found = averaged(series)
    one_ahead = {}
    for place in range(least, int(series.before.sum())):
        seen = Series(
            series.t[: place + 1],
            series.y[: place + 1],
            series.x[: place + 1],
            series.t[: place + 1] == series.t[place],
            series.log,
        )
        if np.linalg.matrix_rank(seen.design()[:-1]) == seen.design().shape[1]:
            one_ahead[place] = averaged(seen)
    first = int(series.before.sum())
    for place, row in enumerate(rows):
        source = one_ahead.get(place) if place < first else found
        if source is None:
            continue
        at = 0 if place < first else place - first
        margin = quantile(1 - study.alpha / 2, source.df) * math.sqrt(source.covariance[at, at])
        row["expected"] = float(back(source.expected[at]))
        row["ci_low"], row["ci_high"] = (float(back(source.expected[at] + side * margin)) for side in (-1, 1))
        row["effect"] = row["observed"] - row["expected"]
    level = back(found.expected)
    slope = level if series.log else np.ones(len(level))
    for h in range(len(level)):
        weight = np.where(np.arange(len(level)) <= h, slope, 0.0)
        margin = quantile(1 - study.alpha / 2, found.df) * math.sqrt(weight @ found.covariance @ weight)
        total = float((series.y[series.after] - level)[: h + 1].sum())
        rows[first + h] |= {
            "cumulative_effect": total,
            "cumulative_ci_low": total - margin,
            "cumulative_ci_high": total + margin,
        }
    return rows
