"""The tables of moments that the dbt models hand over, as the objects that the statistics take."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from ..estimators.adjustment import PRODUCTS, ClusterProducts, JointMoments
from ..estimators.moments import Leverage, Shared, UnitMoments
from ..estimators.unknown import Unknown, unknown_of
from .registry import is_missing

MOMENTS = [f.name for f in fields(UnitMoments) if f.name not in ("n_units", "n_unknown", "shared", "leverage")]
NOTHING = UnitMoments.from_rows([])
Arms = dict[str, UnitMoments]


@dataclass(frozen=True, slots=True)
class QuantileArm:
    """An arm's distribution in bins, its quantile, and the moments of the share at or below it."""

    probability: float
    point: float
    share: UnitMoments
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    ranks: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Tables:
    """What is known of all experiments, by (experiment, metric) or experiment. Tables that are left out are empty.

    `cells`: segment to arm to moments. `sizes`: arm to (units of one arm only, units seen in several). `unclustered`:
    units whose cluster is not known. `quantiles`: segment to arm to `QuantileArm`. `joint`: arm to names and
    `JointMoments`. `joint_strata`: arm to stratum to `JointMoments`. `products`: arm to `ClusterProducts`.
    `regression`: cells of covariates by column. `weeks`: week to arm to moments, of clusters where these were assigned.
    `past`: arm to moments. `parts`: dimension to part to arm to units. `neighbours`: share of control units'
    neighbours that is treated.
    `enrolment`: arm to how many of its assignments lie where, as `moments_arm_counts` names it. `recruited_until`: the
    last assignment of all arms. `losses`: rows of `moments_losses`. `groups`: kind of group to rows of
    `moments_groups`.
    """

    catalogue: dict[str, dict[str, Any]]
    cells: dict[tuple[str, str], dict[str, Arms]]
    sizes: dict[str, dict[str, tuple[int, int]]]
    unclustered: dict[str, int]
    quantiles: dict[tuple[str, str], dict[str, dict[str, QuantileArm]]]
    joint: dict[tuple[str, str], dict[str, tuple[list[str], JointMoments]]]
    joint_strata: dict[tuple[str, str], dict[str, dict[str, JointMoments]]]
    products: dict[tuple[str, str], dict[str, ClusterProducts]]
    regression: dict[tuple[str, str], dict[str, np.ndarray]]
    weeks: dict[tuple[str, str], dict[int, Arms]]
    past: dict[tuple[str, str], Arms]
    parts: dict[str, dict[str, dict[str, dict[str, int]]]]
    neighbours: dict[str, float]
    unknown: dict[tuple[str, str], Arms]  # y: values that are not known, z: all values
    paired: dict[tuple[str, str], bool]
    enrolment: dict[str, dict[str, dict[str, int]]]
    recruited_until: dict[str, pd.Timestamp]
    losses: dict[str, list[dict[str, Any]]]
    groups: dict[str, dict[str, list[dict[str, Any]]]]

    def unknown_in(self, experiment_id: str, metric_id: str, treatment: str, control: str) -> Unknown | None:
        key = experiment_id, metric_id
        return unknown_of(self.unknown.get(key, {}), treatment, control, self.paired.get(key, False))

    def segments(self, experiment_id: str, metric_id: str) -> dict[str, Arms]:
        return self.cells.get((experiment_id, metric_id), {})

    def arms(self, experiment_id: str, metric_id: str) -> Arms:
        return self.segments(experiment_id, metric_id).get("all", {})

    def quantile_arms(self, experiment_id: str, metric_id: str) -> dict[str, QuantileArm]:
        return self.quantiles.get((experiment_id, metric_id), {}).get("all", {})

    def strata(self, experiment_id: str, metric_id: str) -> dict[str, Arms]:
        return self.cut(experiment_id, metric_id, "stratum")

    def cut(self, experiment_id: str, metric_id: str, dimension: str) -> dict[str, Arms]:
        """The parts of a dimension, by name."""
        return _cut(self.segments(experiment_id, metric_id), dimension)

    def quantile_cut(self, experiment_id: str, metric_id: str, dimension: str) -> dict[str, dict[str, QuantileArm]]:
        return _cut(self.quantiles.get((experiment_id, metric_id), {}), dimension)


