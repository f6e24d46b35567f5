"""The project's own rules on layers, access, lengths, documentation and privacy, checked on dbt's manifest.

A model's layer is its folder. What it may read is what the table of docs/architecture.md says, the one place for it.
"""

import json
import re
import statistics
import subprocess
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    import duckdb

# Reconciliation counts the raw rows themselves: what staging made of them is what it checks.
COUNTS_RAW_ROWS = {"event_reconciliation"}
# Layers in which nobody is named, not even by a pseudonym.
NAMELESS = {"marts", "kpis", "moments", "evidence", "decisions"}
ARCHITECTURE = Path("docs/architecture.md")
DOCUMENTED = ("models", "python_models", "seeds", "snapshots")

MAX_SQL_LINES, MEDIAN_SQL_LINES, MAX_PYTHON_LINES = 200, 50, 40
MAX_NAME = 63

PERSON = re.compile(
    r"^(person|actor|reviewer|evaluator|rater|respondent|visitor|employee|owner|user|interviewer|approver)"
    r"(_id|_hash|_key|_name|_email)$|(^|_)e?mail(_address)?$|(^|_)phone(_number)?$|^(first|last|full)_name$"
)
TEXT = re.compile(r"(^|_)(prompt|completion|messages?|instructions|transcript)$|_(text|content|body|messages)$")
TEXT_ALLOWED = {"value_text"}  # a covariate's value: a category, not something a person wrote

NOT_PORTABLE = {
    "qualify": r"\bqualify\b",
    "quantile_cont": r"\bquantile_cont\b",
    "arg_max or arg_min": r"\barg_(max|min)\b",
    "generate_series": r"\bgenerate_series\b",
    "try_cast": r"\btry_cast\b",
    "median()": r"\bmedian\s*\(",
    "group by all": r"\bgroup\s+by\s+all\b",
    "select * exclude": r"\*\s*exclude\b",
    "a recursive CTE": r"\bwith\s+recursive\b",
    "a cast with ::": r"::",
}
# In a text, '' is an apostrophe; Spark reads two texts, and joins them.
APOSTROPHE = re.compile(r"\w''\w")
# A registry is asked by its own client; a path of one machine helps nobody else.
HOSTS = re.compile(r"\b(pypi|pythonhosted|npmjs|crates|rubygems|anaconda)\.(org|com|io)\b|\bgetdbt\.com/packages")
MACHINE_PATHS = re.compile(r"(?<![\w.\-}/])/(work|root|home|Users)/[\w.]")


def layer(node: dict) -> str:
    kind = node["resource_type"]
    if kind in ("source", "seed", "snapshot"):
        return f"{kind}s"
    path = Path(node["original_file_path"])
    if path.parts[0] == "python_models":
        return "python_models"
    if path.parts[:3] == ("models", "evidence", "moments"):
        return "moments"
    return path.parts[1] if len(path.parts) > 2 else ""


def own(manifest: dict) -> dict[str, dict]:
    """The models, seeds and snapshots of this project and the sources, by their unique id."""
    project = manifest["metadata"]["project_name"]
    nodes = {**manifest["nodes"], **manifest["sources"]}
    kinds = ("model", "seed", "snapshot", "source")
    return {key: n for key, n in nodes.items() if n["resource_type"] in kinds and n["package_name"] == project}


def route(root: Path) -> dict[str, set[str]]:
    """Layer -> the layers that it reads: the first and the last column of the table in docs/architecture.md."""
    rows = re.findall(r"^\| ([a-z_]+) \|.*\| ([a-z_, ]+) \|$", (root / ARCHITECTURE).read_text(), re.MULTILINE)
    return {name: set(reads.split(", ")) for name, reads in rows if name != "layer"}


