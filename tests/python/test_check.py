"""make lint reads again only the SQL whose text, macros or style have changed since it was clean."""

import json
import subprocess

import pytest

from tools import check

MODELS = {"a.sql": ["one"], "b.sql": ["one", "two"], "call.sql": ["one"]}


@pytest.fixture
def linted(tmp_path, monkeypatch):
    """Lints a project of three models; returns which were read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(check, "CLEAN", tmp_path / "clean.json")
    for name in (*check.STYLE, *MODELS):
        (tmp_path / name).write_text("select 1\n")
    (tmp_path / "call.sql").write_text("{{ ai_impact.stage_source('touches') }}\n")
    texts = {"one": "", "two": "", "three": ""}

    def lint(*bad: str, says: str = "== [{}] FAIL", **changed: str) -> list[str]:
        read = []

        def command(*arguments: str, **environment: str) -> list[str]:
            read.extend(path for path in arguments if path.endswith(".sql"))
            return [says.format(path) for path in bad]

        texts.update(changed)
        nodes = {
            path: {"resource_type": "model", "original_file_path": path, "depends_on": {"macros": macros}}
            for path, macros in MODELS.items()
        }
        # The second calls the third.
        calls = {"two": ["three"]}
        macros = {
            n: {"macro_sql": text, "original_file_path": f"{n}.txt", "depends_on": {"macros": calls.get(n, [])}}
            for n, text in texts.items()
        }
        monkeypatch.setattr(check, "command", command)
        found = check.lint_sql({"nodes": nodes, "macros": macros})
        assert len(found) == len(bad)
        return read

    return lint


def test_what_is_clean_is_not_read_again(linted):
    assert linted() == ["a.sql", "b.sql"]
    assert linted() == []


def test_a_model_that_is_one_call_of_a_macro_is_read_once_it_is_more(linted, tmp_path):
    linted()
    (tmp_path / "call.sql").write_text("select {{ ai_impact.stage_source('touches') }}\n")
    assert linted() == ["call.sql"]


@pytest.mark.parametrize(("macro", "read"), [("one", ["a.sql", "b.sql"]), ("two", ["b.sql"]), ("three", ["b.sql"])])
def test_a_macro_changes_those_that_call_it(linted, macro, read):
    linted()
    assert linted(**{macro: "changed"}) == read


def test_a_rule_changes_all(linted, tmp_path):
    linted()
    (tmp_path / ".sqlfluff").write_text("[sqlfluff]\n")
    assert linted() == ["a.sql", "b.sql"]


def test_what_is_not_clean_is_read_until_it_is(linted):
    assert linted("b.sql") == ["a.sql", "b.sql"]
    assert linted("b.sql") == ["b.sql"]
    assert linted() == ["b.sql"]
    assert linted() == []


def test_a_lint_that_broke_leaves_nothing_clean(linted):
    linted("b.sql", says="dbt failed")
    assert not check.CLEAN.exists()
    assert linted() == ["a.sql", "b.sql"]
    assert set(json.loads(check.CLEAN.read_text())) == {"a.sql", "b.sql"}


def test_everything_is_read_in_continuous_integration(linted, monkeypatch):
    linted()
    monkeypatch.setenv("CI", "true")
    assert linted() == ["a.sql", "b.sql"]


def test_a_fresh_clone_reads_what_its_branch_changes(linted, tmp_path):
    """What is committed upstream was linted there; a commit, an edit and a new file of one's own were not."""

    def git(*arguments: str) -> None:
        author = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *author, *arguments], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "three.txt").write_text("a macro\n")
    git("init", "--initial-branch", "main")
    git("add", ".")
    git("commit", "--message", "first")
    assert linted() == ["a.sql", "b.sql"], "no upstream, so everything"
    git("branch", "shared")
    git("branch", "--set-upstream-to", "shared")
    check.CLEAN.unlink()
    assert linted() == []
    check.CLEAN.unlink()
    (tmp_path / "a.sql").write_text("select 2\n")
    git("commit", "--all", "--message", "second")
    assert linted("a.sql") == ["a.sql"]
    check.CLEAN.unlink()
    (tmp_path / "three.txt").write_text("another macro\n")
    assert linted() == ["a.sql", "b.sql"]