def segment_of(dimension: str, part: str) -> str:
    """What a part of a dimension is called: up to the first `=` stands the dimension, as SQL spells it too."""
    return f"{dimension.replace('=', '%3D')}={part}"


def _cut(segments: Mapping[str, Any], dimension: str) -> dict[str, Any]:
    prefix = segment_of(dimension, "")
    return {s.removeprefix(prefix): arms for s, arms in segments.items() if s.startswith(prefix)}


ARM_TABLES = (
    *("moments_unit_metrics", "moments_arm_counts", "moments_quantile_points", "moments_quantiles"),
    *("moments_covariances", "moments_covariate_cells", "moments_cluster_products", "moments_weeks"),
    *("moments_cluster_weeks", "moments_past", "moments_start_counts", "moments_neighbours"),
    *("moments_losses", "moments_groups", "moments_reach"),
)


def read_tables(catalogue: dict[str, dict[str, Any]], given: Mapping[str, pd.DataFrame | None]) -> Tables:
    """From the metrics by `metric_id`, and those of `ARM_TABLES` that are given; column names as there."""
    tables = Tables(catalogue, *({} for _ in range(len(fields(Tables)) - 1)))

    def rows_of(name: str) -> list[dict[str, Any]]:
        return records(given.get(name))

    for row in rows_of("moments_unit_metrics"):
        arms = tables.cells.setdefault(_key(row), {}).setdefault(str(row["segment"]), {})
        arms[str(row["arm"])] = _moments(row)
    for row in rows_of("moments_arm_counts"):
        pair = (int(row["n_units"]), int(row["n_excluded"]))
        e = str(row["experiment_id"])
        tables.sizes.setdefault(e, {})[str(row["arm"])] = pair
        if not is_missing(row.get("n_assignments")):
            placed = ("n_assignments", "n_before", "n_after", "n_returned", "n_undated")
            tables.enrolment.setdefault(e, {})[str(row["arm"])] = {name: int(row[name]) for name in placed}
        if not is_missing(row.get("last_assigned_at")):
            last = pd.Timestamp(row["last_assigned_at"])
            tables.recruited_until[e] = max(last, tables.recruited_until.get(e, last))
        tables.unclustered[e] = tables.unclustered.get(e, 0) + _count(row.get("n_without_cluster"))
    for row in rows_of("moments_quantile_points"):
        found = QuantileArm(_number(row["quantile"]), _number(row["point"]), _moments(row))
        segments = tables.quantiles.setdefault(_key(row), {})
        segments.setdefault(str(row.get("segment", "all")), {})[str(row["arm"])] = found
    for row in sorted(rows_of("moments_quantiles"), key=lambda row: row["bin"]):
        segments = tables.quantiles.get(_key(row), {})
        arm = segments.get(str(row.get("segment", "all")), {}).get(str(row["arm"]))
        if arm is not None:
            arm.lows.append(_number(row["lowest"]))
            arm.highs.append(_number(row["highest"]))
            arm.ranks.append(float(row["units_up_to"]))
    tables.regression.update(_read_regression(given.get("moments_covariate_cells")))
    for row in rows_of("moments_weeks"):
        week = tables.weeks.setdefault(_key(row), {}).setdefault(int(row["week"]), {})
        seen = _moments({**row, "n": row["n_total"]})
        absent = int(row["n"]) - seen.n
        # Who was not seen counts with 0; without a denominator every unit has 1.
        per_unit = tables.catalogue.get(_key(row)[1], {}).get("denominator_measure")
        z = 1.0 if is_missing(per_unit) else 0.0
        week[str(row["arm"])] = seen.merged(UnitMoments(absent, 0.0, 0.0, z)) if absent > 0 else seen
    for row in rows_of("moments_cluster_weeks"):
        tables.weeks.setdefault(_key(row), {}).setdefault(int(row["week"]), {})[str(row["arm"])] = _moments(row)
    for row in rows_of("moments_past"):
        tables.past.setdefault(_key(row), {})[str(row["arm"])] = _moments(row)
    _read_unknown(tables, rows_of("moments_past"))
    for row in rows_of("moments_start_counts"):
        parts = tables.parts.setdefault(str(row["experiment_id"]), {}).setdefault(str(row["dimension"]), {})
        parts.setdefault(str(row["dimension_value"]), {})[str(row["arm"])] = int(row["n_units"])
    for row in rows_of("moments_reach"):
        work = tables.parts.setdefault(str(row["experiment_id"]), {}).setdefault("ai_work", {})
        work.setdefault("ai_work", {})[str(row["arm"])] = int(row["n_ai_work"])
    for row in rows_of("moments_neighbours"):
        tables.neighbours[str(row["experiment_id"])] = _number(row["treated_neighbours"])
    for row in rows_of("moments_losses"):
        tables.losses.setdefault(str(row["experiment_id"]), []).append(row)
    for row in rows_of("moments_groups"):
        tables.groups.setdefault(str(row["experiment_id"]), {}).setdefault(str(row["kind"]), []).append(row)
    _read_joint(tables, rows_of("moments_covariances"))
    _read_products(tables, rows_of("moments_cluster_products"))
    return tables


