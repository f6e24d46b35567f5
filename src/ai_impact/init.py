"""Writes what a dbt project needs to begin: mappings of tools, seeds to fill in, packages, vars. Overwrites nothing."""

import argparse
import re
from dataclasses import dataclass, field
from pathlib import Path

from ai_impact.sentences import ProblemError
from ai_impact_stats import __version__

MODELS, FILES = Path("models/ai_impact"), Path("seeds/ai_impact")
# Without these the package does not build: where no tool makes one, an empty table stands in. Others are switched off.
NEEDED = ("task_events", "ai_events")
OPTIONAL = (
    *("decision_events", "evaluations", "assignments", "unit_covariates", "touches", "outcome_events"),
    *("opportunities", "survey_responses", "incidents", "requisitions", "market_signals", "cost_records"),
    "identity_links",
)
# Types of columns that dbt can't guess where all are empty, on each engine as the package's seeds have them.
TYPES = {
    "text": "{{ 'varchar' if target.type in ['duckdb', 'postgres', 'snowflake'] else 'string' }}",
    "double": "{{ 'double' if target.type in ['duckdb', 'spark', 'databricks'] else 'float64' "
    "if target.type == 'bigquery' else 'double precision' }}",
    "integer": "{{ 'int64' if target.type == 'bigquery' else 'integer' }}",
}


@dataclass(frozen=True)
class Mapping:
    """A model by one connector: what it makes, of which tables of the tool, in the order of the macro's arguments.

    `fill`: what only the company knows, by column, and what NULL costs.
    """

    makes: str
    macro: str
    tables: tuple[str, ...]
    fill: dict[str, str] = field(default_factory=dict)


TASKS = {
    "use_case_id": "the use case of the seed use_cases; NULL: no KPI by use case",
    "execution_mode": "human, ai_assisted or ai_autonomous; NULL: no comparison of with and without AI",
    "is_eligible": "whether AI could have done it; NULL: no automation rate",
    "human_minutes": "minutes of people's work; NULL: no cost of labour, no time saved",
}
CALLS = {
    "task_id": "the task_id that the mapping of tasks makes; NULL: calls belong to no task",
    "use_case_id": "the use case of the seed use_cases; NULL: only totals have the call",
}
CASE = {"use_case_id": "the use case that it belongs to; NULL: none has it"}
PULL_REQUESTS = (
    *("issue", "pull_request", "issue_merged", "issue_closed_history", "pull_request_review", "user"),
    *("commit", "commit_pull_request"),
)
JIRA = ("issue", "issue_field_history", "status", "status_category", "resolution")
DEALS = ("opportunity", "opportunity_history", "opportunity_stage")
JOBS = ("job_opening", "job", "job_department", "offer", "scorecard")
PULLED = {"use_case_id": TASKS["use_case_id"], "team_id": "the team; NULL: no KPI by team"}
ISSUES = {name: TASKS[name] for name in ("use_case_id", "execution_mode", "is_eligible")}
SCREENED = {"is_ai_screened": "whether AI screened the applications; NULL: no comparison"}
TOOLS = {
    "zendesk": (
        Mapping("task_events", "from_zendesk_tickets", ("ticket", "ticket_field_history"), TASKS),
        Mapping("survey_responses", "from_zendesk_satisfaction_ratings", ("satisfaction_rating", "ticket")),
    ),
    "github": (Mapping("task_events", "from_github_pull_requests", PULL_REQUESTS, PULLED),),
    "jira": (Mapping("task_events", "from_jira_issues", JIRA, ISSUES),),
    "otel_genai": (Mapping("ai_events", "from_otel_genai_spans", ("otel_traces",), CALLS),),
    "langfuse": (Mapping("ai_events", "from_langfuse", ("observations", "traces"), CALLS),),
    "litellm": (Mapping("ai_events", "from_litellm_spend_logs", ("LiteLLM_SpendLogs",), CALLS),),
    "salesforce": (Mapping("opportunities", "from_salesforce_opportunities", DEALS),),
    "focus": (Mapping("cost_records", "from_focus_costs", ("focus",), CASE),),
    "pagerduty": (Mapping("incidents", "from_pagerduty_incidents", ("incidents", "log_entries")),),
    "segment": (Mapping("touches", "from_segment_tracks", ("pages",), CASE),),
    "snowplow": (Mapping("touches", "from_snowplow_events", ("events",), CASE),),
    "openai": (Mapping("cost_records", "from_openai_usage", ("cost",), CASE),),
    "claude": (Mapping("cost_records", "from_claude_usage", ("cost_report",), CASE),),
    "greenhouse": (Mapping("requisitions", "from_greenhouse_jobs", JOBS, SCREENED),),
}
# Of each seed what it says, and its columns; one without a type is a text.
SEEDS = {
    "use_cases": (
        "where AI is used: when it went live, and a baseline window of 4 to 12 weeks before",
        "use_case_id name domain process owner ai_live_from:date baseline_from:date baseline_to:date "
        "requires_human_sign_off:boolean",
    ),
    "labor_rates": (
        "headcount, hourly cost and contracted hours per team and month",
        "team_id month:date headcount_fte:double loaded_cost_per_hour:double contracted_hours_per_week:double",
    ),
    "experiments": (
        "each experiment, before it starts",
        "experiment_id name use_case_id hypothesis design unit_type control_arm treatment_arm "
        "primary_metric_id secondary_metric_ids guardrail_metric_ids registered_at:timestamp "
        "starts_at:timestamp ends_at:timestamp expected_split alpha:double power:double "
        "minimum_detectable_effect:double cluster_by inference interim_looks dimensions period primary_method "
        "sequential_tuning_n:double",
    ),
    "metric_catalog_extra": (
        "the metrics of your experiments",
        "metric_id name aggregation transform unit_type direction is_guardrail:boolean covariate "
        "numerator_measure denominator_measure window_days:integer quantile:double winsorize_at:double "
        "window_from non_inferiority_margin:double prior_sd:double phrase",
    ),
    "roi_assumptions": (
        "assumptions such as the share of saved time that is put to other use",
        "use_case_id name low:double base:double high:double distribution source",
    ),
    "roi_terms": (
        "which estimate pays which term of the return",
        "use_case_id term experiment_id metric_id basis treatment_arm",
    ),
    "reviews": (
        "reviews held, and signatures of registrations",
        "use_case_id cadence reviewed_on:date outcome experiment_id signed_off_by registration_hash",
    ),
    "slo_targets": (
        "objectives of service levels",
        "use_case_id indicator objective:double window_days:integer budget_policy",
    ),
}


