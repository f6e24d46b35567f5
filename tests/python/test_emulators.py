"""Cloud warehouses without a cloud: BigQuery and Snowflake on emulators, five dialects compiled and parsed.

What an emulator gets wrong is listed here by name, with the reason, and must still be wrong: the lists can't rot.
"""

import json
import os
import re
import subprocess
from dataclasses import dataclass

import pytest
from engines import MissingError
from engines.base import RECORDS, ROOT
from engines.compare import TOLERANCE, Table, differences, plain, without
from engines.emulators import HERE, BigQuery, Snowflake, python_of, versions_of
from test_parity import is_mart
from test_portable_macros import CASES, CASTS, ROWS, equal

pytestmark = pytest.mark.emulators
ONLY_MODELS = ("--exclude-resource-type", "test", "unit_test")

# Nodes that don't build, and why.
NOT_BUILT: dict[str, dict[str, str]] = {"bigquery": {}, "snowflake": {}}


@dataclass(frozen=True)
class Otherwise:
    """How a mart differs from DuckDB's: in some columns wholly, or in the last digits of its numbers."""

    why: str
    columns: tuple[str, ...] = ()
    relative: float = TOLERANCE
    absolute: float = 0


# Marts that differ from DuckDB's; in all else they must be equal.
OF_A_ROW = ("original_row", "quarantine_key", "event_key")
NUMERIC = "sums go through NUMERIC(38, 9), of which the emulator keeps three digits"
THREE_DIGITS = Otherwise(NUMERIC, relative=1e-2, absolute=1e-2)
# A few shares are summed with an error of a thousandth each, and told in percent; of their squares nothing is left.
OF_SHARES = Otherwise(NUMERIC, ("ci_low", "ci_high"), relative=5e-2, absolute=0.2)
OF_MONEY = Otherwise(NUMERIC, relative=1e-2, absolute=5)
NOT_EQUAL: dict[str, dict[str, Otherwise]] = {
    "bigquery": {
        "event_quarantine": Otherwise("a hash inside of to_json_string comes out as its raw bytes", OF_A_ROW),
        "kpi_values": OF_SHARES,
        **dict.fromkeys(("roi_results", "roi_summary", "roi_bridge"), OF_MONEY),
        **dict.fromkeys(
            (
                *("claim_kpis", "claim_results", "impact_claims", "human_delta", "impact_estimates"),
                *("estimate_agreement", "experiment_health", "experiment_plan", "roi_candidates", "roi_costs"),
                *("roi_distribution", "roi_effects", "roi_overlaps", "roi_sensitivity", "roi_volumes"),
                *("revenue_projection", "roi_run_rates"),
            ),
            THREE_DIGITS,
        ),
    },
    "snowflake": {
        "event_quarantine": Otherwise(
            "an object's members have no order, so a row's JSON, and the keys made of it, are others", OF_A_ROW
        )
    },
}
# Macros that give something else than on the other engines, and why.
OTHER_MACROS: dict[str, dict[str, str]] = {
    "bigquery": {"latest": "its translator can't read ignore nulls with two orders and a limit; no model has two"},
    "snowflake": {
        "latest": "its array_agg keeps NULL, which Snowflake's leaves out; no model has two orders",
        "array_at": "an element that is a text comes back as JSON; models have arrays of numbers only",
    },
}


def start(kind, folder):
    engine = kind(folder)
    try:
        engine.start()
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    return engine


@pytest.fixture(scope="module", params=[BigQuery, Snowflake], ids=lambda kind: kind.name)
def emulator(request, tmp_path_factory, company, in_the_background):
    """It, with the demo company built; `failed` are the nodes that did not build."""
    engine = start(request.param, tmp_path_factory.mktemp(request.param.name))
    try:
        engine.load(company)
        engine.built = engine.dbt("build", *ONLY_MODELS, succeeds=not NOT_BUILT[engine.name])
        results = json.loads((engine.folder / "target/run_results.json").read_text())["results"]
        engine.failed = {r["unique_id"].split(".")[2] for r in results if r["status"] not in ("success", "no-op")}
        yield engine
    finally:
        engine.stop()


def test_every_model_builds(emulator):
    assert emulator.failed == {*NOT_BUILT[emulator.name]}, emulator.built[-3000:]


