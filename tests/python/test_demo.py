"""The demo company: the same every time, of the size asked for, as dirty as it says, and with the truth it says."""

import csv
import math
import shutil
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from demo import company
from demo import generate as generator
from demo.company import TEAMS, TRUTH, WAVES, Size, truth_rows
from demo.generate import SLICES, generate, slices
from demo.load import TABLES, load
from demo.schema import SOURCES

SEEDS = Path(__file__).parents[2] / "seeds"
BY_NAME = {source.name: source for source in SOURCES}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    out = tmp_path_factory.mktemp("demo")
    generate(events=300_000, seed=3, out=out)
    return out


@pytest.fixture(scope="module")
def raw(files):
    """The landed rows as views, and `clean_<source>`: one typed row an event, without what is broken."""
    con = duckdb.connect(":memory:")
    for table in TABLES:
        con.execute(f"create view {table} as select * from read_parquet('{files}/{table}/*.parquet')")
    for source in SOURCES:
        key = ", ".join([*source.key, "updated_at"]) if source.is_state else "event_id"
        identity = source.key[0] if source.is_state else "event_id"
        con.execute(f"""
            create table clean_{source.name} as
            select distinct on ({key}) * from {source.name}
            where coalesce({identity}, '') <> '' and {identity} not like 'bad-%'
            order by {key}, try_cast(received_at as timestamp)""")
    con.execute("""
        create table tasks as
        select
            task_id, any_value(use_case_id) as use_case_id, any_value(team_id) as team_id,
            any_value(subject_id) as subject_id,
            any_value(execution_mode) as mode,
            min(cast(occurred_at as timestamp)) filter (where event_type = 'created') as created_at,
            max(cast(human_minutes as double)) filter (where event_type = 'completed') as minutes,
            max(cast(human_minutes as double)) filter (where event_type = 'review_completed') as review_minutes,
            any_value(actor_id) filter (where event_type = 'completed') as actor_id,
            (epoch(max(cast(occurred_at as timestamp)) filter (where event_type = 'completed'))
            - epoch(max(cast(occurred_at as timestamp)) filter (where event_type = 'started'))) / 3600 as cycle_hours,
            cast(bool_or(event_type = 'rework_requested') as integer) as rework,
            count(*) filter (where event_type = 'error_found') as errors
        from clean_task_events group by task_id having bool_or(event_type = 'completed')""")
    return con


def truth(experiment, metric, scale):
    found = [value for e, m, _, s, value in truth_rows() if (e, m, s) == (experiment, metric, scale)]
    assert len(found) == 1
    return found[0]


def ratio_moments(con, sql):
    """Of rows (arm, y, x), one a unit: arm -> (n, mean y, mean x, variance of the ratio of the means)."""
    rows = con.sql(f"""
        select arm, count(*), avg(y), avg(x), var_samp(y), coalesce(var_samp(x), 0), coalesce(covar_samp(y, x), 0)
        from ({sql}) group by arm
    """).fetchall()
    moments = {}
    for arm, n, y, x, var_y, var_x, cov in rows:
        ratio = y / x
        moments[arm] = (n, ratio, (var_y - 2 * ratio * cov + ratio * ratio * var_x) / (n * x * x))
    return moments


def assert_recovers(con, sql, control, treatment, absolute=None, relative=None, within=3.5):
    moments = ratio_moments(con, sql)
    (_, c, var_c), (_, t, var_t) = moments[control], moments[treatment]
    if absolute is not None:
        assert abs(t - c - absolute) < within * math.sqrt(var_t + var_c)
    if relative is not None:
        error = math.sqrt(var_t / c**2 + var_c * t**2 / c**4)
        assert abs(t / c - 1 - relative) < within * error
    return t / c - 1, moments


EMAIL = """
    select a.arm, {y} as y, {x} as x
    from clean_assignments as a
    join (
        select subject_id, count(*) as n, sum(minutes) as minutes, sum(coalesce(review_minutes, 0)) as review,
            sum(cycle_hours) as cycle, sum(rework) as rework, sum(errors) as errors
        from tasks where use_case_id = 'email_drafting' group by subject_id
    ) as t on t.subject_id = a.unit_id
    where a.experiment_id = 'email_drafting'"""


