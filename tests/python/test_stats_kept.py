"""A Python model gives its last result again where nothing that it is made from has changed, and only there."""

import ast
import datetime as dt
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import ai_impact_stats
from ai_impact.python_models import Session
from ai_impact_stats.io import kept
from ai_impact_stats.io.kept import code, content, key_of, last_result, with_key

ROOT = Path(__file__).resolve().parents[2]
MODELS = sorted(path for folder in ("python_models", "models") for path in (ROOT / folder).rglob("*.py"))
cells = st.tuples(
    st.none() | st.sampled_from(["", "NULL", "nan", 'a"b', "a,b", "a\nb", "1"]),
    st.none() | st.floats(allow_nan=False) | st.sampled_from([0.1 + 0.2, 0.3]),
    st.none() | st.integers(-5, 5),
    st.none() | st.booleans(),
)


def table(rows: list[tuple]) -> pa.Table:
    kinds = {"text": pa.string(), "double": pa.float64(), "whole": pa.int64(), "flag": pa.bool_()}
    return pa.table({name: pa.array([r[i] for r in rows], kind) for i, (name, kind) in enumerate(kinds.items())})


@given(st.lists(cells, max_size=6).flatmap(lambda rows: st.tuples(st.just(rows), st.permutations(rows))))
def test_the_order_of_rows_does_not_count(both):
    rows, shuffled = both
    assert content(table(rows)) == content(table(shuffled))


@given(st.lists(cells, max_size=4), st.lists(cells, max_size=4))
def test_other_rows_are_another_content(some, others):
    same = sorted(map(repr, some)) == sorted(map(repr, others))
    # Minus zero is written as such, but sorts like zero.
    assert (content(table(some)) == content(table(others))) == same or "-0.0" in repr((some, others))


@pytest.mark.parametrize(
    "other",
    [
        {"x": [1, 2, 2]},
        {"x": [1, None]},
        {"x": [1.0, 2.0]},
        {"x": ["1", "2"]},
        {"y": [1, 2]},
        {"x": [1, 2], "y": [None, None]},
        {"x": [dt.date(2026, 1, 1), dt.date(2026, 1, 2)]},
        {"x": []},
    ],
)
def test_names_types_and_copies_count(other):
    assert content(pa.table(other)) != content(pa.table({"x": [1, 2]}))


def test_a_key_says_function_tables_and_options():
    one, two = pa.table({"x": [1]}), pa.table({"x": [2]})
    keys = [
        key_of("f", {"a": one, "b": two}, {}),
        key_of("g", {"a": one, "b": two}, {}),
        key_of("f", {"a": two, "b": one}, {}),
        key_of("f", {"a": one, "c": two}, {}),
        key_of("f", {"a": one}, {}),
        key_of("f", {"a": one, "b": None}, {}),
        key_of("f", {"a": one, "b": two}, {"level": 0.95}),
        key_of("f", {"a": one, "b": two}, {"level": 0.9}),
    ]
    assert len({*keys}) == len(keys)
    assert key_of("f", {"b": two, "a": one}, {}) == keys[0]


def test_a_key_says_the_code_and_its_libraries(tmp_path, monkeypatch):
    """Other code, even in a comment, computes anew, and so does another version of what it computes with."""
    package = tmp_path / "package"
    shutil.copytree(Path(ai_impact_stats.__file__).parent, package)
    found = []

    def look() -> None:
        code.cache_clear()
        found.append(code())

    monkeypatch.setattr(kept, "files", lambda name: package)
    look()
    (package / "impact/calibration.py").write_text((package / "impact/calibration.py").read_text() + "\n")
    look()
    (package / "impact/calibration.py").rename(package / "impact/curves.py")
    look()
    (package / "new.py").write_text("")
    look()
    for library in kept.LIBRARIES:
        monkeypatch.setattr(kept, "_version", lambda name, changed=library: "0" if name == changed else "1")
        look()
    assert len({*found}) == len(found) == 4 + len(kept.LIBRARIES)
    code.cache_clear()
    look()
    assert found[-1] == found[-2]
    code.cache_clear()


