"""The results of one design alone, from tables of moments that a test makes."""

from typing import Any

import pandas as pd
import pyarrow as pa

from ai_impact_stats.designs import Comparison, Geo, Matched, Rollouts, Series, reads, results
from ai_impact_stats.designs.design import Design
from ai_impact_stats.designs.rows import check_row
from ai_impact_stats.io.inputs import Inputs
from ai_impact_stats.io.schemas import CHECKS
from ai_impact_stats.io.tables import write_table

FURTHER = {
    "quantile_points": "moments_quantile_points",
    "quantile_bins": "moments_quantiles",
    "covariances": "moments_covariances",
    "covariate_cells": "moments_covariate_cells",
    "products": "moments_cluster_products",
    "weeks": "moments_weeks",
    "cluster_weeks": "moments_cluster_weeks",
    "past": "moments_past",
    "starts": "moments_start_counts",
    "neighbours": "moments_neighbours",
    "losses": "moments_losses",
    "groups": "moments_groups",
    "reach": "moments_reach",
}


def of(design: Design, result: str, registry: pd.DataFrame, metrics: pd.DataFrame, **tables: Any) -> pa.Table:
    given = {"int_experiments": registry, "int_metric_catalog": metrics, **tables}
    return results(result, dict.fromkeys(reads(result)) | given, [design])


def own_checks(design: Design, registry: pd.DataFrame, metrics: pd.DataFrame, **tables: Any) -> list[dict]:
    """Without those that every experiment has."""
    given = {"int_experiments": registry, "int_metric_catalog": metrics, **tables}
    inputs = Inputs(dict.fromkeys(reads("checks")) | given)
    return [
        check_row(experiment, name, check)
        for experiment in inputs.experiments
        if design.takes(experiment)
        for name, check in design.diagnose(experiment, inputs).items()
    ]


def compared(result: str, registry, metrics, moments, counts, **further) -> pa.Table:
    tables = {FURTHER[name]: table for name, table in further.items()}
    tables |= {"moments_unit_metrics": moments, "moments_arm_counts": counts}
    return of(Comparison(), result, registry, metrics, **tables)


def estimate_experiments(*args, **further) -> pa.Table:
    return compared("estimates", *args, **further)


def check_experiments(*args, **further) -> pa.Table:
    return compared("checks", *args, **further)


def balance_experiments(*args, **further) -> pa.Table:
    return compared("balance", *args, **further)


def plan_experiments(*args, **further) -> pa.Table:
    return compared("plans", *args, **further)


def rollout_tables(moments, clusters=None, panels=None) -> dict:
    return {"moments_cohort_periods": moments, "moments_cohort_clusters": clusters, "int_geo_panels": panels}


def estimate_rollouts(registry, metrics, moments, clusters=None, left_out=None, panels=None, past=None) -> pa.Table:
    tables = rollout_tables(moments, clusters, panels) | {"moments_left_out": left_out, "moments_past": past}
    return of(Rollouts(), "estimates", registry, metrics, **tables)


def study_rollouts(registry, moments, clusters=None) -> pa.Table:
    return of(Rollouts(), "event_study", registry, None, **rollout_tables(moments, clusters))


def check_rollouts(registry, moments, clusters=None, panels=None) -> list[dict]:
    return own_checks(Rollouts(), registry, None, **rollout_tables(moments, clusters, panels))


def estimate_matched(registry, metrics, cells, sample=None, left_out=None, past=None) -> pa.Table:
    tables = {"moments_matched_cells": cells, "int_matched_sample": sample}
    tables |= {"moments_left_out": left_out, "moments_past": past}
    return of(Matched(), "estimates", registry, metrics, **tables)


def balance_matched(registry, metrics, cells) -> pa.Table:
    return of(Matched(), "balance", registry, metrics, moments_matched_cells=cells)


def check_matched(registry, metrics, cells, sample=None) -> list[dict]:
    return own_checks(Matched(), registry, metrics, moments_matched_cells=cells, int_matched_sample=sample)


def estimate_geo(registry, metrics, panels, left_out=None, past=None) -> pa.Table:
    tables = {"int_geo_panels": panels, "moments_left_out": left_out, "moments_past": past}
    return of(Geo(), "estimates", registry, metrics, **tables)


def check_geo(registry, metrics, panels) -> list[dict]:
    return own_checks(Geo(), registry, metrics, int_geo_panels=panels)


def counterfactuals_geo(registry, metrics, panels) -> pa.Table:
    return of(Geo(), "counterfactuals", registry, metrics, int_geo_panels=panels)


def estimate_series(registry, metrics, dated) -> pa.Table:
    return of(Series(), "estimates", registry, metrics, moments_series=dated)


def check_series(registry, metrics, dated) -> pa.Table:
    return write_table(own_checks(Series(), registry, metrics, moments_series=dated), CHECKS)


def counterfactuals(registry, metrics, dated) -> pa.Table:
    return of(Series(), "counterfactuals", registry, metrics, moments_series=dated)
