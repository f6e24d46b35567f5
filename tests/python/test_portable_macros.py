"""Every dispatched macro gives the same on every engine. They are all in macros/portable/."""

import datetime as dt
import hashlib
import re
from pathlib import Path

import duckdb
import pytest
from engines.base import ROOT
from engines.compare import Table, plain, same

pytestmark = pytest.mark.engines

# (macro, SQL that uses it, what it gives). Rows to aggregate: `r` with k, moment, value and word.
DOUBLE = "{{ ai_impact.physical_type('double') }}"
ROWS = f"""
    select 1 as k, cast('2026-01-01 10:00:00' as timestamp) as moment, cast(0.1 as {DOUBLE}) as value, 'a' as word
    union all select 2, cast('2026-01-01 11:00:00.5' as timestamp), cast(0.2 as {DOUBLE}), null
    union all select 3, cast('2026-01-01 11:00:00' as timestamp), cast(0.3 as {DOUBLE}), 'b'
    union all select 4, null, null, null
"""


def sql_text(text: str) -> str:
    """A text of SQL, with a backslash that every engine reads alike."""
    return "'" + text.replace("\\", "' || chr(92) || '") + "'"


# (name, cell, whether it is in the list of the cell). `names` of the registry reads the same.
LISTED = [
    ("a", "a", True), ("a", " a ", True),
    ("Variation 1", "Variation 1|Variation 2", True), ("Variation", "Variation 1|b", False),
    ("llama3:8b", "llama3:70b | llama3:8b", True), ("meta-llama/L3-8b", "meta-llama/L3-8b|x", True),
    ("a,b", "a,b|x;y", True), ("a", "a,b|x;y", False),
    ("x;y", "a,b|x;y", True), ("b", "a|b|c", True), ("a|b", "a|b", False),
    ("a|b", '["a|b", "c"]', True), ("b", '["a|b", "c"]', False),
    ("c", '[ "a" , "b","c" ]', True), ("a, b", '["a, b"]', True),
    ("b", '["a, b"]', False), ('say "a"', '["say \\"a\\"", "b"]', True), ("a", '["say \\"a\\"", "b"]', False),
    ("back\\", '["back\\\\", "b"]', True),
    ('6" tall', '6" tall|b', True), (",", '["a", "b"]', False), ("", "a||b", False),
    ("[beta]", "[beta]|b", True), ("beta", "[beta]|b", False), ("a", "", False),
]  # fmt: skip
CASES = [
    ("safe_divide", "{{ ai_impact.safe_divide('1', '4') }}", 0.25),
    ("safe_divide", "{{ ai_impact.safe_divide('1', '0') }}", None),
    ("safe_divide", "{{ ai_impact.safe_divide('cast(1 as bigint)', 'cast(3 as bigint)') }}", 1 / 3),
    ("least", "{{ ai_impact.least(['3', 'null', '1', '2']) }}", 1),
    ("least", "{{ ai_impact.least(['cast(null as timestamp)', \"cast('2026-03-01' as timestamp)\"]) }}",
        dt.datetime(2026, 3, 1)),
    ("greatest", "{{ ai_impact.greatest(['2', '3', 'null']) }}", 3),
    ("greatest", "{{ ai_impact.greatest(['cast(null as bigint)', 'null']) }}", None),
    ("trimmed", """{{ ai_impact.trimmed("' a b '") }}""", "a b"),
    ("trimmed", """{{ ai_impact.trimmed("'a'") }}""", "a"),
    ("trimmed", """{{ ai_impact.trimmed("' '") }}""", None),
    ("trimmed", """{{ ai_impact.trimmed("''") }}""", None),
    ("trimmed", """{{ ai_impact.trimmed("'\t\u00a0a\t'") }}""", "a"),
    ("trimmed", """{{ ai_impact.trimmed('cast(null as ' ~ dbt.type_string() ~ ')') }}""", None),
    ("as_text", "{{ ai_impact.as_text('cast(1000 as bigint)') }}", "1000"),
    ("as_text", """{{ ai_impact.as_text("'1000.0'") }}""", "1000.0"),
    ("hash_key", """{{ ai_impact.hash_key(["'a'", '1']) }}""", hashlib.md5(b"1:a|1:1").hexdigest()),
    ("hash_key", """{{ ai_impact.hash_key(["''"]) }} <> {{ ai_impact.hash_key(['null']) }}""", True),
    ("sha256", """{{ ai_impact.sha256(["'a'", "'\u00e4b'"]) }}""", hashlib.sha256("a\u00e4b".encode()).hexdigest()),
    ("row_hash", "max({{ ai_impact.row_hash(['word', 'moment']) }}) >= 0", True),
    ("seconds_between", """{{ ai_impact.seconds_between("cast('2026-02-28 23:59:59.75' as timestamp)",
        "cast('2026-03-01 00:00:01' as timestamp)") }}""", 1.25),
    ("seconds_between", "{{ ai_impact.seconds_between('cast(null as timestamp)', 'cast(null as timestamp)') }}", None),
    ("latest", "max(k) + {{ ai_impact.latest('k', ['moment']) }}", 6),
    ("latest", "{{ ai_impact.latest('word', ['moment', 'k']) }}", "b"),
    ("sorted_values", "{{ ai_impact.array_at(ai_impact.sorted_values('-k'), '1', 'int') }}", -4),
    ("array_at", "{{ ai_impact.array_at(ai_impact.sorted_values('word'), 'max(2.0)', 'string') }}", "b"),
    ("array_at", "{{ ai_impact.array_at(ai_impact.sorted_values('word'), '3', 'string') }}", None),
    ("joined_in_order", "{{ ai_impact.joined_in_order('word', ' > ', 'k') }}", "a > b"),
    ("joined_in_order", "{{ ai_impact.joined_in_order('word', ' > ', '10 - k') }}", "b > a"),
    ("joined_in_order",
        "{{ ai_impact.joined_in_order('word', ' > ', ai_impact.event_order('moment', \"'x'\")) }}", "a > b"),
    ("joined_sorted", "{{ ai_impact.joined_sorted('word', '|') }}", "a|b"),
    ("exact_sum", "{{ ai_impact.exact_sum('value') }}", 0.6),
    ("exact_sum", "{{ ai_impact.exact_sum('value', 'k < 0') }}", None),
    ("exact_sum", "{{ ai_impact.exact_sum('123456789.123456789 * value') }}", 74074073.474074074),
    ("event_order", "max({{ ai_impact.event_order('moment', 'word') }}) = "
        "max(case when k = 3 then {{ ai_impact.event_order('moment', 'word') }} end)", True),
    ("content_hash", "max({{ ai_impact.content_hash(['word', 'k']) }}) <> max({{ ai_impact.content_hash(['k']) }})",
        True),
    ("json_text",
        """{{ ai_impact.json_text(ai_impact.parsed_json("'{\\"a.b\\": {\\"c\\": [2]}}'"), ['a.b', 'c', 0]) }}""", "2"),
    ("json_text", """{{ ai_impact.json_text(ai_impact.parsed_json("'{\\"a\\": 1.5}'"), ['a']) }}""", "1.5"),
    ("json_text", """{{ ai_impact.json_text(ai_impact.parsed_json("'{\\"a\\": null}'"), ['a']) }}""", None),
    ("json_text", """{{ ai_impact.json_text(ai_impact.parsed_json("'{\\"a\\": 1}'"), ['b', 'c']) }}""", None),
    ("parsed_json", """{{ ai_impact.json_text(ai_impact.parsed_json("'a=1'"), ['a']) }}""", None),
    ("parsed_json", """{{ ai_impact.json_text(ai_impact.parsed_json("'{\\"a\\": '"), ['a']) }}""", None),
    ("parsed_json",
        """{{ ai_impact.json_text(ai_impact.parsed_json('cast(null as ' ~ dbt.type_string() ~ ')'), ['a']) }}""", None),
    ("json_object", """{{ ai_impact.json_object({'a': "'1'", 'b': 'cast(null as ' ~ dbt.type_string() ~ ')',
        'c': "'say \\"no\\"'"}) }}""",
        '{"a":"1","b":null,"c":"say \\"no\\""}'),
    ("to_text", "{{ ai_impact.to_text('cast(5 as ' ~ ai_impact.physical_type('double') ~ ')', 'double') }}", "5.0"),
    ("to_text", "{{ ai_impact.to_text('cast(-0.25 as ' ~ ai_impact.physical_type('double') ~ ')', 'double') }}",
        "-0.25"),
    ("to_text", """{{ ai_impact.to_text("cast('2026-01-02 03:04:05.5' as timestamp)", 'timestamp') }}""",
        "2026-01-02 03:04:05.5"),
    ("to_text", """{{ ai_impact.to_text("cast('2026-01-02 03:04:50' as timestamp)", 'timestamp') }}""",
        "2026-01-02 03:04:50"),
    *(("canonical_text", f"{{{{ ai_impact.canonical_text('cast({value} as {DOUBLE})', 'double') }}}}".replace(
        "{{ ai_impact.physical_type('double') }}", "' ~ ai_impact.physical_type('double') ~ '"), text)
        for value, text in (("0.050", "0.05"), ("100", "100"), ("-20.5", "-20.5"), ("0", "0"), ("null", None),
            ("0.0000001", "0.0000001"), ("1234567.89", "1234567.89"))),
    ("canonical_text", "{{ ai_impact.canonical_text('cast(14 as integer)', 'double') }}", "14"),
    ("canonical_text", "{{ ai_impact.canonical_text('cast(true as boolean)', 'boolean') }}", "true"),
    ("canonical_text", '{{ ai_impact.canonical_text("cast(\'2026-01-02\' as date)", "timestamp") }}',
        "2026-01-02 00:00:00"),
    ("canonical_text", '{{ ai_impact.canonical_text("cast(\'2026-01-02 10:00:00\' as timestamp)", "date") }}',
        "2026-01-02"),
    ("utc_now", "{{ ai_impact.utc_now() }} > cast('2026-01-01' as timestamp)", True),
    ("with_days", """(select count(date_day) from ({{ ai_impact.with_days(
        "(select cast('2026-02-27' as date) as a, cast('2026-03-02' as date) as z)", 'a', 'z') }}) as d)""", 3),
    ("with_days", """(select count(date_day) from ({{ ai_impact.with_days(
        "(select cast('2026-02-27' as date) as a, cast('2026-02-27' as date) as z)", 'a', 'z') }}) as d)""", 0),
    ("add_time", """{{ ai_impact.add_time('day', -1, "cast('2026-03-01 10:00:00.5' as timestamp)") }}""",
        dt.datetime(2026, 2, 28, 10, 0, 0, 500000)),
    ("add_time", """{{ ai_impact.add_time('second', 1, "cast('2026-03-01 10:00:59.5' as timestamp)") }}""",
        dt.datetime(2026, 3, 1, 10, 1, 0, 500000)),
    ("add_time", """cast({{ ai_impact.add_time('month', 1, "cast('2026-01-31' as date)") }} as date)""",
        dt.date(2026, 2, 28)),
    ("days_from", """{{ ai_impact.days_from("cast('2026-02-27' as date)", "cast('2026-03-02' as date)") }}""", 3),
    ("iso_day_of_week", """{{ ai_impact.iso_day_of_week("cast('2026-03-01' as date)") }}""", 7),
    ("nth_part", """{{ ai_impact.nth_part("'a:b'", "':'", 2) }}""", "b"),
    ("physical_type", "cast(0.1 as {{ ai_impact.physical_type('double') }}) * 3", 0.1 * 3),
    ("union_distinct", "(select count(*) from (select 1 as x union all select 1 "
        "{{ ai_impact.union_distinct() }} select 1) as both_parts)", 1),
    ("place_of", """{{ ai_impact.place_of("'b'", "'abab'") }}""", 2),
    ("place_of", """{{ ai_impact.place_of("'c'", "'abab'") }}""", 0),
    ("replaced_pattern", """{{ ai_impact.replaced_pattern("'a |b  |  c'", ' *[|] *', '+') }}""", "a+b+c"),
    ("computes_once", "{{ 'true' if ai_impact.computes_once() in (true, false) }}", True),
    ("written_once", "(with one as {{ ai_impact.written_once() }} (select 1 as x) select x from one)", 1),
    ("inlined", "(with one as {{ ai_impact.inlined() }} (select 1 as x) select x from one)", 1),
    *(("in_list", f"{{{{ ai_impact.in_list({sql_text(name)!r}, {sql_text(cell)!r}) }}}}", held)
        for name, cell, held in LISTED),
    *(("first_in_list", f"{{{{ ai_impact.first_in_list({sql_text(cell)!r}) }}}}", first)
        for cell, first in (("v 1| b", "v 1"), (" a,b ", "a,b"),
            ('["x|y", "z"]', "x|y"), ('["say \\"a\\""]', 'say "a"'))),
    *(("lists_several", f"{{{{ ai_impact.lists_several({sql_text(cell)!r}) }}}}", several)
        for cell, several in (("a|b", True), ("a, b", False), ('["a|b"]', False), ('["a", "b"]', True))),
]  # fmt: skip

