"""What SQL hands over about the units of one arm: counts, means, and centred variances and covariances."""

import math
from dataclasses import dataclass, replace

import numpy as np

from .arrays import Array, ArrayLike


@dataclass(frozen=True, slots=True)
class Arm:
    """n units with a mean and a sample variance (divisor n - 1, in squared units of the metric).

    `freedom` are the degrees of freedom of the variance: n - 1 unless said otherwise.
    """

    n: int
    mean: float
    variance: float
    df: float | None = None
    is_share: bool = False  # of units that did something, each by itself: its test may count them

    @property
    def freedom(self) -> float:
        return self.n - 1 if self.df is None else self.df

    @classmethod
    def from_values(cls, values: ArrayLike) -> "Arm":
        """From one value per unit (any sequence of numbers)."""
        y = np.asarray(values, dtype="float64")
        return cls(len(y), float(y.mean()) if len(y) else math.nan, float(y.var(ddof=1)) if len(y) > 1 else math.nan)

    @classmethod
    def from_proportion(cls, successes: float, n: int) -> "Arm":
        """From a count of successes. The variance is the binomial p(1 - p)."""
        p = successes / n if n else math.nan
        return cls(n, p, p * (1 - p), is_share=True)


@dataclass(frozen=True, slots=True)
class Shared:
    """The n clusters that hold units of an arm and of its control, and sums over them of products of the arms' totals.

    Of a cluster's totals y - centre·z and z: `yz` is the sum of (y - centre·z) of the arm times z of the control, and
    so on. `centre` is a level of y/z that all arms share, so that nothing cancels.
    """

    n: int = 0
    centre: float = 0.0
    yy: float = 0.0
    yz: float = 0.0
    zy: float = 0.0
    zz: float = 0.0

    def product(self, ratio: float, other: float) -> float:
        """Σ(y - ratio·z)(y' - other·z') over the clusters that both arms share; the second pair is the control's."""
        a, b = ratio - self.centre, other - self.centre
        return self.yy - b * self.yz - a * self.zy + a * b * self.zz

    def merged(self, other: "Shared") -> "Shared":
        """Of both groups of clusters together."""
        sums = (getattr(self, name) + getattr(other, name) for name in ("yy", "yz", "zy", "zz"))
        return Shared(self.n + other.n, self.centre if self.n else other.centre, *sums)


@dataclass(frozen=True, slots=True)
class Leverage:
    """What an arm's clusters say about the error of its mean, each by its share p of the arm's denominator.

    `scatter` is Σ(y - Rz)²/(1 - p) over the clusters' totals, with R the arm's ratio: its error by CR2, Bell and
    McCaffrey (2002), "Bias reduction in standard errors for linear regression with multi-stage samples": the residuals
    of a mean's clusters are too small by 1 - p. `cubes` are Σp³, `sizes` Σp²/(1 - p), `squares` Σ(p²/(1 - p))². NaN
    where they are not known.
    """

    scatter: float = math.nan
    cubes: float = math.nan
    sizes: float = math.nan
    squares: float = math.nan

    @classmethod
    def from_totals(cls, y: ArrayLike, z: ArrayLike) -> "Leverage":
        """From the clusters' totals."""
        y, z = np.asarray(y, "float64"), np.asarray(z, "float64")
        if not z.sum() or len(z) < 2:
            return cls()
        p = z / z.sum()
        left = 1 / (1 - np.where(p < 1, p, math.nan))
        residual = y - y.sum() / z.sum() * z
        sums = (residual**2 * left).sum(), (p**3).sum(), (p**2 * left).sum(), ((p**2 * left) ** 2).sum()
        return cls(*map(float, sums))

    def freedom(self, p2: float) -> float:
        """The degrees of freedom of the error, `p2` being Σp²: the harmonic mean of two of Bell and McCaffrey's.

        They are those of the error's mean and variance if the clusters' totals vary as so many independent units, and
        if all units of a cluster are alike. How alike they are is not known well enough of a few clusters to choose.
        With S = (1 - p1')u and u independent of variance v, Σ S²/(1 - p) is a quadratic form whose matrix has only
        sums of powers of p and 1/(1 - p) in the traces that are needed.
        """
        q, s, r = self.sizes, self.squares, self.sizes - p2 - self.cubes  # r is Σp⁴/(1 - p)
        as_units = 1 / (p2 + q * q - s)
        trace = 2 * p2 - q + q * p2
        square = (q * p2) ** 2 + 2 * p2 * s + 2 * (q - p2) ** 2 - 4 * q * p2 * (q - p2)
        square += -3 * s + 2 * q * r + 4 * r
        return 2 / (1 / as_units + square / trace**2)


