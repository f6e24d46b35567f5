"""Return on investment: cash flows, the formula, and what its uncertain inputs make of it.

Money is in one currency, rates are shares (0.08 is 8 %), returns are shares (5.33 is 533 %), times are months or
whatever period the flows have. Nothing here reads a table: `returns` does.
"""

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from scipy.special import ndtri

DRAWS = 100_000
SEED = 20_260_101
QUANTILES = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99)
Z95 = float(ndtri(0.975))
Z90 = float(ndtri(0.95))
Numbers = float | np.ndarray


def return_on_investment(revenue: Numbers, labour: Numbers, operating: Numbers, remediation: Numbers) -> Numbers | None:
    """(incremental revenue + labour saved - operating cost - remediation) / operating cost, as a share.

    All four of the same period and currency; numbers or arrays of one shape. None where the operating cost is 0,
    because nothing was invested.
    """
    if np.all(np.asarray(operating) == 0):
        return None
    return (revenue + labour - operating - remediation) / operating


def annuity(months: Numbers, yearly_rate: Numbers) -> Numbers:
    """The value today of 1 at the end of each of some months, at a yearly effective rate; `months` need not be whole.

    Equals the sum of the payments, each discounted, for whole months, and `months` at rate 0.
    """
    monthly = np.power(1 + np.asarray(yearly_rate, "float64"), 1 / 12) - 1
    safe = np.where(monthly == 0, 1.0, monthly)
    value = np.where(monthly == 0, months, (1 - np.power(1 + monthly, -np.asarray(months, "float64"))) / safe)
    return float(value) if value.ndim == 0 else value


# ----------------------------------------------------------------------------------------------------------------
# inputs


@dataclass(frozen=True, slots=True)
class Driver:
    """One uncertain input: where it lies, and how it is drawn. `worse` and `better` are the ends that lower and raise
    the return.

    `normal` spreads so that 95 % of the draws lie in [low, high] for estimates, 90 % for assumptions, on each side by
    itself, so that an interval that leans keeps its lean.
    """

    name: str
    low: float
    base: float
    high: float
    distribution: str = "normal"
    coverage: float = 0.95
    lowest: float = -math.inf
    highest: float = math.inf

    def draw(self, uniform: np.ndarray) -> np.ndarray:
        """Values at the uniform numbers in (0, 1), by the inverse of the distribution. Raises ValueError for an
        unknown one."""
        if self.distribution == "triangular":
            return triangular(uniform, self.low, self.base, self.high)
        if self.distribution == "uniform":
            return self.low + (self.high - self.low) * uniform
        if self.distribution == "normal":
            z = ndtri(uniform)
            edge = Z95 if self.coverage == 0.95 else Z90
            spread = np.where(z < 0, self.base - self.low, self.high - self.base) / edge
            return np.clip(self.base + z * spread, self.lowest, self.highest)
        raise ValueError(
            f"The distribution of {self.name} is {self.distribution}; it must be triangular, uniform or normal."
        )


def triangular(uniform: np.ndarray, low: float, mode: float, high: float) -> np.ndarray:
    """The inverse of the triangular distribution; a constant where low equals high."""
    if high == low:
        return np.full_like(uniform, mode)
    turn = (mode - low) / (high - low)
    rising = low + np.sqrt(uniform * (high - low) * (mode - low))
    falling = high - np.sqrt((1 - uniform) * (high - low) * (high - mode))
    return np.where(uniform < turn, rising, falling)


