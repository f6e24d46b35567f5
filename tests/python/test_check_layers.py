"""The linter of the project's own rules must find planted violations, and must pass what is right."""

import copy
import subprocess

import pytest

from tools import check_layers

ROUTE = """
| layer | folder | what it does | reads |
|---|---|---|---|
| staging | `models/staging/` | One model per source. | sources |
| intermediate | | | staging |
| marts | | | intermediate |
| kpis | | | marts |
| moments | | | intermediate |
| python_models | | | moments |
| evidence | | | python_models |
"""

GOOD_SQL = "with a as (\n    select * from x\n),\n\nfinal as (\n    select a_id from a\n)\n\nselect * from final\n"


def node(name, path, parents=(), kind="model", **more):
    return {
        "unique_id": f"{kind}.ai_impact.{name}",
        "name": name,
        "alias": name,
        "schema": "main",
        "resource_type": kind,
        "package_name": "ai_impact",
        "original_file_path": path,
        "patch_path": f"ai_impact://{path.rsplit('.', 1)[0]}.yml",
        "language": "python" if path.endswith(".py") else "sql",
        "raw_code": GOOD_SQL,
        "columns": {"a_id": {}},
        "config": {"contract": {"enforced": True}, "materialized": "table", "group": "a"},
        "access": "public" if name in ("fct_a", "kpi_values", "estimates") else "private",
        "depends_on": {"nodes": list(parents)},
        **more,
    }