def test_the_libraries_are_all_that_is_imported():
    names = {"sklearn": "scikit-learn"}
    imported = set()
    for path in Path(ai_impact_stats.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [getattr(node, "module", None)]
            if isinstance(node, ast.Import) or (isinstance(node, ast.ImportFrom) and not node.level):
                imported |= {m.partition(".")[0] for m in modules}
    imported -= {*sys.stdlib_module_names, "ai_impact_stats"}
    # Neither changes a number: one limits threads, the other has the types that Snowflake takes.
    assert {names.get(name, name) for name in imported} - {"threadpoolctl", "snowflake"} == {*kept.LIBRARIES}


RESULT = pa.table(
    {"name": ["b", None, ""], "value": [0.1 + 0.2, None, -0.0], "n": [2**62, None, 0], "is_it": [True, None, False]}
)


@pytest.fixture
def connection():
    with duckdb.connect() as found:
        yield found


def held(connection, key: str):
    return last_result(SimpleNamespace(this='"memory"."main"."it"'), connection, key)


def test_a_result_is_given_again_as_it_was(connection):
    connection.register("computed", with_key(RESULT, "k"))
    connection.execute("create table it as select * from computed")
    assert held(connection, "k").cast(with_key(RESULT, "k").schema).equals(with_key(RESULT, "k"))
    assert held(connection, "other") is None


@pytest.mark.parametrize(
    "it",
    [
        "select 1 as other_column",
        "select 1 as x, 'k' as input_hash where false",
        "from (values (1, 'k'), (2, null)) as v (x, input_hash)",
        "from (values (1, 'k'), (2, 'j')) as v (x, input_hash)",
    ],
    ids=["of an older version", "without rows", "of unknown rows", "of two runs"],
)
def test_what_is_not_known_to_be_current_is_computed(connection, it):
    connection.execute(f"create table it as {it}")
    assert held(connection, "k") is None


def test_the_first_run_goes_on_in_its_transaction(connection):
    connection.execute("begin")
    connection.execute("create table beside as select 1 as x")
    assert held(connection, "k") is None
    connection.execute("create table it as select 2 as x")
    connection.execute("commit")
    assert connection.execute("select (select x from it), (select x from beside)").fetchone() == (2, 1)


def test_it_is_read_on_an_engine_without_python_too(connection):
    """As `ai-impact estimate` reads it, from a cursor."""
    connection.register("computed", with_key(RESULT, "k"))
    connection.execute("create table it as select * from computed")
    adapter = SimpleNamespace(connections=SimpleNamespace(add_query=lambda sql: (None, connection.execute(sql))))
    found = last_result(SimpleNamespace(this="it"), Session(adapter), "k")
    assert found.to_pylist() == with_key(RESULT, "k").to_pylist()
    assert last_result(SimpleNamespace(this="it"), Session(adapter), "j") is None


class Frame:
    """As Spark's: what is collected can be made into a frame again."""

    schema = "its schema"

    def __init__(self, rows):
        self.rows = rows

    def collect(self):
        return self.rows


def test_it_is_read_before_spark_overwrites_it():
    rows = [{"x": 1, "input_hash": "k"}]
    session = SimpleNamespace(sql=lambda sql: Frame(rows), createDataFrame=lambda rows, schema: (rows, schema))
    assert last_result(SimpleNamespace(this="it"), session, "k") == (rows, "its schema")
    assert last_result(SimpleNamespace(this="it"), session, "j") is None


class Run:
    """A Python model run over tables of this test, in a database of its own; `computed` counts its computations."""

    def __init__(self, path: Path, connection, monkeypatch):
        self.model = runpy.run_path(str(path))["model"]
        self.connection, self.computed, self.level = connection, 0, 0.95
        self.tables = {node.args[1].value: pa.table({"x": [1, 2]}) for node in refs(path)}
        monkeypatch.setattr(ai_impact_stats, "calculate", self.calculate)

    def calculate(self, name, tables, options):
        self.computed += 1
        return pa.table({"times": [self.computed]})

    def __call__(self) -> int:
        config = SimpleNamespace(get=lambda name: self.level)
        dbt = SimpleNamespace(ref=lambda _, name: self.tables[name], config=config, this='"memory"."main"."it"')
        computed = self.model(dbt, self.connection)
        self.connection.register("computed", computed)
        self.connection.execute("create or replace table it as select * from computed")
        assert self.connection.sql("select times from it").fetchone() == (self.computed,)
        return self.computed


def refs(path: Path) -> list[ast.Call]:
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    return [call for call in calls if getattr(call.func, "attr", None) == "ref"]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_each_model_computes_again_when_any_table_that_it_reads_changes(path, connection, monkeypatch):
    run = Run(path, connection, monkeypatch)
    assert (run(), run()) == (1, 1)
    for n, name in enumerate(run.tables):
        run.tables[name] = pa.table({"x": [1, 3]})
        assert (run(), run()) == (n + 2, n + 2), name
        run.tables[name] = pa.table({"x": [3, 1]})
        assert run() == n + 2, name


def test_claims_compute_again_for_another_level(connection, monkeypatch):
    run = Run(next(path for path in MODELS if path.stem == "claim_results"), connection, monkeypatch)
    assert (run(), run()) == (1, 1)
    run.level = 0.9
    assert (run(), run()) == (2, 2)


def test_the_test_would_see_a_table_that_the_hash_leaves_out(connection, monkeypatch):
    whole = ai_impact_stats.key_of
    without = lambda name, tables, options: whole(name, {t: v for t, v in tables.items() if t != "paths"}, options)  # noqa: E731
    monkeypatch.setattr(ai_impact_stats, "key_of", without)
    run = Run(next(path for path in MODELS if path.stem == "channel_credits"), connection, monkeypatch)
    assert run() == 1
    run.tables["moments_channel_paths"] = pa.table({"x": [1, 3]})
    assert run() == 1


def test_a_table_from_afar_is_fetched_once(connection, monkeypatch):
    class Far:
        times = 0

        def toPandas(self):  # noqa: N802
            Far.times += 1
            return pd.DataFrame({"x": [1]})

    monkeypatch.setattr(ai_impact_stats, "calculate", lambda name, tables, options: pa.table({"n": [len(tables["a"])]}))
    found = ai_impact_stats.result("f", {"a": Far(), "b": None}, SimpleNamespace(this="it"), connection)
    assert (Far.times, found["n"].to_pylist()) == (1, [1])


THREADS = """
import threading, duckdb, pyarrow as pa
from types import SimpleNamespace
import ai_impact_stats as stats
import sys
assert not {"pandas", "scipy", "sklearn", "statsmodels"} & {*sys.modules}
names = [*stats.FUNCTIONS, "estimates", "checks"]
failed = []

def run(name, reused):
    with duckdb.connect() as con:
        dbt = SimpleNamespace(this="it")
        try:
            tables = {"nothing": con.sql("select 1 as x")}
            if reused:
                held = stats.with_key(pa.table({"y": [1.0]}), stats.key_of(name, tables, {}))
                con.register("held", held)
                con.execute("create table it as select * from held")
                con.register("again", stats.result(name, tables, dbt, con))
                assert con.sql("select y from again").fetchall() == [(1.0,)]
            else:
                stats.result(name, tables, dbt, con)
        except (TypeError, LookupError):
            assert not reused  # There is no such argument: what counts is that the function was found.
        except Exception as error:
            failed.append(repr(error))

threads = [threading.Thread(target=run, args=(name, reused)) for name in names for reused in (False, True)]
[t.start() for t in threads]
[t.join() for t in threads]
assert not failed, failed
"""


def test_models_that_compute_and_models_that_do_not_start_at_once():
    """The statistics are imported when the first of them computes, while others read and write."""
    subprocess.run([sys.executable, "-c", THREADS], env={"PYTHONPATH": str(ROOT / "src")}, check=True, timeout=300)