@dataclass(frozen=True, slots=True)
class UnitMoments:
    """The joint moments of a unit's numerator y, denominator z and covariate x in one arm.

    A metric per unit has z = 1 for every unit: mean_z = 1, and 0 for everything that varies with z. Without a covariate
    mean_x is NaN. Variances and covariances are the sample ones (divisor n - 1).

    Where whole clusters were assigned, each of the n is a cluster: y, z and x are its totals, so that for a metric per
    unit z is the cluster's size, and x is the total of the covariate's distance from its mean over all arms. `n_units`
    then counts the units within; it is 0 where every unit stands for itself. Where units were assigned within clusters,
    a cluster has totals in each arm, and `shared` holds what an arm's have in common with the control's. `leverage` is
    known of clusters that are counted together, not of those that are merged from parts. `n_unknown` units have no y:
    it isn't known, or has no logarithm. `min_y` is the least y of a unit, NaN where that is not known.
    """

    n: int
    mean_y: float
    var_y: float
    mean_z: float = 1.0
    var_z: float = 0.0
    cov_yz: float = 0.0
    mean_x: float = math.nan
    var_x: float = math.nan
    cov_yx: float = math.nan
    cov_zx: float = 0.0
    n_units: int = 0
    n_unknown: int = 0
    min_y: float = math.nan
    shared: Shared = Shared()
    leverage: Leverage = Leverage()

    @property
    def units(self) -> int:
        """Units, whether each stands for itself or many make a cluster."""
        return self.n_units or self.n

    @classmethod
    def from_clusters(
        cls,
        cluster: ArrayLike,
        y: ArrayLike,
        z: ArrayLike | None = None,
        x: ArrayLike | None = None,
        x_centre: float = 0.0,
    ) -> "UnitMoments":
        """From one row per unit with the cluster that it belongs to: totals per cluster, clusters as observations.

        `x_centre` is the mean of the covariate over the units of all arms.
        """
        labels, index = np.unique(np.asarray(cluster), return_inverse=True)
        units = len(index)
        z = np.ones(units) if z is None else z
        totals = [np.bincount(index, np.asarray(v, "float64"), len(labels)) for v in (y, z)]
        if x is not None:
            totals.append(np.bincount(index, np.asarray(x, "float64") - x_centre, len(labels)))
        least = float(np.min(y)) if units else math.nan
        leverage = Leverage.from_totals(totals[0], totals[1])
        return replace(cls.from_rows(*totals), n_units=units, min_y=least, leverage=leverage)

    @classmethod
    def from_rows(cls, y: ArrayLike, z: ArrayLike | None = None, x: ArrayLike | None = None) -> "UnitMoments":
        """From one row per unit: arrays of equal length; z and x may be left out."""
        values = np.asarray(y, "float64")
        n = len(values)
        ones, nans = np.ones(n), np.full(n, math.nan)
        stacked = np.vstack(
            [values, ones if z is None else np.asarray(z, "float64"), nans if x is None else np.asarray(x, "float64")]
        )
        if n == 0:
            return cls(0, math.nan, math.nan, math.nan, math.nan, math.nan)
        means = stacked.mean(axis=1)
        centred = stacked - means[:, None]
        c = centred @ centred.T / (n - 1) if n > 1 else np.full((3, 3), math.nan)
        return replace(cls.from_matrix(n, means, c), min_y=float(values.min()))

    @classmethod
    def from_matrix(cls, n: int, means: Array, c: Array) -> "UnitMoments":
        """From the means of (y, z, x) and their 3×3 covariance matrix."""
        values = (means[0], c[0, 0], means[1], c[1, 1], c[0, 1], means[2], c[2, 2], c[0, 2], c[1, 2])
        y, var_y, z, var_z, cov_yz, x, var_x, cov_yx, cov_zx = map(float, values)
        return cls(n, y, var_y, z, var_z, cov_yz, x, var_x, cov_yx, cov_zx)

    def matrix(self) -> tuple[Array, Array]:
        """Means (y, z, x) and the covariance matrix."""
        means = np.array([self.mean_y, self.mean_z, self.mean_x])
        cov = np.array(
            [
                [self.var_y, self.cov_yz, self.cov_yx],
                [self.cov_yz, self.var_z, self.cov_zx],
                [self.cov_yx, self.cov_zx, self.var_x],
            ]
        )
        return means, cov

    def merged(self, other: "UnitMoments") -> "UnitMoments":
        """The moments of both groups of units together.

        Chan, Golub and LeVeque (1979), "Updating formulae and a pairwise algorithm for computing sample variances".
        Exact whatever the split, and free of cancellation.
        """
        if not self.n or not other.n:
            return self if self.n else other
        n = self.n + other.n
        (m1, c1), (m2, c2) = self.matrix(), other.matrix()
        # A single unit has no sample variance, and no sum of squares about its own mean either.
        shift = m2 - m1
        scatter = np.outer(shift, shift) * self.n * other.n / n
        for c, k in ((c1, self.n), (c2, other.n)):
            scatter += c * (k - 1) if k > 1 else 0.0
        m = m1 + shift * other.n / n
        clustered = self.n_units or other.n_units
        return replace(
            UnitMoments.from_matrix(n, m, scatter / (n - 1)),
            n_units=self.units + other.units if clustered else 0,
            n_unknown=self.n_unknown + other.n_unknown,
            min_y=float(np.minimum(self.min_y, other.min_y)),
            shared=self.shared.merged(other.shared),
        )

    def has_covariate(self) -> bool:
        return math.isfinite(self.mean_x) and math.isfinite(self.var_x) and math.isfinite(self.cov_yx)

    def covariate(self) -> Arm:
        """The covariate's own arm, for a balance test."""
        return Arm(self.n, self.mean_x, self.var_x)

    def linear_variance(self) -> float:
        """The variance of the linearised unit (y - Rz)/z̄, R being the ratio; NaN where the denominator's mean is 0."""
        if not self.mean_z:
            return math.nan
        r = self.mean_y / self.mean_z
        variance = (self.var_y - 2 * r * self.cov_yz + r * r * self.var_z) / self.mean_z**2
        return max(variance, 0.0) if math.isfinite(variance) else variance

    def ratio(self) -> Arm:
        """The arm's ratio ȳ/z̄ as a mean, with the variance of its linearised unit (y - Rz)/z̄.

        Delta method: Deng, Knoblich and Lu (2018), "Applying the delta method in metric analytics".
        For z = 1 this is the plain mean. Over clusters the variance allows for correlation within them: CR2, which
        would be unbiased if units were independent, with Bell and McCaffrey's degrees of freedom (`Leverage`). Where
        the leverages aren't known, and for the ratio of units, whose denominators may be as unequal as clusters' sizes:
        the variance of the linearised unit times `bias`, with the degrees of freedom of the effective number of
        clusters or units. NaN where the denominator's mean is 0.
        """
        if not self.mean_z:
            return Arm(self.n, math.nan, math.nan)
        variance, df = self.linear_variance(), None
        if self.is_unequal():
            df = 1 / self.concentration() - 1
            if math.isfinite(self.leverage.scatter) and self.concentration() < 1 - 1e-12:
                variance = self.leverage.scatter / self.n / self.mean_z**2
                df = self.leverage.freedom(self.concentration())
            else:
                variance *= self.bias()
            df = max(df, 1.0) if math.isfinite(df) else 1.0
        return Arm(self.n, self.mean_y / self.mean_z, variance, df)

    def is_unequal(self) -> bool:
        """Are these clusters, or units that count by a denominator?"""
        return self.n > 1 and math.isfinite(self.var_z) and bool(self.n_units or self.var_z > 0)

    def concentration(self) -> float:
        """Σp² with the shares p of the denominator: 1 over the effective number of clusters, or of units of a ratio.

        Carter, Schnepel and Steigerwald (2017), "Asymptotic behavior of a t-test robust to cluster heterogeneity", for
        a mean whose clusters' totals have a variance in proportion to their size.
        """
        return (1 + self.var_z * (self.n - 1) / self.n / self.mean_z**2) / self.n

    def bias(self) -> float:
        """How many times `linear_variance` the variance is in truth, if it is in proportion to the denominator.

        ΣS² of the residuals is too small by 1 - Σp², and `linear_variance` divides it by 1 - 1/n. It is 1 for a metric
        per unit.
        """
        if not self.is_unequal() or self.concentration() >= 1:
            return 1.0
        return (1 - 1 / self.n) / (1 - self.concentration())

    def ratio_covariance(self) -> float:
        """The covariance of the linearised unit with the covariate; NaN where the denominator's mean is 0."""
        if not self.mean_z:
            return math.nan
        r = self.mean_y / self.mean_z
        return (self.cov_yx - r * self.cov_zx) / self.mean_z