@pytest.mark.parametrize(
    ("metric", "y", "x"),
    [
        ("throughput_per_labour_hour", "n", "minutes / 60"),
        ("throughput_per_labour_hour", "n", "(minutes + review) / 60"),
        ("time_to_draft", "cycle", "n"),
        ("rework_rate", "rework", "n"),
        ("error_rate", "errors", "n"),
    ],
)
def test_email_experiment_has_the_planted_effects(raw, metric, y, x):
    with_review = "review" in x
    assert_recovers(
        raw,
        EMAIL.format(y=y, x=x),
        "human_draft",
        "ai_draft",
        absolute=None if with_review else truth("email_drafting", metric, "absolute"),
        relative=truth("email_drafting", metric, "relative"),
    )


def test_email_experiment_lifts_mql_and_has_the_power_to_show_it(raw):
    sql = """
        select a.arm, cast(o.unit_id is not null as integer) as y, 1 as x, cast(c.value_number as double) as score
        from clean_assignments as a
        left join (select distinct unit_id from clean_outcome_events where name = 'mql') as o on o.unit_id = a.unit_id
        join clean_unit_covariates as c on c.unit_id = a.unit_id and c.name = 'engagement_score'
        where a.experiment_id = 'email_drafting'"""
    _, moments = assert_recovers(
        raw,
        sql,
        "human_draft",
        "ai_draft",
        truth("email_drafting", "mql_rate", "absolute"),
        truth("email_drafting", "mql_rate", "relative"),
    )
    error = math.sqrt(sum(variance for _, _, variance in moments.values()))
    assert truth("email_drafting", "mql_rate", "absolute") / error > 1.96 + 0.84
    n = [count for count, _, _ in moments.values()]
    assert abs(n[0] - n[1]) < 3.5 * math.sqrt(sum(n))
    # Known before, and worth adjusting for.
    assert raw.sql(f"select corr(y, score) from ({sql})").fetchone()[0] > 0.25
    assert raw.sql("""
        select count(*) from clean_assignments as a join clean_unit_covariates as c on c.unit_id = a.unit_id
        where a.experiment_id = 'email_drafting'
            and cast(c.observed_at as timestamp) >= cast(a.assigned_at as timestamp)
    """).fetchone() == (0,)


@pytest.mark.parametrize(
    ("experiment", "metric", "outcome", "control", "treatment", "until"),
    [
        ("landing_page", "page_conversion_rate", "page_conversion", "holdout", "ai_page", TRUTH.landing_ends),
        ("account_outreach", "churn_rate", "churned", "holdout", "ai_outreach", TRUTH.churn_ends),
    ],
)
def test_holdouts_have_the_planted_effects(raw, experiment, metric, outcome, control, treatment, until):
    sql = f"""
        select a.arm, cast(exists (
            select 1 from clean_outcome_events as o where o.unit_id = a.unit_id and o.name = '{outcome}'
            and cast(o.occurred_at as timestamp) between cast(a.assigned_at as timestamp) and timestamp '{until}'
        ) as integer) as y, 1 as x
        from clean_assignments as a where a.experiment_id = '{experiment}'"""
    effect, _ = assert_recovers(
        raw, sql, control, treatment, truth(experiment, metric, "absolute"), truth(experiment, metric, "relative")
    )
    assert effect * truth(experiment, metric, "relative") > 0


DEALS = f"""
    select a.arm, a.unit_id, sum(cast(cast(o.is_won as boolean) as integer)) as y, count(*) as x
    from clean_assignments as a
    join clean_opportunities as o on o.account_id = a.unit_id and o.is_closed = 'true'
        and cast(o.created_at as timestamp) >= cast(a.assigned_at as timestamp)
        and cast(o.closed_at as timestamp) < timestamp '{TRUTH.positioning_ends}'
    where a.experiment_id = 'positioning' group by a.arm, a.unit_id"""