def columns(seed: str) -> dict[str, str]:
    """The columns of a seed, and the type of each."""
    pairs = (word.partition(":") for word in SEEDS[seed][1].split())
    return {name: kind or "text" for name, _, kind in pairs}


def model(tool: str, mapping: Mapping) -> str:
    """A mapping by a connector, with what is to be filled in."""
    notes = [f"{name}: {what}." for name, what in mapping.fill.items()]
    asked = (
        ["Fill in SQL over the columns of the first table:", *notes] if notes else ["Nothing needs to be filled in."]
    )
    lines = [f"-- {line}" for line in (*asked, "docs/connectors.md of ai_impact has all arguments.")]
    given = [f"source('{tool}', '{table}')" for table in mapping.tables]
    given += [f'{name}="null"' for name in mapping.fill]
    body = ",\n".join(f"    {argument}" for argument in given)
    return "\n".join(lines) + f"\n{{{{ ai_impact.{mapping.macro}(\n{body}\n) }}}}\n"


def empty(source: str) -> str:
    """A mapping of a source that no tool makes yet."""
    select = f"select\n{{{{ ai_impact.contract_columns('{source}', {{}}) }}}}\n"
    return f"-- No tool makes these yet: an empty table.\n{select}from (select 1 as nothing) as nobody\nwhere 1 = 0\n"


def model_name(source: str, tool: str = "") -> str:
    return "_".join(filter(None, ("ai", source.removeprefix("ai_"), tool)))


def models(project: str, tools: list[str]) -> tuple[dict[Path, str], dict[str, str]]:
    """The files of the mappings, and the model of each source of the data contract."""
    made: dict[str, list[tuple[str, Mapping]]] = {source: [] for source in NEEDED}
    for tool in tools:
        for mapping in TOOLS[tool]:
            made.setdefault(mapping.makes, []).append((tool, mapping))
    files, given = {}, {}
    for source, mappings in made.items():
        given[source] = model_name(source)
        names = [model_name(source, tool if len(mappings) > 1 else "") for tool, _ in mappings]
        for name, (tool, mapping) in zip(names, mappings, strict=True):
            files[MODELS / f"{name}.sql"] = model(tool, mapping)
        if len(mappings) > 1:
            parts = [f"select * from {{{{ ref('{project}', '{name}') }}}}" for name in names]
            files[MODELS / f"{given[source]}.sql"] = "\nunion all\n".join(parts) + "\n"
        if not mappings:
            files[MODELS / f"{given[source]}.sql"] = empty(source)
    return files, given


def sources(tools: list[str]) -> str:
    """Where the tables of the tools are."""
    lines = [
        "version: 2",
        "",
        "# Where your loader puts the tables of each tool: correct schema and names.",
        "sources:",
    ]
    for tool in tools:
        tables = sorted({table for mapping in TOOLS[tool] for table in mapping.tables})
        lines += [f"  - name: {tool}", f"    schema: {tool}", "    tables:", *(f"      - name: {t}" for t in tables)]
    return "\n".join(lines) + "\n"


