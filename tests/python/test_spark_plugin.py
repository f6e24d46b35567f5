"""The plugin that lets dbt-spark's method `session` run this project: what it adds, what it says when it can't."""

import os
import re
import sys
from decimal import Decimal
from types import SimpleNamespace

import pytest
from engines import MissingError, Sail
from engines.postgres import free_port

pytest.importorskip("dbt.adapters.spark", reason="dbt-spark is not installed: run pip install '.[sail]'")
pytest.importorskip("pyspark", reason="pyspark is not installed: run pip install '.[sail]'")

from dbt.adapters.exceptions import FailedToConnectError
from dbt_common.exceptions import DbtRuntimeError

from dbt_ai_impact_spark import session as plugin

pytestmark = [pytest.mark.engines, pytest.mark.xdist_group("sail")]
MODEL = """
import ai_impact_stats

def model(dbt, session):
    return None
"""


@pytest.fixture(scope="module")
def sail(tmp_path_factory):
    """A server without tables."""
    engine = Sail(tmp_path_factory.mktemp("sail"))
    try:
        engine.start()
        yield engine
    except MissingError as missing:
        if os.environ.get("AI_IMPACT_ENGINES") == "required":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    finally:
        engine.stop()


@pytest.fixture
def helper(monkeypatch):
    monkeypatch.setattr(plugin, "open_session", lambda credential: None)
    return plugin.SessionPythonJobHelper({"name": "estimates"}, SimpleNamespace())


def test_the_statistics_are_not_installed(helper, monkeypatch):
    monkeypatch.setitem(sys.modules, "ai_impact_stats", None)
    with pytest.raises(DbtRuntimeError) as said:
        helper.submit(MODEL)
    assert (
        "The Python model estimates can't import ai_impact_stats, which is not installed where dbt runs: "
        "install the project's wheel there (pip install ai_impact_stats-*.whl), then run this again."
    ) in str(said.value)


def test_a_model_that_fails_names_its_line(helper):
    with pytest.raises(DbtRuntimeError, match=r"estimates failed with ZeroDivisionError: .*<python model estimates>:2"):
        helper.submit("x = 0\n1 / x\n")


def test_a_model_runs_with_the_session(helper, monkeypatch):
    seen = []
    monkeypatch.setattr(plugin, "open_session", lambda credential: seen)
    helper.submit("spark.append(1)")
    assert seen == [1]


def test_another_version_of_pyspark(monkeypatch):
    monkeypatch.setattr(plugin.pyspark, "__version__", "4.3.0")
    with pytest.raises(FailedToConnectError) as said:
        plugin.compare_versions("sc://127.0.0.1:50051", "4.1.4")
    assert (
        "The server at sc://127.0.0.1:50051 speaks Spark 4.1, and pyspark here is 4.3.0: "
        'install the same version (pip install "pyspark-client==4.1.*").'
    ) in str(said.value)
    plugin.compare_versions("sc://127.0.0.1:50051", "4.3.2")


def test_dbt_with_another_version_of_pyspark(sail, tmp_path, monkeypatch):
    """The whole way: a real server of one version, dbt with a client that calls itself another."""
    (tmp_path / "sitecustomize.py").write_text("import pyspark\npyspark.__version__ = '4.3.0'\n")
    variables = Sail.variables
    monkeypatch.setattr(
        Sail,
        "variables",
        lambda self: (v := variables(self)) | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{v['PYTHONPATH']}"},
    )
    said = sail.dbt("run", succeeds=False).split("Encountered an error:")[1]
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.strip().endswith(" Error")]
    assert lines == [
        f"The server at {sail.environment['SPARK_REMOTE']} speaks Spark 4.1, and pyspark here is 4.3.0: "
        'install the same version (pip install "pyspark-client==4.1.*").'
    ]


def test_a_server_that_is_not_there(sail):
    port = free_port()
    sail_of_nobody = Sail(sail.folder)
    sail_of_nobody.environment = {**sail.environment, "SPARK_REMOTE": f"sc://127.0.0.1:{port}"}
    said = sail_of_nobody.dbt("run", succeeds=False)
    assert re.search(
        rf"No Spark server answers at 127\.0\.0\.1:{port} \(.*\): start it \(for Sail: .*--port {port}\)", said
    )


def test_the_plugin_is_not_installed(sail, tmp_path, monkeypatch):
    module = tmp_path / "dbt_ai_impact_spark"
    module.mkdir()
    (module / "__init__.py").write_text("plugins = []\n")
    variables = Sail.variables
    monkeypatch.setattr(
        Sail,
        "variables",
        lambda self: (v := variables(self)) | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{v['PYTHONPATH']}"},
    )
    said = sail.dbt("run", succeeds=False)
    assert "dbt-spark can't run Python models without ai_impact's plugin. Install the package ai-impact-stats" in said


def test_tables_are_found_again_by_another_session(sail):
    """Sail forgets its tables with the session; their files stay."""
    sail.query(f"create schema if not exists kept location '{sail.environment['AI_IMPACT_SPARK_WAREHOUSE']}/kept'")
    sail.query("create or replace table kept.numbers using delta as select 1 as n, cast(null as string) as word")
    later = Sail(sail.folder)
    later.environment = {
        **sail.environment, "SPARK_REMOTE": re.sub(r"/;session_id=.*", "", sail.environment["SPARK_REMOTE"])
    }  # fmt: skip
    said = later.dbt("--quiet", "show", "--inline", "select n + 41 as answer from kept.numbers", "--output", "json")
    assert '"answer": 42' in said


@pytest.mark.parametrize(
    ("value", "sql"),
    [(None, "null"), (True, "True"), (3, "3"), (Decimal("0.10"), "0.10"), ("it's", r"'it\'s'"), ("a\\b", r"'a\\b'")],
)
def test_values_of_seeds(value, sql):
    assert plugin.literal(value) == sql


@pytest.mark.parametrize(
    ("sql", "head"),
    [
        ('/* {} */ create or replace table a.b\n using delta options (x "y") as\nselect 1 as n', "a.b"),
        ("create table a.c using delta location '/x' as with t as (select 1 as n) select * from t", "a.c"),
        ("merge into a.b as d using s as s on true", None),
        ("create or replace temporary view v as select 1 as n", None),
        ("insert into a.b select 1 as n", None),
    ],
)
def test_which_statements_are_cut_in_two(sql, head):
    found = plugin.CREATE_AS.match(sql)
    assert (found is None) == (head is None)
    if found:
        assert head in found[1] and " as " not in found[1]
        assert found[2].strip().startswith(("select 1", "with t"))
