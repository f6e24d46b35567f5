"""What a dbt project has built, read through dbt's own adapter: what the commands that write reports share."""

from collections.abc import Sequence
from typing import Any

from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

Rows = list[dict[str, Any]]
QUIET = ("--no-use-colors", "--log-level", "none", "--no-send-anonymous-usage-stats")
PACKAGE = "ai_impact"
# The windows of a KPI, the one that says most first: on the first days there is no other than a day.
GRAINS = {"rolling_90d": "90 days", "rolling_365d": "365 days", "month": "a month", "week": "a week", "day": "a day"}


def of_best_window(values: Rows) -> Rows:
    """Of newest rows of report_kpis one per KPI, use case and team: of the window that the KPI is judged by, or else of
    the one that says most."""
    best: dict[tuple, tuple[int, dict[str, Any]]] = {}
    for row in values:
        if row["period_grain"] in GRAINS:
            own = row["period_grain"] == f"rolling_{row['window_days']}d"
            rank = -1 if own else list(GRAINS).index(row["period_grain"])
            key = (row["kpi_id"], row["use_case_id"], row["team_id"])
            best[key] = min(best.get(key, (rank, row)), (rank, row), key=lambda each: each[0])
    return [row for _, row in best.values()]


def runner(**how: Any) -> Any:
    """dbt, to be invoked in this process. Raises a ProblemError where it is not installed."""
    try:
        from dbt.cli.main import dbtRunner
    except ModuleNotFoundError as missing:
        raise ProblemError(
            f"dbt is not installed beside this command ({missing}): install it with the adapter of your "
            "warehouse, for example dbt-duckdb, then run this again."
        ) from missing
    return dbtRunner(**how)


class Warehouse:
    """The project as dbt parses it, and the relations of its target. Use it within `with`: that is its connection."""

    def __init__(self, options: Sequence[str]) -> None:
        """`options` are those of dbt parse. Raises a ProblemError."""
        parsed = runner().invoke([*QUIET, "parse", *options])
        if not parsed.success:
            message = str(parsed.exception)
            raise ProblemError(engine_sentence(message) or dbt_sentence(message))
        from dbt.adapters.factory import get_adapter_by_type

        self.manifest: Any = parsed.result
        self.adapter: Any = get_adapter_by_type(self.manifest.metadata.adapter_type)
        from ai_impact_stats import __version__
        from ai_impact_stats.io.versions import check

        try:
            check(self.adapter.config, __version__)
        except RuntimeError as other:
            raise ProblemError(str(other)) from other
        nodes = [*self.manifest.nodes.values(), *self.manifest.exposures.values()]
        own = [node for node in nodes if node.package_name == PACKAGE]
        self.models = {node.name: node for node in own if node.resource_type == "model"}
        # Of a part that a var switches off.
        self.off = {node.name for found in self.manifest.disabled.values() for node in found} - {*self.models}
        self.exposures = {node.name: node for node in own if node.resource_type == "exposure"}
        self.sources = {
            node.name: node
            for node in self.manifest.sources.values()
            if node.package_name == PACKAGE and node.source_name == PACKAGE
        }
        # Of what a var puts in the place of a seed, the node that it names.
        given = {name: node.depends_on.nodes for name, node in self.models.items() if node.alias == f"{PACKAGE}_{name}"}
        # Where each is read from: what its staging depends on, which a var may say is a model.
        known = {**self.manifest.nodes, **self.manifest.sources}
        self.raw = {
            name: known[(self.models[f"base_{name}"].depends_on.nodes or [node.unique_id])[0]]
            for name, node in self.sources.items()
        }
        self.seeds = {node.name: node for node in own if node.resource_type == "seed"}
        self.seeds |= {name: known[nodes[0]] for name, nodes in given.items() if nodes}

    def __enter__(self) -> "Warehouse":
        self._open = self.adapter.connection_named("ai_impact")
        try:
            self._open.__enter__()
        except Exception as error:
            raise ProblemError(engine_sentence(str(error)) or dbt_sentence(str(error))) from error
        return self

    def __exit__(self, *error: Any) -> None:
        self._open.__exit__(*error)

    def rows(self, sql: str) -> Rows:
        """The rows of a query, by column name in small letters; its error as a ProblemError."""
        try:
            _, cursor = self.adapter.connections.add_query(sql, auto_begin=False)
            columns = [column[0].lower() for column in cursor.description]
            return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
        except Exception as error:
            raise ProblemError(engine_sentence(str(error)) or dbt_sentence(str(error))) from error

    def read(self, name: str, kept: str = "", what: str = "*") -> Rows:
        """The rows of a model or seed, with what follows `from`. Says what to build where it can't be read."""
        if name in self.off and name not in self.seeds:
            return []
        node = self.models.get(name) or self.seeds[name]
        try:
            return self.rows(f"select {what} from {node.relation_name} {kept}")
        except ProblemError as problem:
            raise ProblemError(
                f"{name} can't be read: {problem} Run dbt build --select {name}, then run this again."
            ) from problem

    def columns(self, node: Any) -> list[str]:
        """The columns of a model's, seed's or source's relation, in small letters; none where it does not exist."""
        try:
            relation = self.adapter.get_relation(database=node.database, schema=node.schema, identifier=node.identifier)
            found = self.adapter.get_columns_in_relation(relation) if relation else []
        except Exception as error:
            raise ProblemError(engine_sentence(str(error)) or dbt_sentence(str(error))) from error
        return [column.name.lower() for column in found]

    def macro(self, name: str, /, **arguments: Any) -> Any:
        """What a macro of ai_impact returns, by the vars of the project."""
        try:
            return self.adapter.execute_macro(name, project=PACKAGE, kwargs=arguments)
        except Exception as error:
            raise ProblemError(engine_sentence(str(error)) or dbt_sentence(str(error))) from error