def check_refs(manifest: dict, root: Path) -> list[str]:
    nodes, reads = own(manifest), route(root)
    found, unused = [], {(mine, theirs) for mine, layers in reads.items() for theirs in layers}
    try:
        TopologicalSorter(reads).prepare()
    except CycleError as circle:
        found.append(f"{ARCHITECTURE}: the route runs back: {' → '.join(circle.args[1])}")
    # dbt writes the refs of generic tests itself, without the package.
    reading = [*manifest["nodes"].values(), *manifest.get("exposures", {}).values()]
    for node in (node for node in reading if "test_metadata" not in node):
        found += [
            f"{node['name']}: ref('{ref['name']}') without the package; a project that installs it may have that name"
            for ref in node.get("refs", [])
            if not ref.get("package")
        ]
    for node in nodes.values():
        if node["resource_type"] in ("seed", "source"):
            continue
        mine = layer(node)
        if mine not in reads:
            found.append(f"{node['name']}: {node['original_file_path']} lies in no layer")
            continue
        for parent in (nodes[key] for key in node["depends_on"]["nodes"] if key in nodes):
            theirs = layer(parent)
            unused.discard((mine, theirs))
            if theirs == mine or theirs in reads[mine] or (theirs == "sources" and node["name"] in COUNTS_RAW_ROWS):
                continue
            found.append(
                f"{node['name']}: a model of {mine} reads {parent['name']} of {theirs}; by {ARCHITECTURE} it may not"
            )
    return found + [
        f"{ARCHITECTURE}: {mine} reads {theirs}, it says, and no model does" for mine, theirs in sorted(unused)
    ]


def models(manifest: dict) -> list[dict]:
    return [node for node in own(manifest).values() if node["resource_type"] == "model"]


def is_public(node: dict) -> bool:
    """What BI and other projects read."""
    return node["access"] == "public"


def check_lengths(manifest: dict) -> list[str]:
    found, lengths = [], []
    for node in models(manifest):
        lines = len(node["raw_code"].rstrip("\n").splitlines())
        limit = MAX_PYTHON_LINES if node["language"] == "python" else MAX_SQL_LINES
        if node["language"] == "sql":
            lengths.append(lines)
        if lines > limit:
            found.append(f"{node['name']}: {lines} lines, more than {limit}")
    if lengths and statistics.median(lengths) >= MEDIAN_SQL_LINES:
        found.append(f"the median model has {statistics.median(lengths):.0f} lines, not under {MEDIAN_SQL_LINES}")
    return found


def check_documentation(manifest: dict, root: Path) -> list[str]:
    """Every model is described in a file that stands beside it; every column of a public one by a doc block."""
    found = []
    for node in models(manifest):
        name = node["name"]
        if not node.get("patch_path"):
            found.append(f"{name}: no YAML file describes it")
            continue
        patch = Path(node["patch_path"].split("://")[1])
        if patch.parent != Path(node["original_file_path"]).parent:
            found.append(f"{name}: {patch} does not stand beside the model")
        declared = next((m for m in yaml.safe_load((root / patch).read_text())["models"] if m["name"] == name), {})
        entries = {name: declared, **{f"{name}.{c['name']}": c for c in declared.get("columns") or []}}
        for key, entry in entries.items():
            if key != name and not is_public(node):
                continue
            if not entry.get("description"):
                found.append(f"{key}: no description")
            elif key != name and "doc(" not in entry["description"]:
                found.append(f"{key}: the description is not a doc block")
    return found


def check_doc_blocks(manifest: dict, root: Path) -> list[str]:
    """No doc block that nothing uses."""
    files = (file for folder in DOCUMENTED for file in (root / folder).rglob("*.yml"))
    used = {name for file in files for name in re.findall(r"doc\('(\w+)'\)", file.read_text())}
    return [
        f"{block['original_file_path']}: nothing uses the doc block {block['name']}"
        for block in manifest.get("docs", {}).values()
        if block["package_name"] == manifest["metadata"]["project_name"]
        and block["name"] not in used
        and not block["name"].startswith("__")
    ]


def check_macros(manifest: dict, root: Path) -> list[str]:
    """A macro has a description in YAML where users call it, else a comment before it or as its first words."""
    found = []
    for macro in manifest.get("macros", {}).values():
        name, path = macro["name"], macro["original_file_path"]
        if macro["package_name"] != manifest["metadata"]["project_name"] or macro["description"]:
            continue
        if "__" in name or name.startswith(("test_", "materialization_")):
            continue
        before, _, after = (root / path).read_text().partition(macro["macro_sql"].split("%}")[0])
        if not before.rstrip().endswith("#}") and not re.match(r"[^%]*%\}\s*\{#", after):
            found.append(f"{path}: the macro {name} has neither a description nor a comment")
    return found