def test_positioning_with_a_person_wins_more(raw):
    assert_recovers(
        raw,
        DEALS,
        "ai_only",
        "ai_human",
        truth("positioning", "win_rate", "absolute"),
        truth("positioning", "win_rate", "relative"),
    )
    # Every deal of the experiment closes before it ends.
    assert raw.sql(
        f"select max(cast(closed_at as timestamp)) < '{TRUTH.positioning_ends}' from clean_opportunities"
        " where try_cast(replace(opportunity_id, 'opp-', '') as integer) % 3 > 0"
    ).fetchone() == (True,)


def test_overriding_the_ai_pays_as_planted(raw):
    sql = """
        select if(d.human_action = 'accepted', 'accepted', 'overridden') as arm,
            cast(o.outcome_label = 'success' as integer) as y, 1 as x
        from clean_decision_events as d
        join clean_decision_events as o on o.decision_id = d.decision_id and o.event_type = 'outcome_observed'
        where d.use_case_id = 'positioning' and d.event_type = 'decided' and d.human_action <> 'none'"""
    _, moments = assert_recovers(
        raw, sql, "accepted", "overridden", truth("positioning", "override_success", "absolute")
    )
    n = moments["overridden"][0] + moments["accepted"][0]
    share = moments["overridden"][0] / n
    assert abs(share - TRUTH.positioning_override_share) < 3.5 * math.sqrt(share * (1 - share) / n)


def triage(raw, value):
    """Means before the first wave and after the last, of teams with and without: their changes are compared."""
    waves = ", ".join(f"('{team}', timestamp '{wave}')" for team, wave in WAVES.items() if wave)
    return raw.sql(f"""
        with waves (team_id, wave_at) as (values {waves}),
        labelled as (
            select t.*, created_at < '2026-01-12' as is_before, created_at >= '2026-04-06' as is_after, wave_at
            from tasks as t left join waves using (team_id) where use_case_id = 'incident_triage'
        )
        select wave_at is not null as is_treated, is_after, {value} as v, count(*) as n
        from labelled where is_before or is_after group by all order by 1, 2""").fetchall()


def test_triage_resolves_sooner_and_handles_more(raw):
    for value, metric, tolerance in (
        ("avg(cycle_hours)", "mttr_hours", 0.12),
        ("avg(minutes)", "human_hours_per_incident", 0.10),
        ("count(*)", "incidents_handled", 0.35),
    ):
        (_, _, c0, _), (_, _, c1, _), (_, _, t0, _), (_, _, t1, _) = triage(raw, value)
        effect = (t1 / t0) / (c1 / c0) - 1
        assert abs(effect - truth("incident_triage", metric, "relative")) < tolerance, metric


def test_uptime_is_as_planted(raw):
    waves = ", ".join(f"('{team}', timestamp '{wave}')" for team, wave in WAVES.items() if wave)
    services = Size.of(300_000).services_per_team
    before, after = raw.sql(f"""
        with waves (team_id, wave_at) as (values {waves}),
        outages as (
            select i.team_id, cast(impact_started_at as timestamp) as began,
                epoch(cast(impact_ended_at as timestamp)) - epoch(cast(impact_started_at as timestamp)) as s
            -- A second incident of the same outage lies within it: the union is the first.
            from clean_incidents as i where impact_started_at is not null and incident_id not like '%-echo'
        ),
        spans as (
            select team_id, {services} * (epoch(wave_at) - epoch(timestamp '{company.FIRST_DAY}')) as before,
                {services} * (epoch(timestamp '{company.LAST_DAY}' + interval 1 day) - epoch(wave_at)) as after
            from waves
        )
        select 1 - (select sum(s) from outages join waves using (team_id) where began < wave_at) / sum(before),
            1 - (select sum(s) from outages join waves using (team_id) where began >= wave_at) / sum(after)
        from spans""").fetchone()
    assert before == pytest.approx(1 - TRUTH.triage_downtime, abs=0.00015)
    assert after == pytest.approx(1 - TRUTH.triage_downtime_ai, abs=0.00010)
    prevented = raw.sql("select count(*) from clean_outcome_events where name = 'incident_prevented'").fetchone()[0]
    assert prevented == TRUTH.triage_prevented