def test_marts_equal_those_of_duckdb(emulator, embedded):
    marts = [node["name"] for node in embedded.nodes() if is_mart(node["original_file_path"])]
    found, further, rows = {}, [], 0
    for name in sorted({*marts} - emulator.failed):
        expected, table = embedded.table(name), emulator.table(name)
        rows += len(expected.rows)
        if lines := differences(expected, table, most=100_000):
            some = [next((line for line in lines if line.startswith(word)), "") for word in ("missing", "unexpected")]
            found[name] = [f"{len(lines)} lines differ", *some]
        if other := NOT_EQUAL[emulator.name].get(name):
            pair = [without(one, other.columns) for one in (expected, table)]
            further += [f"{name}: {line}" for line in differences(*pair, 5, other.relative, other.absolute)]
    told = "\n".join(f"{name}: {line}" for name, lines in found.items() for line in lines)
    assert {*found} == {*NOT_EQUAL[emulator.name]}, told
    assert not further, "\n".join(further)
    nearly = f", {len(found)} as far as the emulator goes" if found else ""
    equal = f"{len(marts) - len(found)} of {len(marts)} marts equal{nearly}"
    emulator.record(how="emulated", marts=len(marts), rows=rows, compared=equal)


def test_macros(emulator):
    """The cases of test_portable_macros, one query each, so that one that fails is one."""
    queries = [f"select {sql} as found from ({ROWS}) as r" for _, sql, _ in CASES]
    for logical, texts in CASTS.items():
        rows = " union all ".join(f"select '{text}' as t" for text in texts)
        queries.append(f"select t, {{{{ ai_impact.try_cast('t', '{logical}') }}}} as found from ({rows}) as texts")
    answers = iter(emulator.query_all(*emulator.compile("\n-- and --\n".join(queries)).split("-- and --")))
    wrong = []
    for (macro, sql, expected), answer in zip(CASES, answers, strict=False):
        if not isinstance(answer, Table) or not equal(plain(answer.rows[0][0]), expected):
            wrong.append((macro, f"{sql} gave {answer}, not {expected!r}"))
    for logical, answer in zip(CASTS, answers, strict=True):
        if not isinstance(answer, Table):
            wrong.append((f"try_cast to {logical}", answer))
            continue
        for text, value in answer.rows:
            if not equal(plain(value), CASTS[logical][text]):
                wrong.append((f"try_cast to {logical}", f"{text!r} gave {value!r}, not {CASTS[logical][text]!r}"))
    told = "\n".join(": ".join(map(str, line)) for line in wrong)
    assert {name for name, _ in wrong} == {*OTHER_MACROS[emulator.name]}, told


# Snowpark: a Python model as Snowflake runs it, on Snowpark's local testing.

SNOWPARK = """
import json, sys
import pandas as pd
from snowflake.snowpark import Session

model, folder = sys.argv[1:]
names = {"__name__": "model"}
exec(compile(open(model).read(), model, "exec"), names)
session = Session.builder.config("local_testing", True).create()


class Dbt:
    def config(self, **settings):
        pass

    def ref(self, package, name):
        # As Snowflake keeps them: names in upper case, timestamps without a zone.
        frame = pd.read_parquet(f"{folder}/{name}.parquet").rename(columns=str.upper)
        return session.create_dataframe(frame)


found = names["model"](Dbt(), session)
found.write.save_as_table("found", mode="overwrite")
table = session.table("found")
print(json.dumps([[f.name, type(f.datatype).__name__] for f in table.schema.fields]))
table.to_pandas().to_parquet(f"{folder}/found.parquet")
"""