@pytest.fixture
def project(tmp_path):
    """A small project that keeps every rule."""
    nodes = [
        node("raw_a", "models/staging/sources.yml", kind="source"),
        node("stg_a", "models/staging/stg_a.sql", ["source.ai_impact.raw_a"]),
        node("int_a", "models/intermediate/int_a.sql", ["model.ai_impact.stg_a"]),
        node("fct_a", "models/marts/fct_a.sql", ["model.ai_impact.int_a"]),
        node("kpi_values", "models/kpis/kpi_values.sql", ["model.ai_impact.fct_a"]),
        node("moments_a", "models/evidence/moments/moments_a.sql", ["model.ai_impact.int_a"]),
        node("estimate_a", "python_models/estimate_a.py", ["model.ai_impact.moments_a"]),
        node("estimates", "models/evidence/estimates.sql", ["model.ai_impact.estimate_a"]),
    ]
    tests = [
        {
            "resource_type": "test",
            "attached_node": n["unique_id"],
            "package_name": "ai_impact",
            "depends_on": {"nodes": [n["unique_id"]]},
        }
        for n in nodes
    ]
    manifest = {
        "metadata": {"project_name": "ai_impact"},
        "nodes": {n["unique_id"]: n for n in nodes if n["resource_type"] != "source"}
        | {f"test.{i}": t for i, t in enumerate(tests)},
        "sources": {n["unique_id"]: n for n in nodes if n["resource_type"] == "source"},
    }
    for n in nodes:
        if n["resource_type"] == "model":
            file = tmp_path / n["patch_path"].split("://")[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            is_python = n["language"] == "python"
            file.write_text(
                f"models:\n  - name: {n['name']}\n    description: \"{{{{ doc('{n['name']}') }}}}\"\n"
                + ("    config:\n      materialized: \"{{ 'table' or 'estimated' }}\"\n" if is_python else "")
                + "    columns:\n      - name: a_id\n        description: \"{{ doc('col_a_id') }}\"\n"
                + ("        data_type: string\n" if is_python else "")
            )
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/architecture.md").write_text(ROUTE)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    return manifest, tmp_path


def found(project, change=lambda nodes: None):
    manifest, root = project
    manifest = copy.deepcopy(manifest)
    change({key.rsplit(".", 1)[-1]: n for key, n in (manifest["nodes"] | manifest["sources"]).items()})
    return check_layers.problems(manifest, root)


def test_a_project_that_keeps_the_rules_passes(project):
    assert found(project) == []


@pytest.mark.parametrize(
    ("child", "parent", "said"),
    [
        ("int_a", "fct_a", "int_a: a model of intermediate reads fct_a of marts"),
        ("stg_a", "int_a", "stg_a: a model of staging reads int_a of intermediate"),
        ("kpi_values", "moments_a", "kpi_values: a model of kpis reads moments_a of moments"),
        ("kpi_values", "stg_a", "kpi_values: a model of kpis reads stg_a of staging"),
        ("moments_a", "estimate_a", "moments_a: a model of moments reads estimate_a of python_models"),
        ("estimate_a", "estimates", "estimate_a: a model of python_models reads estimates of evidence"),
    ],
)
def test_a_reference_that_leaves_the_route(project, child, parent, said):
    said += "; by docs/architecture.md it may not"
    assert said in found(project, lambda n: n[child]["depends_on"]["nodes"].append(f"model.ai_impact.{parent}"))


def test_what_live_reads_of_its_own_sources_is_live(project):
    def tag(*names):
        def change(nodes):
            nodes["stg_a"]["name"] = "base_a"
            for name in names:
                nodes[name]["config"]["tags"] = ["live"]

        return [line for line in found(project, change) if "tag live" in line]

    said = ["int_a: live reads it, and it has no tag live, as all its sources have"]
    assert tag("stg_a", "fct_a") == said
    assert not tag("stg_a", "int_a", "fct_a") and not tag("fct_a")


def test_only_staging_reads_sources(project):
    said = found(project, lambda n: n["fct_a"]["depends_on"]["nodes"].append("source.ai_impact.raw_a"))
    assert said == ["fct_a: a model of marts reads raw_a of sources; by docs/architecture.md it may not"]
    assert not found(
        project,
        lambda n: (
            n["fct_a"].update(
                name="event_reconciliation", depends_on={"nodes": ["model.ai_impact.int_a", "source.ai_impact.raw_a"]}
            )
            or (project[1] / "models/marts/fct_a.yml").write_text(
                (project[1] / "models/marts/fct_a.yml").read_text().replace("name: fct_a", "name: event_reconciliation")
            )
        ),
    )


def test_the_route_is_the_real_one(project):
    _, root = project
    (root / "docs/architecture.md").write_text(ROUTE.replace("| marts |\n", "| staging, marts |\n"))
    assert found(project) == ["docs/architecture.md: kpis reads staging, it says, and no model does"]
    (root / "docs/architecture.md").write_text(ROUTE.replace("| staging |\n", "| staging, kpis |\n"))
    said = found(project)
    assert said[0].startswith("docs/architecture.md: the route runs back: ")
    assert said[1:] == ["docs/architecture.md: intermediate reads kpis, it says, and no model does"]


def test_a_unit_test_whose_name_postgres_refuses(project):
    manifest, root = project
    tests = {name: {"name": name} for name in ("n" * 63, "n" * 64)}
    said = check_layers.problems({**manifest, "unit_tests": tests}, root)
    assert said == [f"unit test {'n' * 64}: 64 characters, and Postgres takes at most 63"]


def test_a_model_outside_the_layers(project):
    said = found(project, lambda n: n["int_a"].update(original_file_path="models/misc/int_a.sql"))
    assert "int_a: models/misc/int_a.sql lies in no layer" in said


def test_lengths(project):
    assert "int_a: 201 lines, more than 200" in found(
        project, lambda n: n["int_a"].update(raw_code="select 1,\n" * 200 + "select * from final")
    )
    assert "estimate_a: 41 lines, more than 40" in found(project, lambda n: n["estimate_a"].update(raw_code="x\n" * 41))


def test_the_median_length(project):
    def lengthen(nodes):
        for n in nodes.values():
            if n.get("language") == "sql":
                n["raw_code"] = "\n" * 49 + "select * from final"

    assert "the median model has 50 lines, not under 50" in found(project, lengthen)


def test_documentation(project):
    _, root = project
    (root / "models/marts/fct_a.yml").write_text(
        "models:\n  - name: fct_a\n    description: A plain sentence.\n    columns:\n      - name: a_id\n"
        "      - name: b_id\n        description: Said here only.\n"
    )
    said = found(project, lambda n: n["int_a"].update(patch_path=None))
    assert said == [
        "int_a: no YAML file describes it",
        "fct_a.a_id: no description",
        "fct_a.b_id: the description is not a doc block",
    ]


def test_a_private_model_needs_a_sentence_and_no_columns(project):
    file = project[1] / "models/intermediate/int_a.yml"
    file.write_text("models:\n  - name: int_a\n    description: One row per a.\n    columns: [{name: a_id}]\n")
    assert not found(project)
    file.write_text("models:\n  - name: int_a\n")
    assert found(project) == ["int_a: no description"]


def test_a_doc_block_that_nothing_uses(project):
    manifest, root = project
    names = ("col_a_id", "col_b_id", "__overview__")
    docs = {name: {"name": name, "package_name": "ai_impact", "original_file_path": "models/a.md"} for name in names}
    assert check_layers.problems({**manifest, "docs": docs}, root) == [
        "models/a.md: nothing uses the doc block col_b_id"
    ]


def test_a_macro_of_which_nothing_is_said(project):
    manifest, root = project
    (root / "macros.sql").write_text(
        "{# What it does. #}\n{% macro a(x) %}1{% endmacro %}\n\n{% macro b(x) %}\n    {#- Why. #}\n 1{% endmacro %}\n"
        "{% macro c(x) %}1{% endmacro %}\n{% macro duckdb__a(x) %}1{% endmacro %}\n{% macro d() %}1{% endmacro %}\n"
    )
    macros = {
        name: {
            "name": name,
            "package_name": "ai_impact",
            "original_file_path": "macros.sql",
            "macro_sql": f"{{% macro {name}({'' if name == 'd' else 'x'}) %}}1{{% endmacro %}}",
            "description": "Said in YAML." if name == "d" else "",
        }
        for name in ("a", "b", "c", "duckdb__a", "d")
    }
    said = check_layers.problems({**manifest, "macros": macros}, root)
    assert said == ["macros.sql: the macro c has neither a description nor a comment"]


def test_a_yaml_file_elsewhere(project):
    said = found(project, lambda n: n["int_a"].update(patch_path="ai_impact://models/marts/fct_a.yml"))
    assert "int_a: models/marts/fct_a.yml does not stand beside the model" in said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("data_type", "estimate_a.a_id: a column of a Python model without a data_type"),
        ("materialized", "estimate_a: its YAML does not say that it is `estimated` where there is no Python"),
    ],
)
def test_a_python_model_for_engines_without_python(project, line, said):
    file = project[1] / "python_models/estimate_a.yml"
    file.write_text("".join(kept for kept in file.read_text().splitlines(keepends=True) if line not in kept))
    assert found(project) == [said]