def test_adopters_were_better_before_and_gain_what_is_planted(raw):
    (a0, a1), (n0, n1) = raw.sql("""
        select
            avg(minutes) filter (where created_at < '2026-01-05'),
            avg(minutes) filter (where created_at >= '2026-02-16')
        from tasks
        join (select unit_id, arm from clean_assignments where experiment_id = 'sales_research') as a
            on a.unit_id = replace(tasks.actor_id, '-old', '')
        where use_case_id = 'sales_research' group by arm order by arm""").fetchall()
    assert a0 < 0.92 * n0
    assert a1 / a0 / (n1 / n0) - 1 == pytest.approx(TRUTH.research_change, abs=0.09)
    # Taken as it stands, the difference flatters AI.
    assert a1 / n1 - 1 < TRUTH.research_change - 0.05


def test_brand_steps_up(raw):
    before, after = raw.sql(f"""
        with s as (select cast(week as date) as week, series, cast(value as double) as v from clean_market_signals),
        x as (select b.v / (200 + 4 * m.v + 0.08 * c.v) as r, b.week
            from s as b join s as m using (week) join s as c using (week)
            where b.series = 'branded_search' and m.series = 'market_index' and c.series = 'category_search')
        select avg(r) filter (where week < '{TRUTH.brand_starts}'),
            avg(r) filter (where week >= '{TRUTH.brand_starts}') from x""").fetchone()
    assert after / before - 1 == pytest.approx(TRUTH.brand_lift, abs=0.02)


def test_regions_with_campaigns_order_more(raw):
    """Each region against its twin, and against itself before."""
    sql = f"""
        select a.unit_id, a.arm, a.stratum,
            avg(e.v) filter (where e.at >= '{TRUTH.regions_starts}' and e.at < '{TRUTH.regions_ends}') as after,
            avg(e.v) filter (where e.at < '{TRUTH.regions_starts}') as before
        from clean_assignments as a
        join (select unit_id, cast(occurred_at as timestamp) as at, cast(value as double) as v
            from clean_outcome_events where name = 'regional_orders') as e on e.unit_id = a.unit_id
        where a.experiment_id = 'regional_campaigns' group by all"""
    assert raw.sql(f"select arm, count(*), count(stratum) from ({sql}) group by arm order by arm").fetchall() == [
        ("ai_campaigns", 10, 10),
        ("held_back", 30, 10),
    ]
    lift, gain, level = raw.sql(f"""
        with regions as ({sql}),
        pairs as (
            select t.after / c.after / (t.before / c.before) - 1 as lift,
                2 * (t.after - c.after - t.before + c.before) as gain, 2 * c.after as level
            from regions as t join regions as c on t.stratum = c.stratum
            where t.arm = 'ai_campaigns' and c.arm = 'held_back')
        select avg(lift), avg(gain), avg(level) from pairs""").fetchone()
    assert lift == pytest.approx(TRUTH.regions_lift, abs=0.02)
    assert gain == pytest.approx(truth("regional_campaigns", "regional_orders", "absolute"), rel=0.25)
    assert level == pytest.approx(company.regional_orders(), rel=0.03)


def test_hiring_is_faster(raw):
    sql = """
        select if(is_ai_screened = 'true', 'ai', 'human') as arm, 1 as x,
            date_diff('hour', cast(opened_at as timestamp), cast(filled_at as timestamp)) / 24.0 as y
        from clean_requisitions where status = 'filled' and cast(opened_at as timestamp) < timestamp '2026-07-01'"""
    assert_recovers(raw, sql, "human", "ai", relative=truth("hiring_screen", "days_to_fill", "relative"))


def test_one_model_is_worse_as_planted(raw):
    window = f"between timestamp '{TRUTH.bad_model_from}' and timestamp '{TRUTH.bad_model_to}'"
    base = f"from tasks where use_case_id = 'email_drafting' and mode <> 'human' and created_at >= '{TRUTH.email_ends}'"
    for y, metric in (("rework", "rework_rate"), ("errors", "error_rate")):
        sql = f"select if(created_at {window}, 'bad', 'good') as arm, {y} as y, 1 as x {base}"
        assert_recovers(raw, sql, "good", "bad", relative=truth("email_model", metric, "relative"))
    rated = f"""
        select if(created_at {window}, 'bad', 'good') as arm, cast(e.label = 'fail' as integer) as y, 1 as x
        from clean_evaluations as e join (select * {base}) as t on t.task_id = e.target_id
        where e.criterion = 'groundedness' and e.evaluator_type = 'llm'"""
    assert_recovers(raw, rated, "good", "bad", absolute=truth("email_model", "groundedness_fail_rate", "absolute"))
    models = raw.sql(
        "select count(distinct response_model) from clean_ai_events"
        " where use_case_id = 'email_drafting' and event_type = 'model_call'"
    ).fetchone()
    assert models == (3,)