def _read_regression(cells: pd.DataFrame | None) -> dict[tuple[str, str], dict[str, np.ndarray]]:
    """There are many of these: they stay columns."""
    if cells is None or cells.empty:
        return {}
    numbers = ("bin", "n", "mean_y", "var_y", "mean_z", "var_z", "mean_x", "cov_yz")
    columns = {name: pd.to_numeric(cells[name]).to_numpy("float64", na_value=math.nan) for name in numbers}
    columns["arm"] = cells["arm"].astype(object).to_numpy()
    columns["stratum"] = np.array(["" if is_missing(s) else str(s) for s in cells["stratum"]], object)
    places = cells.groupby(["experiment_id", "metric_id"], sort=False).indices
    return {
        (str(e), str(m)): {name: values[rows] for name, values in columns.items()} for (e, m), rows in places.items()
    }


def _read_joint(tables: Tables, rows: list[dict[str, Any]]) -> None:
    groups: dict[tuple[str, str], dict[tuple[str, str], list[dict[str, Any]]]] = {}
    for row in rows:
        stratum = "" if is_missing(row.get("stratum")) else str(row["stratum"])
        groups.setdefault(_key(row), {}).setdefault((str(row["arm"]), stratum), []).append(row)
    for key, arms in groups.items():
        for (arm, stratum), pairs in arms.items():
            others = sorted({str(row["name_a"]) for row in pairs} - {"(y)", "(z)"})
            index = {name: i for i, name in enumerate(["(y)", "(z)", *others])}
            means, covariance = np.full(len(index), math.nan), np.full((len(index),) * 2, math.nan)
            for row in pairs:
                i, j = index[str(row["name_a"])], index[str(row["name_b"])]
                means[i], means[j] = _number(row["mean_a"]), _number(row["mean_b"])
                covariance[i, j] = covariance[j, i] = _number(row["covariance"])
            joint = JointMoments(int(pairs[0]["n"]), means, covariance)
            tables.joint_strata.setdefault(key, {}).setdefault(arm, {})[stratum] = joint
            known = tables.joint.setdefault(key, {}).get(arm)
            tables.joint[key][arm] = (others, joint if known is None else known[1].merged(joint))


def _read_products(tables: Tables, rows: list[dict[str, Any]]) -> None:
    own = [row for row in rows if is_missing(row.get("arm_b")) or row["arm_b"] == row["arm"]]
    for row in own:
        arms = tables.products.setdefault(_key(row), {})
        if str(row["arm"]) not in arms:
            nothing = np.full(len(PRODUCTS), math.nan), np.full((len(PRODUCTS),) * 2, math.nan)
            arms[str(row["arm"])] = ClusterProducts(int(row["n"]), *nothing)
        found = arms[str(row["arm"])]
        i, j = PRODUCTS.index(str(row["name_a"])), PRODUCTS.index(str(row["name_b"]))
        found.means[i], found.means[j] = _number(row["mean_a"]), _number(row["mean_b"])
        found.covariance[i, j] = found.covariance[j, i] = _number(row["covariance"])
    # Of clusters that an arm shares with the control.
    for row in rows:
        if is_missing(row.get("arm_b")) or row["arm_b"] == row["arm"]:
            continue
        arms, n = tables.products.get(_key(row), {}), int(row["n"])
        if str(row["arm"]) in arms:
            found = replace(arms[str(row["arm"])], n_shared=n)
            arms[str(row["arm"])] = found
            i, j = PRODUCTS.index(str(row["name_a"])), PRODUCTS.index(str(row["name_b"]))
            within = 0.0 if n == 1 else (n - 1) * _number(row["covariance"])
            found.cross[i, j] = within + n * _number(row["mean_a"]) * _number(row["mean_b"])