def uniforms(name: str, draws: int = DRAWS, seed: int = SEED) -> np.ndarray:
    """Uniform numbers in (0, 1) of a stream of its own, so that one more input leaves all others as they were."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, zlib.crc32(name.encode())])))
    return (generator.integers(0, 2**52, draws, dtype="int64") + 0.5) / 2**52


def arm_variances(
    control: float, treatment: float, sd_absolute: float, sd_relative: float
) -> tuple[float, float] | None:
    """The variances of the two arms' means, from the standard deviations of their difference and of their relative
    difference.

    Independent arms: var(difference) = vt + vc, and by the delta method var(ratio) · control² = vt + ratio² · vc.
    None where the arms are too alike for the two to tell vt from vc.
    """
    ratio = treatment / control
    if abs(ratio**2 - 1) < 0.05:
        return None
    of_control = (sd_relative**2 * control**2 - sd_absolute**2) / (ratio**2 - 1)
    of_control = min(max(of_control, 0.0), sd_absolute**2)
    return of_control, sd_absolute**2 - of_control


def hours_per_task(control: float, treatment: float, sd_absolute: float, sd_relative: float) -> Driver | str:
    """Hours that a task takes less, from tasks per labour hour without and with AI: 1/control - 1/treatment, delta
    method.

    A sentence instead, where a mean is not above 0 or its interval comes near 0.
    """
    if not (control > 0 and treatment > 0):
        return "Tasks per hour must be above 0 to give hours per task."
    both = arm_variances(control, treatment, sd_absolute, sd_relative)
    of_control, of_treatment = both if both else (sd_absolute**2 / 2, sd_absolute**2 / 2)
    if math.sqrt(of_control) > control / 4 or math.sqrt(of_treatment) > treatment / 4:
        return "Tasks per hour are too uncertain to be converted to hours per task."
    base = 1 / control - 1 / treatment
    margin = Z95 * math.sqrt(of_control / control**4 + of_treatment / treatment**4)
    return Driver("hours_saved_per_task", base - margin, base, base + margin)


@dataclass(frozen=True)
class Case:
    """One use case in one period. Volumes and costs are those of the period; `days` says how long it was.

    `effects`: revenue (units of the metric for each unit, or each week) and labour (hours a task), where there is one.
    `assumptions`: by name. `volumes`: revenue (units or weeks), labour (tasks times the cost of an hour). `operating`
    leaves `training` out, which is paid once and written off over the horizon. `drawn_with`: for each effect the
    experiment whose draw it shares.
    """

    days: float
    effects: Mapping[str, Driver]
    assumptions: Mapping[str, Driver]
    volumes: Mapping[str, float]
    operating: float
    remediation: float
    training: float
    left_out: frozenset[str] = field(default_factory=frozenset)
    drawn_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def per_year(self) -> float:
        return 365 / self.days

    def drivers(self) -> dict[str, Driver]:
        """What moves the return, by name, in a fixed order."""
        shares = {"value_per_unit"} if "revenue" in self.effects else set()
        shares |= {"recapture_rate", "redeployed_share"} if "labour" in self.effects else set()
        shares |= {"horizon_months", "discount_rate"}
        found = {f"{term}_effect": effect for term, effect in sorted(self.effects.items())}
        return found | {name: self.assumptions[name] for name in sorted(shares & set(self.assumptions))}

    def bases(self) -> dict[str, float]:
        return {name: driver.base for name, driver in self.drivers().items()}

    def terms(self, values: Mapping[str, Numbers]) -> dict[str, Numbers]:
        """The yearly terms of the formula at some values of the drivers."""
        revenue: Numbers = 0.0
        labour: Numbers = 0.0
        if "revenue" in self.effects and "revenue" not in self.left_out:
            revenue = values["revenue_effect"] * values["value_per_unit"] * (self.volumes["revenue"] * self.per_year)
        if "labour" in self.effects and "labour" not in self.left_out:
            labour = values["labour_effect"] * values["recapture_rate"] * (self.volumes["labour"] * self.per_year)
            # What was put back into the same work has earned the revenue already.
            if "revenue" in self.effects:
                labour = labour * (1 - values.get("redeployed_share", 0.0))
        training = self.training * 12 / values["horizon_months"]
        return {
            "revenue": revenue,
            "labour": labour,
            "operating": self.operating * self.per_year + training,
            "training": training,
            "remediation": self.remediation * self.per_year,
        }

    def roi(self, values: Mapping[str, Numbers]) -> Numbers | None:
        found = self.terms(values)
        return return_on_investment(found["revenue"], found["labour"], found["operating"], found["remediation"])

    def roi_at(self, values: Mapping[str, float]) -> float | None:
        """The return at one value of each driver."""
        found = self.roi(values)
        return None if found is None else float(found)

    def npv(self, values: Mapping[str, Numbers]) -> Numbers:
        """Training at once, against what a month brings and costs, over the horizon."""
        found = self.terms(values)
        net = found["revenue"] + found["labour"] - (found["operating"] - found["training"]) - found["remediation"]
        months, rate = values["horizon_months"], values["discount_rate"]
        return net / 12 * (values["annuity"] if "annuity" in values else annuity(months, rate)) - self.training

    def payback_months(self, values: Mapping[str, float]) -> float | None:
        """Months until training has been earned back; None where it is not within the horizon."""
        found = self.terms(values)
        net = float(found["revenue"] + found["labour"] - (found["operating"] - found["training"]))
        net -= float(found["remediation"])
        if self.training == 0:
            return 0.0 if net >= 0 else None
        months = self.training / (net / 12) if net > 0 else math.inf
        return months if months <= values["horizon_months"] else None


@dataclass(frozen=True, slots=True)
class Swing:
    """The return when one driver goes to its ends and all others stay; `break_even` is the driver's value at which
    net benefit is 0."""

    driver: str
    low: float
    base: float
    high: float
    roi_at_low: float | None
    roi_at_high: float | None
    break_even: float | None
    reason: str | None = None

    @property
    def swing(self) -> float | None:
        if self.roi_at_low is None or self.roi_at_high is None:
            return None
        return abs(self.roi_at_high - self.roi_at_low)


def tornado(case: Case) -> list[Swing]:
    """One swing for each driver, the widest first; ties by name. The return does not depend on the discount rate."""
    base, found = case.bases(), []
    for name, driver in case.drivers().items():
        if name == "discount_rate":
            continue
        low, high = (case.roi_at(base | {name: end}) for end in (driver.low, driver.high))

        def net(value: float, name: str = name) -> float:
            return net_benefit(case, {**base, name: value})

        even, why = break_even(net, driver, name)
        found.append(Swing(name, driver.low, driver.base, driver.high, low, high, even, why))
    found.sort(key=lambda s: (-(s.swing or 0.0), s.driver))
    terms = case.terms(base)
    even = float(terms["revenue"] + terms["labour"] - terms["remediation"])
    cost = float(terms["operating"])
    reason = None if even > 0 else "Benefits don't cover remediation at any cost."
    return [*found, Swing("operating_cost", cost, cost, cost, None, None, even if even > 0 else None, reason)]


def net_benefit(case: Case, values: Mapping[str, float]) -> float:
    found = case.terms(values)
    return float(found["revenue"] + found["labour"] - found["operating"] - found["remediation"])


def break_even(net: Callable[[float], float], driver: Driver, name: str) -> tuple[float | None, str | None]:
    """Where net benefit is 0 as one driver moves. It is linear in each, but in 1/x for the horizon. None and why
    where there is none."""
    inverse = name == "horizon_months"
    if inverse:
        at_one, at_half = net(1.0), net(0.5)  # 1/x is 1 and 2
        slope, start = at_half - at_one, 2 * at_one - at_half
    else:
        start, slope = net(0.0), net(1.0) - net(0.0)
    if slope == 0:
        return None, "Nothing depends on it."
    root = -start / slope
    if inverse:
        root = 1 / root if root > 0 else math.inf
    if not math.isfinite(root) or not driver.lowest <= root <= driver.highest:
        pays = net(driver.base) > 0
        return None, ("Benefits exceed costs" if pays else "Costs exceed benefits") + " at any value that it can have."
    return root, None


def draws_of(case: Case, use_case_id: str, draws: int = DRAWS, seed: int = SEED) -> dict[str, np.ndarray]:
    """Draws of every driver. The same use case gets the same numbers in every period, so that periods can be
    compared. Effects of one experiment, and of experiments on the same units whose arms go together, share one draw:
    how their errors move together is not known, and the sum is widest where they move as one."""

    def stream(name: str) -> str:
        shared = case.drawn_with.get(name.removesuffix("_effect"))
        return f"{use_case_id}|{name}" if shared is None else f"effect|{shared}"

    drivers = case.drivers()
    of = {name: (driver, stream(name), draws, seed) for name, driver in drivers.items()}
    found = {name: _drawn(*each) for name, each in of.items()}
    if {"horizon_months", "discount_rate"} <= {*of}:
        found["annuity"] = _annuity_drawn(of["horizon_months"], of["discount_rate"])
    return found


# Of the use case at hand: what is drawn in one period is drawn in all others.
@lru_cache(maxsize=16)
def _drawn(driver: Driver, stream: str, draws: int, seed: int) -> np.ndarray:
    return _fixed(driver.draw(uniforms(stream, draws, seed)))


@lru_cache(maxsize=2)
def _annuity_drawn(months: tuple, rate: tuple) -> np.ndarray:
    return _fixed(np.asarray(annuity(_drawn(*months), _drawn(*rate))))


def _fixed(values: np.ndarray) -> np.ndarray:
    values.flags.writeable = False
    return values


def quantiles_of(values: np.ndarray, probabilities: Sequence[float] = QUANTILES) -> list[float]:
    """Quantiles of draws, by linear interpolation."""
    return [float(q) for q in np.quantile(values, probabilities)]