def test_channels_convert_as_planted(raw):
    touches = raw.sql("""
        select channel, count(*) from clean_touches group by channel""").fetchall()
    shares = {channel: share for channel, share, _, _ in company.CHANNELS}
    total = sum(n for _, n in touches)
    for channel, n in touches:
        assert abs(n / total - shares[channel]) < 4.5 * math.sqrt(shares[channel] / total), channel
    expected = sum(n * chance for channel, n in touches for c, _, _, chance in company.CHANNELS if c == channel)
    signups = raw.sql("select count(*) from clean_outcome_events where name = 'signup'").fetchone()[0]
    assert abs(signups - expected) < 4 * math.sqrt(expected)


def test_people_are_enough_and_one_team_is_too_small(raw):
    people = dict(
        raw.sql("""
        select team_id, count(distinct replace(actor_id, '-old', ''))
        from clean_task_events where actor_kind = 'human' group by team_id
    """).fetchall()
    )
    assert people.pop("sre_edge") == 3
    assert min(people.values()) >= 8
    assert raw.sql(
        "select count(*) from clean_task_events where actor_kind = 'human' and actor_id is null"
    ).fetchone() == (0,)


def test_weeks_have_a_weekend_and_the_year_a_season(raw):
    weekend, december, november = raw.sql("""
        select
            count(*) filter (where isodow(created_at) >= 6) / count(*),
            count(*) filter (where created_at between '2025-12-22' and '2026-01-01') / 10,
            count(*) filter (where created_at between '2025-11-10' and '2025-12-01') / 21
        from tasks where use_case_id <> 'incident_triage'""").fetchone()
    assert weekend < 0.06
    assert december < 0.75 * november


# ---- The files: the same for a seed, of the size asked for, in bounded parts ----


def contents(folder):
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.parquet"))}


def rows_of(folder, source):
    return duckdb.sql(f"select * from read_parquet('{folder}/{source}/*.parquet') order by all").fetchall()


def test_same_seed_same_company_whatever_the_threads(tmp_path):
    generate(events=50_000, seed=1, out=tmp_path / "a", threads=1)
    generate(events=50_000, seed=1, out=tmp_path / "b", threads=2)
    generate(events=50_000, seed=2, out=tmp_path / "c", threads=2)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    for source in SOURCES:
        assert rows_of(tmp_path / "a", source.name) != rows_of(tmp_path / "c", source.name), source.name


@pytest.mark.parametrize("events", [50_000, 100_000])
def test_size_is_what_was_asked_for(tmp_path, events):
    manifest = generate(events=events, seed=3, out=tmp_path)
    assert manifest["total_rows"] == pytest.approx(events, rel=0.1)
    assert min(manifest["rows"].values()) > 0


def test_default_size_and_shares(files):
    rows = generator.read_manifest(files)["rows"]
    total = sum(rows.values())
    assert total == pytest.approx(300_000, rel=0.1)
    assert 0.22 < rows["ai_events"] / total < 0.40
    assert set(rows) == set(BY_NAME)


@pytest.mark.parametrize("events", [100_000, 5_000_000, 100_000_000])
def test_chunks_are_bounded_disjoint_and_complete(events):
    size = Size.of(events)
    for name in SLICES:
        bounds = [(b[f"lo_{name}"], b[f"hi_{name}"]) for b in (slices(size, chunk) for chunk in range(size.chunks))]
        assert bounds[0][0] == 0
        assert bounds[-1][1] == getattr(size, name)
        assert all(left[1] == right[0] for left, right in pairwise(bounds))
        per_chunk = getattr(size, name) * company.ROWS_PER_CHUNK / events
        assert max(high - low for low, high in bounds) <= per_chunk + 1