def test_a_public_model_without_contract_or_test(project):
    assert found(project, lambda n: n["fct_a"]["config"]["contract"].update(enforced=False)) == [
        "fct_a: a public model without an enforced contract"
    ]

    manifest, root = project
    manifest["nodes"] = {
        k: n for k, n in manifest["nodes"].items() if n.get("attached_node") != "model.ai_impact.fct_a"
    }
    assert check_layers.problems(manifest, root) == ["fct_a: a public model without a data test"]


def test_a_model_without_a_group(project):
    assert found(project, lambda n: n["int_a"]["config"].update(group=None)) == ["int_a: no group answers for it"]


def test_a_model_that_nothing_reads(project):
    """A public one may be a leaf."""
    assert found(project, lambda n: n["estimates"].update(access="private")) == [
        "estimates: nothing reads it, and it is not public"
    ]


def test_a_dashboard_reads_what_is_public(project):
    manifest, root = project
    reads = ["model.ai_impact.fct_a", "model.ai_impact.int_a"]
    board = {"resource_type": "exposure", "depends_on": {"nodes": reads}, "config": {}}
    said = check_layers.problems({**manifest, "exposures": {"exposure.ai_impact.board": board}}, root)
    assert said == ["int_a: a dashboard reads it, and it is not public"]


def test_a_model_is_as_closed_as_can_be(project):
    said = found(project, lambda n: n["int_a"].update(access="protected"))
    assert said == ["int_a: protected, and only the group a reads it: make it private"]
    assert not found(
        project, lambda n: (n["int_a"].update(access="protected"), n["fct_a"]["config"].update(group="another"))
    )


