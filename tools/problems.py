"""Where the warehouse is, and what DuckDB says of it, as sentences that name the thing and the fix."""

import os
from pathlib import Path

from ai_impact.sentences import warehouse_sentence

__all__ = ["default_warehouse", "warehouse_sentence"]


def default_warehouse() -> Path:
    return Path(os.environ.get("AI_IMPACT_DUCKDB_PATH") or "warehouse/ai_impact.duckdb")