DAY, TIME = dt.datetime(2026, 1, 2), dt.datetime(2026, 1, 2, 3, 4, 5)
# Text, and what it is as a timestamp; None where it is no time, or not one that exists.
TIMESTAMPS = {
    "2026-01-02 03:04:05": TIME, "2026-01-02T03:04:05": TIME, "2026-01-02": DAY, "2026-1-2 3:4:5": TIME,
    "2026/01/02": DAY, "2026-01-02 03:04": TIME.replace(second=0), "2026-01-02 24:00:00": dt.datetime(2026, 1, 3),
    "2026-01-02 03:04:05Z": TIME, "2026-01-02T03:04:05.000Z": TIME, "2026-01-02 03:04:05 UTC": TIME,
    "2026-01-02 03:04:05+02": TIME.replace(hour=1), "2026-01-02 03:04:05+0200": TIME.replace(hour=1),
    "2026-01-02T03:04:05+02:00": TIME.replace(hour=1), "2026-01-02 03:04:05-02:30": TIME.replace(hour=5, minute=34),
    "2026-01-02 03:04:05.123456+02": TIME.replace(hour=1, microsecond=123456),
    "2026-01-02 23:59:59.9999999": dt.datetime(2026, 1, 2, 23, 59, 59, 999999),
    "2024-02-29": dt.datetime(2024, 2, 29), "2000-02-29": dt.datetime(2000, 2, 29),
    "2026-02-29": None, "2100-02-29": None, "2026-02-30 10:00:00": None, "2026-04-31": None, "2026-13-01": None,
    "2026-00-10": None, "2026-01-00": None, "2026-01-02 25:00:00": None, "2026-01-02 10:61": None, "20260102": None,
    "2026-01/02": None, "01/02/2026": None, "yesterday": None, "now": None, "": None, "2026-01-02 03:04:05 AM": None,
}  # fmt: skip
OTHERS = {
    "date": {"2026-01-02": DAY.date(), "2026-01-02T03:04:05Z": DAY.date(), "2026-02-30": None, "2026-02-289": None},
    "double": {
        "1": 1.0, "-1.5": -1.5, " 1 ": 1.0, "1.": 1.0, ".5": 0.5, "1e3": 1000.0, "1e-3": 0.001, "NaN": float("nan"),
        "-inf": float("-inf"), "1e400": float("inf"), "1e-400": 0.0, "": None, ".": None, "1e": None, "1,5": None,
        "0.1": 0.1, "123456789012345678901234567890": 1.2345678901234568e29,
    },
    "int": {
        "1": 1, "+1": 1, "5.0": 5, "2.5": 3, "-2.5": -3, "1e3": 1000, "9223372036854775807": 2**63 - 1,
        "9223372036854775808": None, "1e19": None, "NaN": None, "": None, "twelve": None,
    },
    "boolean": {
        "true": True, "F": False, "1": True, "no": False, "Y": True, "": None, "2": None, "on": None, "perhaps": None,
    },
}  # fmt: skip
CASTS = {"timestamp": TIMESTAMPS, **OTHERS}