def test_a_python_model_on_snowpark(embedded, tmp_path):
    """It reads and writes through Snowpark's own frames, and ends in the rows that DuckDB has."""
    import duckdb
    import pandas as pd

    try:
        python = python_of("snowflake")
    except MissingError as missing:
        pytest.skip(str(missing))
    model = "design_estimates"
    text = (ROOT / f"python_models/{model}.py").read_text()
    with duckdb.connect(str(embedded.path), read_only=True) as connection:
        for name in re.findall(r'dbt\.ref\("ai_impact", "(\w+)"\)', text):
            connection.sql(f"select * from {name}").write_parquet(str(tmp_path / f"{name}.parquet"))
    done = subprocess.run(
        [python, "-c", SNOWPARK, ROOT / f"python_models/{model}.py", tmp_path],
        **{"env": embedded.variables(), "capture_output": True, "text": True, "check": False},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    expected = embedded.table(model)
    kinds = dict(json.loads(done.stdout.splitlines()[-1]))
    assert [name.lower() for name in kinds] == expected.columns
    # Unquoted names, in which the SQL model that follows finds its columns.
    assert all(name.isupper() for name in kinds)
    assert {"StringType", "DoubleType"} <= {*kinds.values()} <= {"StringType", "DoubleType", "LongType", "BooleanType"}
    found = pd.read_parquet(tmp_path / "found.parquet").astype(object)
    rows = [tuple(None if pd.isna(v) else v for v in row) for row in found.itertuples(index=False)]
    # What it was made from is another hash in another environment.
    pair = (without(table, {"input_hash"}) for table in (expected, Table(expected.columns, rows)))
    assert not differences(*pair)


# Five dialects, compiled without a connection, as of an empty warehouse and as of one that is built, and parsed.

PROFILES = {
    "bigquery": {"method": "oauth-secrets", "token": "none", "project": "test"},
    "snowflake": {"account": "none", "user": "me", "password": "none", "database": "test", "warehouse": "none"},
    "databricks": {"host": "none", "http_path": "/sql/1.0/warehouses/none", "token": "none", "catalog": "main"},
    "redshift": {"host": "none", "user": "me", "password": "none", "dbname": "test", "port": 5439},
    "trino": {"method": "none", "host": "none", "user": "me", "database": "test", "port": 8080},
}
ENVIRONMENT = {"bigquery": "bigquery", "snowflake": "snowflake"}
# Models that a dialect's grammar can't read, and why.
NOT_PARSED: dict[str, dict[str, str]] = {
    "redshift": {"event_reconciliation": "its column raw, which the data contract names, is a reserved word there"},
    "trino": {},
}
PARSE = """
import json, sys
from pathlib import Path
from sqlfluff.core import FluffConfig, Linter

dialect, folder = sys.argv[1:]
linter = Linter(FluffConfig(overrides={"dialect": dialect, "templater": "raw", "large_file_skip_byte_limit": 0}))
found, files = {}, sorted(path for path in Path(folder).rglob("*.sql") if ".yml" not in str(path))
for path in files:
    tree = linter.parse_string(path.read_text()).tree
    parts = [""] if tree is None else [part.raw[:300] for part in tree.recursive_crawl("unparsable")]
    if parts:
        found[path.stem] = parts[0]
print(json.dumps([len(files), found]))
"""


@pytest.mark.parametrize("dialect", PROFILES)
def test_every_model_is_sql_of_its_dialect(dialect, tmp_path):
    """No segment that sqlfluff can't read. It reads filter wherever it can, so that is looked for apart."""
    try:
        environment = ENVIRONMENT.get(dialect, "adapters")
        python, parser = python_of(environment), python_of("adapters")
    except MissingError as missing:
        pytest.skip(str(missing))
    target = {"type": dialect, "schema": "ai_impact", "threads": 2, **PROFILES[dialect]}
    profiles = {"ai_impact": {"target": dialect, "outputs": {dialect: target}}}
    (tmp_path / "profiles.yml").write_text(json.dumps(profiles))
    unread = {}
    for state in ("empty", "built"):
        variables = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
            "DBT_TARGET_PATH": str(tmp_path / state),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        # Incremental models alone are compiled otherwise where there are tables.
        select = ["--select", "config.materialized:incremental"] if state == "built" else []
        settings = {"cwd": ROOT, "env": variables, "capture_output": True, "text": True, "check": False}
        compiled = subprocess.run(
            [python, HERE / "offline.py", state, dialect, "--profiles-dir", tmp_path, *select], **settings
        )
        assert compiled.returncode == 0, compiled.stdout[-3000:]
        folder = tmp_path / state / "compiled/ai_impact/models"
        parsed = subprocess.run([parser, "-c", PARSE, dialect, folder], **settings)
        assert parsed.returncode == 0, parsed.stderr[-3000:]
        count, found = json.loads(parsed.stdout)
        unread.update(found)
        models = max(count, locals().get("models", 0))
        if dialect in ENVIRONMENT:
            filters = [path.name for path in folder.rglob("*.sql") if re.search(r"\bfilter\s*\(", path.read_text())]
            assert filters == [], "this engine has no filter clause: write an aggregate of case instead"
    assert {*unread} == {*NOT_PARSED.get(dialect, {})}, "\n".join(f"{name}: {part}" for name, part in unread.items())
    record(dialect, environment, models)


def record(dialect: str, environment: str, models: int) -> None:
    """For the table in docs/engines.md; an engine that is emulated has a row of its own."""
    versions = versions_of(environment, f"dbt-{dialect}") + ", " + versions_of("adapters", "sqlfluff")
    label = {"bigquery": "BigQuery"}.get(dialect, dialect.capitalize())
    facts = {"versions": f"{label} as {versions} reads it", "how": "parsed", "models": models}
    RECORDS.mkdir(parents=True, exist_ok=True)
    (RECORDS / f"z-parsed-{dialect}.json").write_text(json.dumps(facts, indent=2) + "\n")