def test_chunks_write_the_same_clean_rows(tmp_path, monkeypatch):
    generate(events=60_000, seed=5, out=tmp_path / "one")
    monkeypatch.setattr(company, "ROWS_PER_CHUNK", 20_000)
    generate(events=60_000, seed=5, out=tmp_path / "three")
    assert len(list((tmp_path / "three" / "task_events").glob("*.parquet"))) == 3
    for source in SOURCES:
        if source.is_state:
            continue
        one, three = (
            duckdb.sql(f"""select distinct on (event_id) *
                from read_parquet('{tmp_path}/{folder}/{source.name}/*.parquet')
                where coalesce(event_id, '') not in ('') and event_id not like 'bad-%'
                order by event_id, received_at""").fetchall()
            for folder in ("one", "three")
        )
        assert one == three, source.name


def test_the_same_company_is_not_written_twice(tmp_path):
    first = generate(events=50_000, seed=1, out=tmp_path)
    file = next((tmp_path / "touches").glob("*.parquet"))
    written = file.stat().st_mtime_ns
    assert generate(events=50_000, seed=1, out=tmp_path) == first
    assert file.stat().st_mtime_ns == written
    # An interrupted run leaves no manifest: it is started afresh, without what it left behind.
    (tmp_path / "manifest.json").unlink()
    stray = tmp_path / "touches" / "part-99999.parquet"
    stray.write_bytes(b"half a file")
    assert generate(events=50_000, seed=1, out=tmp_path) == first
    assert not stray.exists()


def test_a_size_that_cannot_be_is_refused(tmp_path):
    with pytest.raises(ValueError, match="choose a number from 50,000"):
        generate(events=10, seed=1, out=tmp_path)


# ---- Dirt ----


def planted(raw):
    return {(source, reason): n for source, reason, n in raw.sql("select * from demo_dirt").fetchall()}


def test_dirt_accounts_for_every_row(raw):
    dirt = planted(raw)
    in_place = {"late", "clock_skew", "shared_identifier"}
    for source in SOURCES:
        extra = sum(n for (name, reason), n in dirt.items() if name == source.name and reason not in in_place)
        total = raw.sql(f"select count(*) from {source.name}").fetchone()[0]
        clean = raw.sql(f"select count(*) from clean_{source.name}").fetchone()[0]
        assert clean + extra == total, source.name
        assert {reason for name, reason in dirt if name == source.name} >= set(source.breakages), source.name


def test_duplicates_late_and_skewed_rows_are_as_many_as_written_down(raw):
    dirt = planted(raw)
    for source in SOURCES:
        columns = [c for c in source.all_columns if c != "received_at"]
        identity = source.key[0] if source.is_state else "event_id"
        raw.execute(f"""
            create or replace view repeated as select * from {source.name}
            where coalesce({identity}, '') <> '' and {identity} not like 'bad-%'""")
        rows, without_copies, without_redelivered = raw.sql(f"""
            select (select count(*) from repeated), (select count(*) from (select distinct * from repeated)),
                (select count(*) from (select distinct {", ".join(columns)} from repeated))""").fetchone()
        assert rows - without_copies == dirt.get((source.name, "duplicate_exact"), 0), source.name
        assert without_copies - without_redelivered == dirt.get((source.name, "duplicate_redelivered"), 0), source.name
        if source.is_state:
            continue
        lag = "epoch(cast(received_at as timestamp)) - epoch(cast(occurred_at as timestamp))"
        late, skewed = raw.sql(
            f"select count(*) filter (where {lag} > 3 * 86400), count(*) filter (where {lag} < 0)"
            f" from clean_{source.name}"
        ).fetchone()
        assert late == dirt.get((source.name, "late"), 0), source.name
        assert skewed == dirt.get((source.name, "clock_skew"), 0), source.name
    clean = raw.sql("select count(*) from clean_task_events").fetchone()[0]
    share = (dirt["task_events", "duplicate_exact"] + dirt["task_events", "duplicate_redelivered"]) / clean
    assert share == pytest.approx(TRUTH.duplicates, rel=0.1)
    assert dirt["task_events", "late"] / clean == pytest.approx(TRUTH.late, rel=0.2)