def evaluate(engine) -> dict[str, object]:
    """Both queries, compiled once and run as the engine runs them."""
    results = ", ".join(f"{sql} as c{n}" for n, (_, sql, _) in enumerate(CASES))
    casts = " union all ".join(
        f"select '{logical}' as logical, '{text}' as t" for logical, texts in CASTS.items() for text in texts
    )
    by_type = ", ".join(
        f"case when logical = '{logical}' then {{{{ ai_impact.try_cast('t', '{logical}') }}}} end as as_{logical}"
        for logical in CASTS
    )
    sql = f"select {results} from ({ROWS}) as r\n-- and --\nselect logical, t, {by_type} from ({casts}) as texts"
    aggregated, cast = engine.compile(sql).split("-- and --")
    return {"cases": engine.query(aggregated), "casts": engine.query(cast)}


class OnDuckDB:
    """It with nothing built: these macros read no model."""

    def __init__(self, folder: Path) -> None:
        from dbt_warehouse import Project

        self.project = Project(folder)

    def compile(self, sql: str) -> str:
        (compiled,) = self.project.dbt("compile", "--inline", sql).result.results
        return compiled.node.compiled_code

    def query(self, sql: str) -> Table:
        with duckdb.connect(str(self.project.path), read_only=True) as connection:
            found = connection.sql(sql)
            return Table(found.columns, found.fetchall())


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory):
    return evaluate(OnDuckDB(tmp_path_factory.mktemp("macros")))


