"""The calendar of series: what period their dates stand for, and their values by one period that all share."""

import pandas as pd

# From fine to coarse, and how many days the dates of each are apart.
APART = {"day": (1, 3), "week": (5, 9), "month": (26, 33), "quarter": (85, 96), "year": (355, 375)}
GRAINS = tuple(APART)
LEAST_HELD = 0.9  # of the dates of a period that is averaged
WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def days_apart(dates: pd.DatetimeIndex) -> float | None:
    """The median of the days from one date to the next; None of fewer than two dates."""
    steps = pd.Series(dates.unique().sort_values()).diff().dropna().dt.days
    return float(steps.median()) if len(steps) else None


def grain(dates: pd.DatetimeIndex) -> str | None:
    """What the dates are dated by: one of `GRAINS`, or None if they are as far apart as none of them."""
    days = days_apart(dates)
    return next((name for name, (low, high) in APART.items() if days is not None and low <= days <= high), None)


def finer(one: str | None, other: str) -> bool:
    return one is not None and GRAINS.index(one) < GRAINS.index(other)


def frequency(dates: pd.DatetimeIndex, dated_by: str) -> str:
    """The pandas frequency whose periods begin where dates of this grain do.

    Weeks begin on the weekday that most dates fall on. Quarters and years begin in the month of their dates, or end in
    it where dates are last days of a month; dates within a month are of calendar quarters and years.
    """
    if dated_by in ("day", "month"):
        return {"day": "D", "month": "M"}[dated_by]
    if dated_by == "week":
        return f"W-{WEEKDAYS[(int(dates.day_of_week.to_series().mode().iloc[0]) - 1) % 7]}"
    ends, cycle = dates.is_month_end, 3 if dated_by == "quarter" else 12
    last = 12
    if ends.mean() > 0.5 or dates.is_month_start.mean() > 0.5:
        months = dates.month if ends.mean() > 0.5 else dates.month - 1
        last = int((months % cycle).to_series().mode().iloc[0]) or cycle
    return f"{'Q' if dated_by == 'quarter' else 'Y'}-{MONTHS[last - 1]}"


def calendar(period: str) -> str:
    """The pandas frequency of calendar weeks (from Monday), months, quarters or years."""
    return {"week": "W-SUN", "month": "M", "quarter": "Q-DEC", "year": "Y-DEC"}[period]


def by_period(values: pd.Series, period: str, freq: str, total: bool = False) -> pd.Series:
    """Values by date as values by period of the frequency `freq`: their mean, or with `total` their sum.

    A week counts where its middle lies, so that weeks that begin on other days meet those with which they share most
    days. Of finer dates than the period's, a period that lacks more than a tenth is left out; of a sum, one that
    lacks any. Weekdays on which a daily series never has a value are not missing.
    """
    dated_by = grain(values.index)
    by = dated_by if dated_by is not None and finer(dated_by, period) else period
    places = pd.PeriodIndex(_inside(values.index, by), freq=freq)
    groups = values.groupby(places)
    if by == period:
        return groups.mean()
    grid = pd.period_range(places.min().start_time, places.max().end_time, freq=frequency(values.index, by))
    days = _inside(grid.start_time, by)
    if by == "day":
        days = days[days.day_of_week.isin(values.index.day_of_week.unique())]
    count = groups.size()
    possible = pd.Series(1, pd.PeriodIndex(days, freq=freq)).groupby(level=0).size().reindex(count.index)
    return (groups.sum() if total else groups.mean())[count >= (1.0 if total else LEAST_HELD) * possible]


def _inside(dates: pd.DatetimeIndex, dated_by: str) -> pd.DatetimeIndex:
    return dates + pd.Timedelta(days=3) if dated_by == "week" else dates