@pytest.mark.parametrize("column", ["person_id", "actor_id", "reviewer_id", "visitor_id", "owner_id", "email"])
def test_a_person_in_a_mart(project, column):
    said = found(project, lambda n: n["fct_a"].update(columns={column: {}}))
    assert said == [f"fct_a.{column}: a person's identifier beyond intermediate"]
    assert not found(project, lambda n: n["int_a"].update(columns={column: {}}))


@pytest.mark.parametrize("column", ["prompt", "completion_text", "input_messages", "response_content"])
def test_a_column_of_prompt_text(project, column):
    said = found(project, lambda n: n["stg_a"].update(columns={column: {}}))
    assert said == [f"stg_a.{column}: looks like the text of a prompt or an answer"]


@pytest.mark.parametrize("column", ["prompt_hash", "prompt_version", "input_tokens", "value_text", "response_model"])
def test_columns_about_prompts_that_hold_no_text(project, column):
    assert not found(project, lambda n: n["stg_a"].update(columns={column: {}}))


@pytest.mark.parametrize(
    ("sql", "what"),
    [
        ("select a from b qualify c = 1", "qualify"),
        ("select quantile_cont(a, 0.5) from b", "quantile_cont"),
        ("select arg_max(a, b) from c", "arg_max or arg_min"),
        ("select try_cast(a as int) from b", "try_cast"),
        ("select median (a) from b", "median()"),
        ("select a from b group by all", "group by all"),
        ("select * exclude (a) from b", "select * exclude"),
        ("select a::int from b", "a cast with ::"),
        ("with recursive a as (select 1) select 2", "a recursive CTE"),
    ],
)
def test_sql_of_one_engine(project, sql, what):
    said = found(project, lambda n: n["int_a"].update(raw_code=f"{sql}\nselect * from final"))
    assert said == [f"int_a: {what} is not portable"]


@pytest.mark.parametrize("text", ["'It can''t be'", "'', 'a', ''", "coalesce(a, '')||'b'"])
def test_an_apostrophe_in_a_text(project, text):
    said = found(project, lambda n: n["int_a"].update(raw_code=f"select {text} as a\nselect * from final"))
    wrong = ["int_a: an apostrophe in a text (n''t), which Spark drops: word it without"] if "can''t" in text else []
    assert said == wrong


def test_words_in_comments_strings_and_macros_are_no_sql(project):
    sql = "-- qualify\n{# median( #}\nselect 'group by all' as a, {{ ai_impact.median('b') }}\nselect * from final"
    assert not found(project, lambda n: n["int_a"].update(raw_code=sql))


def test_a_model_ends_in_final(project):
    said = found(project, lambda n: n["int_a"].update(raw_code="select 1 as a_id"))
    assert said == ["int_a: does not end in: select * from final"]


def test_files_that_name_a_registry_or_a_machine(project):
    _, root = project
    host = "pypi" + ".org"
    (root / "notes.md").write_text(f"Fine.\nFrom {host}.\nIn /home" + "/me/x.\n")
    subprocess.run(["git", "-C", root, "add", "notes.md"], check=True)
    assert found(project) == [
        "notes.md:2: names a package registry",
        "notes.md:3: names a path of one machine",
    ]


def test_columns_of_the_warehouse(project):
    import duckdb

    manifest, _ = project
    con = duckdb.connect()
    for name in ("stg_a", "int_a", "kpi_values", "moments_a", "estimate_a", "estimates"):
        con.execute(f"create table {name} (a_id int)")
    con.execute("create table fct_a (b_id int)")
    con.execute("alter table int_a add column c_id int")
    con.execute("alter table int_a add column prompt varchar")
    con.execute("alter table moments_a add column person_id varchar")
    assert check_layers.check_columns(manifest, con) == [
        "int_a.prompt: looks like the text of a prompt or an answer",
        "fct_a.b_id: a column that its YAML does not name",
        "fct_a.a_id: described, but not a column",
        "moments_a.person_id: a person's identifier beyond intermediate",
    ]