@pytest.fixture(scope="module")
def on_engine(engine):
    return evaluate(engine)


def check(results: dict) -> None:
    (row,) = results["cases"].rows
    wrong = [
        f"{macro}: {sql} gave {value!r}, not {expected!r}"
        for (macro, sql, expected), value in zip(CASES, row, strict=True)
        if not equal(plain(value), expected)
    ]
    columns = results["casts"].columns
    for found in (dict(zip(columns, row, strict=True)) for row in results["casts"].rows):
        logical, text = found["logical"], found["t"]
        value, expected = plain(found[f"as_{logical}"]), CASTS[logical][text]
        if not equal(value, expected):
            wrong.append(f"try_cast: {text!r} as {logical} gave {value!r}, not {expected!r}")
    assert not wrong, "\n".join(wrong)


def equal(value: object, expected: object) -> bool:
    if isinstance(expected, float) and value is not None:
        return same(float(value), expected)
    return value == expected and (value is None) == (expected is None)


@pytest.mark.builds
def test_on_duckdb(on_duckdb):
    check(on_duckdb)


def test_on_another_engine(on_engine):
    check(on_engine)


def macros() -> dict[str, str]:
    return {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "macros").rglob("*.sql")}


@pytest.mark.builds
def test_what_is_dispatched_is_in_one_folder():
    elsewhere = [path for path, text in macros().items() if "dispatch(" in text and "macros/portable" not in path]
    assert elsewhere == []