def check_python_models(manifest: dict, root: Path) -> list[str]:
    """An engine without Python models makes the table from what the YAML says, and ai-impact estimate fills it."""
    found = []
    for node in models(manifest):
        if node["language"] != "python" or not node.get("patch_path"):
            continue
        patch = yaml.safe_load((root / node["patch_path"].split("://")[1]).read_text())
        declared = next((m for m in patch["models"] if m["name"] == node["name"]), {})
        if "'estimated'" not in str((declared.get("config") or {}).get("materialized")):
            found.append(f"{node['name']}: its YAML does not say that it is `estimated` where there is no Python")
        for column in declared.get("columns") or []:
            if not column.get("data_type"):
                found.append(f"{node['name']}.{column['name']}: a column of a Python model without a data_type")
    return found


def check_access(manifest: dict) -> list[str]:
    """Public models are under contract and tested, dashboards read only them, and others are as closed as can be."""
    nodes = {**manifest["nodes"], **manifest.get("exposures", {})}
    readers: dict[str, list[dict]] = {}
    for node in nodes.values():
        for key in node["depends_on"].get("nodes", []):
            readers.setdefault(key, []).append(node)
    found = []
    for node in models(manifest):
        name, group = node["name"], node["config"].get("group")
        read_by = readers.get(node["unique_id"], [])
        kinds = {reader["resource_type"] for reader in read_by}
        if not group:
            found.append(f"{name}: no group answers for it")
        if is_public(node):
            if not node["config"]["contract"]["enforced"]:
                found.append(f"{name}: a public model without an enforced contract")
            if "test" not in kinds:
                found.append(f"{name}: a public model without a data test")
            continue
        if "model" not in kinds:
            found.append(f"{name}: nothing reads it, and it is not public")
        if "exposure" in kinds:
            found.append(f"{name}: a dashboard reads it, and it is not public")
        outside = [r for r in read_by if r["resource_type"] != "test" or not r.get("attached_node")]
        if node["access"] == "protected" and all(r["config"].get("group") == group for r in outside):
            found.append(f"{name}: protected, and only the group {group} reads it: make it private")
    return found


def check_live(manifest: dict) -> list[str]:
    """What a model of `live` reads, and rests on sources of it alone, is of `live` too: else it is read as it was."""
    nodes = {node["unique_id"]: node for node in models(manifest)}
    rests: dict[str, set[str]] = {}

    def above(key: str) -> set[str]:
        if key not in rests:
            parents = [parent for parent in nodes[key]["depends_on"].get("nodes", []) if parent in nodes]
            rests[key] = set(parents).union(*map(above, parents))
        return rests[key]

    def is_live(key: str) -> bool:
        return "live" in nodes[key]["config"].get("tags", [])

    read = {parent for key in nodes if is_live(key) for parent in nodes[key]["depends_on"].get("nodes", [])}
    found = []
    for key in sorted(read & nodes.keys()):
        staged = [parent for parent in above(key) if nodes[parent]["name"].startswith("base_")]
        if staged and all(map(is_live, staged)) and not is_live(key):
            found.append(f"{nodes[key]['name']}: live reads it, and it has no tag live, as all its sources have")
    return found


def private_columns(node: dict, columns: set[str]) -> list[str]:
    """Of the columns of a model those that may not be."""
    found = []
    for column in sorted(columns):
        if TEXT.search(column) and column not in TEXT_ALLOWED:
            found.append(f"{node['name']}.{column}: looks like the text of a prompt or an answer")
        if layer(node) in NAMELESS and PERSON.search(column):
            found.append(f"{node['name']}.{column}: a person's identifier beyond intermediate")
    return found