def seeds() -> dict[Path, str]:
    """Seeds with a head and no rows, the types of their columns, and what to fill in."""
    files = {FILES / f"{seed}.csv": ",".join(columns(seed)) + "\n" for seed in SEEDS}
    lines = ["version: 2", "", "# What to fill in; types, since dbt can't guess that of an empty column.", "seeds:"]
    for seed, (says, _) in SEEDS.items():
        lines += [f"  - name: {seed}", f'    description: "{says[0].upper()}{says[1:]}."']
        lines += ["    config:", "      column_types:"]
        for name, kind in columns(seed).items():
            lines.append(f'        {name}: "{TYPES[kind]}"' if kind in TYPES else f"        {name}: {kind}")
    files[FILES / "_seeds.yml"] = "\n".join(lines) + "\n"
    return files


def settings(project: str, given: dict[str, str]) -> str:
    """The part of dbt_project.yml that is about ai_impact."""
    lines = ["flags:", "  require_ref_searches_node_package_before_root: true", "", "vars:", "  ai_impact:"]
    lines += [f"    {source}_relation: \"{{{{ ref('{project}', '{name}') }}}}\"" for source, name in given.items()]
    lines += [f"    {source}_enabled: false" for source in OPTIONAL if source not in given]
    lines += [f"    {seed}_relation: \"{{{{ ref('{project}', '{seed}') }}}}\"" for seed in SEEDS]
    return "\n".join([*lines, "", "models:", f"  {project}:", "    ai_impact:", "      +materialized: table"]) + "\n"


def readme(project: str, given: dict[str, str], filled: list[Path]) -> str:
    """What is left to do, in order."""
    mappings = "\n".join(f"- `{path.name}`" for path in filled)
    tables = "\n".join(f"| `{seed}` | {says} |" for seed, (says, _) in SEEDS.items())
    return f"""# ai_impact: what to fill in

1. `_sources.yml`: schema and name of your tables.
2. In each mapping below, the expressions that are `null`: its first lines say what for.
3. The seeds in `{FILES}`, from the first on; a seed without rows is fine.
4. In `dbt_project.yml`, what stands at the end of this page, if it is not there.
5. In `packages.yml`, where the package is.

Then `dbt deps`, `dbt build`, `ai-impact doctor`.

{mappings}

| seed | fill in |
|---|---|
{tables}

```yaml
{settings(project, given)}```
"""


def project_name(folder: Path) -> str:
    """As its dbt_project.yml says, or after its folder."""
    path = folder / "dbt_project.yml"
    found = re.search(r"^name:\s*['\"]?(\w+)", path.read_text(), re.MULTILINE) if path.exists() else None
    return found[1] if found else re.sub(r"\W|^(?=\d)", "_", folder.resolve().name.lower())


def planned(folder: Path, tools: list[str]) -> dict[Path, str]:
    """All files, by their path in the project."""
    name = project_name(folder)
    files, given = models(name, tools)
    filled = [path for path, text in files.items() if '="null"' in text]
    head = f"name: {name}\nversion: 1.0.0\nconfig-version: 2\nprofile: {name}\n\n"
    package = "packages:\n  # Where you get ai_impact from: a git repository, or a folder (local: ../ai_impact).\n"
    package += f"  - git: https://github.com/your-organisation/ai_impact.git\n    revision: v{__version__}\n"
    return {
        Path("packages.yml"): package,
        Path("dbt_project.yml"): head + settings(name, given),
        MODELS / "_sources.yml": sources(tools),
        **files,
        **seeds(),
        MODELS / "README.md": readme(name, given, filled),
    }


def build(named: str, folder: Path = Path()) -> str:
    """Write the files that are not there, and say which were. `named`: tools, separated by commas."""
    tools = list(dict.fromkeys(tool.strip() for tool in named.split(",") if tool.strip()))
    unknown = [tool for tool in tools if tool not in TOOLS]
    if unknown or not tools:
        what = f"There is no connector for {', '.join(unknown)}." if unknown else "Name the tools that you have."
        raise ProblemError(f"{what} There are: {', '.join(sorted(TOOLS))}. For another tool, see docs/mapping.md.")
    written, left = [], []
    for path, text in planned(folder, tools).items():
        target = folder / path
        if target.exists():
            left.append(str(path))
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        written.append(str(path))
    kept = f" Left as they were: {', '.join(left)}." if left else ""
    return f"Wrote {len(written)} files.{kept} Read {MODELS / 'README.md'} for what to fill in."


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="tools", required=True, help=f"Tools, by commas: {', '.join(sorted(TOOLS))}.")
    parser.add_argument(
        "--project-dir", default=".", help="The dbt project, or its folder to be. Default: this folder."
    )