@pytest.mark.parametrize(
    ("source", "reason", "condition"),
    [
        ("task_events", "bad_timestamp", "occurred_at is not null and try_cast(occurred_at as timestamp) is null"),
        ("task_events", "bad_number", "human_minutes is not null and try_cast(human_minutes as double) is null"),
        ("task_events", "bad_boolean", "is_eligible is not null and try_cast(is_eligible as boolean) is null"),
        ("task_events", "out_of_range", "try_cast(human_minutes as double) < 0"),
        ("task_events", "missing_key", "coalesce(event_id, '') = '' or coalesce(task_id, '') = ''"),
        ("task_events", "unknown_enum", "event_type not in (select distinct event_type from clean_task_events)"),
        (
            "task_events",
            "future_timestamp",
            "try_cast(occurred_at as timestamp) > try_cast(received_at as timestamp) + interval 10 minute",
        ),
        (
            "task_events",
            "too_late",
            "try_cast(received_at as timestamp) > try_cast(occurred_at as timestamp) + interval 30 day",
        ),
        ("ai_events", "out_of_range", "try_cast(confidence as double) not between 0 and 1"),
        ("ai_events", "bad_number", "try_cast(input_tokens as bigint) is null and input_tokens is not null"),
        ("decision_events", "out_of_range", "try_cast(ai_confidence as double) not between 0 and 1"),
        ("incidents", "negative_duration", "try_cast(resolved_at as timestamp) < try_cast(opened_at as timestamp)"),
        ("opportunities", "negative_duration", "try_cast(closed_at as timestamp) < try_cast(created_at as timestamp)"),
        ("opportunities", "out_of_range", "try_cast(amount as double) < 0"),
        (
            "identity_links",
            "shared_identifier",
            "id_a = 'kiosk-lobby' and event_id not like 'bad-%' and event_id <> ''",
        ),
    ],
)
def test_malformed_rows_are_as_many_as_written_down(raw, source, reason, condition):
    table = "(select distinct on (event_id) * from identity_links)" if reason == "shared_identifier" else source
    found = raw.sql(f"select count(*) from {table} where {condition}").fetchone()[0]
    assert found == planted(raw)[source, reason]


def test_collisions_share_an_id_and_differ(raw):
    found = raw.sql(
        "select count(*) from (select event_id from task_events where event_id <> ''"
        " group by event_id having count(distinct task_id) > 1)"
    ).fetchone()[0]
    assert found == planted(raw)["task_events", "collision"]


def test_a_kiosk_is_shared_and_people_have_two_names(raw):
    assert planted(raw)["identity_links", "shared_identifier"] == 1000
    merged = raw.sql("select count(*) from clean_identity_links where id_type_a = id_type_b").fetchone()[0]
    assert merged >= len(TEAMS)
    # No other identifier is tied to so many that it would look shared.
    most = raw.sql("""
        with links as (select * from clean_identity_links where id_a <> 'kiosk-lobby'),
        ends as (select id_type_a as t, id_a as i from links union all select id_type_b, id_b from links)
        select max(n) from (select count(*) as n from ends group by t, i)""").fetchone()[0]
    assert most <= 15


def test_staging_finds_exactly_the_planted_dirt(demo_warehouse):
    verdicts = " union all ".join(
        f"""select '{source.name}' as source,
                case row_status when 'quarantined' then reason when 'accepted' then 'late' else row_status end as reason
            from base_{source.name} where row_status <> 'accepted' or is_late"""
        for source in SOURCES
    )
    with duckdb.connect(str(demo_warehouse), read_only=True) as con:
        found = con.sql(f"select source, reason, count(*) from ({verdicts}) group by all order by all").fetchall()
        wanted = con.sql("""
            select source, if(reason like 'duplicate%', 'duplicate', reason) as reason, cast(sum(rows) as bigint)
            from raw.demo_dirt where reason not in ('clock_skew', 'shared_identifier') group by all order by all
        """).fetchall()
    assert found == wanted


# ---- Loading, and the files beside ----