# What each engine has a word for, and not all the same: NULL in least and greatest, and which union a plain one is.
OTHERWISE = {
    r"(?<![.\w])(least|greatest)\(": "ai_impact.least or ai_impact.greatest",
    r"^\s*union\s*$": "ai_impact.union_distinct",
}


@pytest.mark.builds
def test_models_leave_to_macros_what_engines_do_otherwise():
    texts = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "models").rglob("*.sql")}
    texts |= {path: text for path, text in macros().items() if "macros/portable" not in path}
    found = [
        f"{path}: {match[0].strip()} should be {macro}"
        for path, text in texts.items()
        for pattern, macro in OTHERWISE.items()
        for match in re.finditer(pattern, text, re.MULTILINE)
    ]
    assert found == []


@pytest.mark.builds
def test_every_dispatched_macro_has_a_case():
    dispatched = {name for text in macros().values() for name in re.findall(r"dispatch\('(\w+)', 'ai_impact'\)", text)}
    # What these say shows in a build only: test_parity builds with them.
    assert dispatched - {name for name, _, _ in CASES} == {
        "try_cast",
        "before_build",
        "after_build",
        "heavy_view",
        "view_or_table",
        "clear_seed",
        "create_id_key",
        "kept_by_hash",
        "replacing_strategy",
    }