def records(table: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Rows as dictionaries of plain values, put together from columns: `to_dict("records")` takes thrice as long."""
    if table is None:
        return []
    columns = ([None if v is pd.NA else v for v in _values(table[name])] for name in table)
    return [dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _values(column: pd.Series) -> list[Any]:
    """As `tolist`, which takes texts out of Arrow one by one."""
    values: list[Any] = (column.to_numpy(object) if isinstance(column.dtype, pd.StringDtype) else column).tolist()
    return values


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["experiment_id"]), str(row["metric_id"])


def _number(value: Any) -> float:
    return math.nan if is_missing(value) else float(value)


def _count(value: Any) -> int:
    return 0 if is_missing(value) else int(value)


def _moments(row: Mapping[str, Any]) -> UnitMoments:
    values = {k: _number(row.get(k)) for k in MOMENTS if k != "n"}
    units, unknown, both = (_count(row.get(k)) for k in ("n_units", "n_unknown", "n_shared"))
    shared = Shared()
    if both:
        sums = (_number(row[f"shared_{pair}"]) for pair in ("yy", "yz", "zy", "zz"))
        shared = Shared(both, _number(row["shared_centre"]), *sums)
    leverage = Leverage(*(_number(row.get(f"leverage_{f.name}")) for f in fields(Leverage)))
    return UnitMoments(n=int(row["n"]), **values, n_units=units, n_unknown=unknown, shared=shared, leverage=leverage)


def read_unknown(catalogue: dict[str, dict[str, Any]], past: pd.DataFrame | None) -> Tables:
    """Only the metrics, and what is not known of each arm by `moments_past`."""
    tables = Tables(catalogue, *({} for _ in range(len(fields(Tables)) - 1)))
    _read_unknown(tables, records(past))
    return tables


def _read_unknown(tables: Tables, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        if not is_missing(row.get("mean_values")):
            tables.unknown.setdefault(_key(row), {})[str(row["arm"])] = _unknown(row)
            tables.paired[_key(row)] = bool(row["is_paired"])


def _unknown(row: Mapping[str, Any]) -> UnitMoments:
    return UnitMoments(
        n=int(row["n_observed"]),
        mean_y=_number(row["mean_unknown"]),
        var_y=_number(row["var_unknown"]),
        mean_z=_number(row["mean_values"]),
        var_z=_number(row["var_values"]),
        cov_yz=_number(row["cov_unknown_values"]),
        n_units=_count(row.get("n_units")),
    )


def write_table(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as typed Arrow, with nine significant digits, or six far out in a tail.

    Engines add in an order that differs from run to run, which moves the last of sixteen digits; a run that is repeated
    must end in the same table. In a tail the moved digit counts for more: thirty standard errors out, a thousand times.
    """

    def column(name: str, kind: pa.DataType) -> pa.Array:
        values = [row[name] for row in rows]
        if kind == pa.float64():
            values = [v if v is None or v == 0 else _rounded(v) for v in values]
        return pa.array(values, kind)

    return pa.Table.from_arrays([column(f.name, f.type) for f in schema], schema=schema)


def _rounded(value: float) -> float:
    # To twelve digits first: sums of cents end in an exact half, which the sixteenth digit would tip to either side.
    value = float(f"{value:.11e}")
    return float(f"{value:.5e}" if abs(value) < 1e-30 else f"{value:.8e}")