def test_load_is_all_or_nothing_and_repeatable(files, tmp_path):
    database = tmp_path / "new folder" / "company.duckdb"
    with pytest.raises(FileNotFoundError, match=r"run python -m demo\.generate"):
        load(tmp_path / "nowhere", database)
    assert load(files, database) == load(files, database)
    with duckdb.connect(str(database)) as con:
        rows = generator.read_manifest(files)["rows"]
        for source in SOURCES:
            types = con.sql(f"select column_name, column_type from (describe raw.{source.name})").fetchall()
            assert [name for name, _ in types] == list(source.all_columns)
            assert {kind for _, kind in types} == {"VARCHAR"}
            assert con.sql(f"select count(*) from raw.{source.name}").fetchone()[0] == rows[source.name]
        con.execute("drop table raw.touches")
    load(files, database)
    with duckdb.connect(str(database)) as con:
        assert con.sql("select count(*) from raw.touches").fetchone()[0] == rows["touches"]


def test_load_that_fails_leaves_what_was_there(files, tmp_path):
    database = tmp_path / "company.duckdb"
    load(files, database)
    broken = tmp_path / "broken"
    shutil.copytree(files, broken)
    (broken / "manifest.json").write_text('{"events": 1}')
    shutil.rmtree(broken / "demo_truth")
    with pytest.raises(duckdb.Error):
        load(broken, database)
    with duckdb.connect(str(database)) as con:
        assert con.sql("select count(*) from raw.demo_truth").fetchone()[0] == len(truth_rows())


def read_seed(name):
    with (SEEDS / f"{name}.csv").open() as file:
        return list(csv.DictReader(file))


def test_seeds_describe_this_company():
    experiments = {row["experiment_id"]: row for row in read_seed("experiments")}
    for name, starts, ends in (
        ("email_drafting", TRUTH.email_starts, TRUTH.email_ends),
        ("landing_page", TRUTH.landing_starts, TRUTH.landing_ends),
        ("positioning", TRUTH.positioning_starts, TRUTH.positioning_ends),
        ("account_outreach", TRUTH.churn_starts, TRUTH.churn_ends),
        ("incident_triage", TRUTH.triage_starts, TRUTH.triage_ends),
        ("sales_research", TRUTH.research_starts, TRUTH.research_ends),
        ("regional_campaigns", TRUTH.regions_starts, TRUTH.regions_ends),
    ):
        assert (experiments[name]["starts_at"], experiments[name]["ends_at"]) == (starts, ends)
    late = [name for name, row in experiments.items() if row["registered_at"] >= row["starts_at"]]
    assert late == ["sales_research"]
    people = {row["team_id"]: row["headcount_fte"] for row in read_seed("labor_rates")}
    assert people == {team.team_id: str(team.people) for team in TEAMS}
    metrics = {row["metric_id"] for row in read_seed("metric_catalog")}
    known = {(experiment, metric) for experiment, metric, *_ in truth_rows()}
    for name, row in experiments.items():
        asked = [row["primary_metric_id"], *filter(None, row["secondary_metric_ids"].split("|"))]
        assert set(asked) | set(filter(None, row["guardrail_metric_ids"].split("|"))) <= metrics
        assert {(name, metric) for metric in asked} <= known, name


def test_arms_are_those_of_the_registration(raw):
    for row in read_seed("experiments"):
        if row["control_arm"]:
            arms = raw.sql(
                f"select distinct arm, unit_type from clean_assignments"
                f" where experiment_id = '{row['experiment_id']}' order by arm"
            ).fetchall()
            assert arms == sorted((arm, row["unit_type"]) for arm in (row["control_arm"], row["treatment_arm"]))


def test_streams_are_uniform_and_independent(tmp_path):
    con = generator.connect(tmp_path, 2)
    generator.dimensions(con, Size.of(300_000), company.parameters(Size.of(300_000), 7))
    mean, var, corr, lag, normal = con.sql("""
        select avg(u('a', i)), var_samp(u('a', i)), corr(u('a', i), u('b', i)), corr(u('a', i), u('a', i + 1)),
            var_samp(z('a', i))
        from range(200000) as t (i)""").fetchone()
    assert mean == pytest.approx(0.5, abs=0.003)
    assert var == pytest.approx(1 / 12, abs=0.001)
    assert abs(corr) < 0.01
    assert abs(lag) < 0.01
    assert normal == pytest.approx(1, abs=0.015)