def check_privacy(manifest: dict) -> list[str]:
    """On the columns that YAML names; `check_columns` asks the same of all that were built."""
    return [line for node in models(manifest) for line in private_columns(node, {c.lower() for c in node["columns"]})]


def bare(sql: str) -> str:
    """SQL without comments, strings and Jinja."""
    for pattern in (r"\{#.*?#\}", r"\{\{.*?\}\}", r"\{%.*?%\}", r"/\*.*?\*/", r"--[^\n]*", r"'(?:[^']|'')*'"):
        sql = re.sub(pattern, " ", sql, flags=re.DOTALL)
    return sql.lower()


def check_columns(manifest: dict, con: "duckdb.DuckDBPyConnection") -> list[str]:
    """What a built warehouse holds: no column that may not be, and the columns that YAML names.

    A contract holds public models to their YAML; a Python model's names all of its columns too.
    """
    found = []
    for node in models(manifest):
        if node["config"]["materialized"] == "ephemeral":
            continue
        built = con.execute(
            "select lower(column_name) from information_schema.columns where table_schema = ? and table_name = ?",
            [node["schema"], node["alias"]],
        ).fetchall()
        described = {c.lower() for c in node["columns"]}
        actual = {name for (name,) in built}
        if not actual:
            found.append(f"{node['name']}: not in the warehouse")
            continue
        found += private_columns(node, actual - described)
        if is_public(node) or node["language"] == "python":
            found += [f"{node['name']}.{c}: a column that its YAML does not name" for c in sorted(actual - described)]
        found += [f"{node['name']}.{c}: described, but not a column" for c in sorted(described - actual)]
    return found


def check_sql(manifest: dict) -> list[str]:
    found = []
    for node in models(manifest):
        if node["language"] != "sql":
            continue
        text = bare(node["raw_code"])
        found += [f"{node['name']}: {what} is not portable" for what, p in NOT_PORTABLE.items() if re.search(p, text)]
        written = [line for line in node["raw_code"].splitlines() if line.strip()]
        if layer(node) != "staging" and written and written[-1].strip() != "select * from final":
            found.append(f"{node['name']}: does not end in: select * from final")
    return found


def check_apostrophes(manifest: dict) -> list[str]:
    """No apostrophe within a text of SQL, which not every engine reads alike."""
    written = {node["name"]: node["raw_code"] for node in models(manifest) if node["language"] == "sql"}
    written |= {
        macro["name"]: macro["macro_sql"]
        for macro in manifest.get("macros", {}).values()
        if macro["package_name"] == manifest["metadata"]["project_name"]
    }
    return [
        f"{name}: an apostrophe in a text ({found[0]}), which Spark drops: word it without"
        for name, sql in written.items()
        if (found := APOSTROPHE.search(sql))
    ]


def check_names(manifest: dict) -> list[str]:
    """dbt makes a relation of the name of a unit test, and Postgres takes no longer one."""
    return [
        f"unit test {test['name']}: {len(test['name'])} characters, and Postgres takes at most {MAX_NAME}"
        for test in manifest.get("unit_tests", {}).values()
        if len(test["name"]) > MAX_NAME
    ]


def check_files(root: Path) -> list[str]:
    listed = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True, check=True).stdout
    found = []
    for name in listed.splitlines():
        path = root / name
        if path.suffix in (".lock", ".png", ".parquet") or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if HOSTS.search(line):
                found.append(f"{name}:{number}: names a package registry")
            if MACHINE_PATHS.search(line):
                found.append(f"{name}:{number}: names a path of one machine")
    return found


def problems(manifest: dict, root: Path) -> list[str]:
    """Every violation, as one line each."""
    return [
        *check_refs(manifest, root),
        *check_lengths(manifest),
        *check_documentation(manifest, root),
        *check_doc_blocks(manifest, root),
        *check_macros(manifest, root),
        *check_python_models(manifest, root),
        *check_access(manifest),
        *check_live(manifest),
        *check_privacy(manifest),
        *check_sql(manifest),
        *check_apostrophes(manifest),
        *check_names(manifest),
        *check_files(root),
    ]


def load_manifest(target: Path) -> dict:
    return json.loads((target / "manifest.json").read_text())
