"""The KPIs of calls of the built demo: against planted truth, and against other computations of the same."""

import math

import duckdb
import pytest

from demo.company import TRUTH

BAD, GOOD = "helix-2", "helix-1"


@pytest.fixture(scope="module")
def con(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


def by_model(con, part: str, whole: str) -> dict[str, tuple[int, int]]:
    found = con.sql(f"""
        select response_model, sum({part}), sum({whole}) from int_calls_hourly
        where use_case_id = 'email_drafting' group by response_model""")
    return {model: (int(k), int(n)) for model, k, n in found.fetchall()}


def near(k: int, n: int, truth: float, deviations: float = 3.0) -> bool:
    return abs(k / n - truth) < deviations * math.sqrt(truth * (1 - truth) / n)


def test_the_worse_model_makes_up_facts(con):
    found = by_model(con, "ungrounded_verdicts", "grounded_verdicts")
    assert near(*found[BAD], TRUTH.hallucination_bad_model)
    assert near(*found[GOOD], TRUTH.hallucination)
    assert not near(*found[BAD], TRUTH.hallucination)


def test_its_suggestions_are_accepted_less(con):
    """Suggestions name no prompt, edits neither: both take those of their task."""
    found = by_model(con, "accepted_suggestions", "accepted_suggestions + rejected_suggestions")
    assert near(*found[BAD], TRUTH.suggestion_accepted_bad_model)
    assert near(*found[GOOD], TRUTH.suggestion_accepted)
    missing = "select count(*) from int_calls_hourly where edits + accepted_suggestions > 0 and prompt_version is null"
    assert con.sql(missing).fetchall() == [(0,)]


def test_the_weeks_of_the_worse_model_stand_out(con):
    """In kpi_values, against the weeks before."""
    rows = con.execute(
        """
        select kpi_id, period_start >= $start::timestamp,
            100 * sum(numerator) / sum(denominator), max(value), min(value), min(coverage)
        from kpi_values
        where use_case_id = 'email_drafting' and period_grain = 'week' and n >= 30
            and kpi_id in ('hallucination_rate', 'suggestion_acceptance_rate', 'call_error_rate')
            and (period_end <= $start::timestamp
                or period_start >= $start::timestamp and period_end <= $end::timestamp)
        group by all""",
        {"start": TRUTH.bad_model_from, "end": TRUTH.bad_model_to},
    ).fetchall()
    found = {(kpi, during): figures for kpi, during, *figures in rows}
    assert found["hallucination_rate", True][0] > 2.5 * found["hallucination_rate", False][0]
    assert found["suggestion_acceptance_rate", True][1] < found["suggestion_acceptance_rate", False][0] - 8
    assert found["call_error_rate", True][2] > found["call_error_rate", False][0] + 1
    assert 0.2 < found["hallucination_rate", False][3] < 0.4


def test_errors_and_rework_follow_from_the_model(con):
    """quality_outcomes: three times the errors, twice the rework of the model before; the next one is no worse."""
    rows = con.sql("""
        select quality_bin, outcome, numerator, n, difference_ci_low, difference_ci_high, evidence_grade
        from quality_outcomes where use_case_id = 'email_drafting' and quality_measure = 'response_model'""")
    found = {(version, outcome): rest for version, outcome, *rest in rows.fetchall()}
    for outcome, factor in {"error": TRUTH.bad_model_error_factor, "rework": TRUTH.bad_model_rework_factor}.items():
        (k, n, low, _, grade), (k0, n0, *_) = found[BAD, outcome], found[GOOD, outcome]
        spread = math.sqrt(1 / k - 1 / n + 1 / k0 - 1 / n0)
        assert abs(math.log((k / n) / (k0 / n0) / factor)) < 2 * spread, outcome
        assert low > 0
        assert grade == "E"
        assert found["helix-3", outcome][2] < 0 < found["helix-3", outcome][3]


def test_percentiles_are_those_of_the_calls(con):
    rows = con.sql("""
        select kpi_id, k.value, k.n, quantile_cont(c.latency_ms, .5), quantile_cont(c.latency_ms, .95), count(*)
        from kpi_values as k
        inner join fct_ai_calls as c on c.occurred_at >= k.period_start and c.occurred_at < k.period_end
            and coalesce(k.use_case_id, c.use_case_id) = c.use_case_id
        where kpi_id in ('latency_p50', 'latency_p95') and c.status <> 'error' and c.is_model_call
            and (period_grain in ('hour', 'week') or period_start = '2026-06-15')
        group by k.kpi_value_key, kpi_id, k.value, k.n""").fetchall()
    assert len(rows) > 500
    for kpi, value, n, median, high, count in rows:
        assert n == count, kpi
        assert value == pytest.approx(median if kpi == "latency_p50" else high, rel=1e-9), kpi


@pytest.mark.parametrize(
    ("kpi", "numerator", "where"),
    [
        ("cost_per_call", "sum(cost_amount_reported)", "is_cost_counted and cost_amount_reported is not null"),
        ("tokens_per_call", "sum(coalesce(input_tokens, 0) + coalesce(output_tokens, 0))", "input_tokens is not null"),
        ("call_error_rate", "count(case when status = 'error' then 1 end)", "is_model_call and status is not null"),
        ("confidence_mean", "sum(confidence)", "confidence is not null"),
    ],
)
def test_periods_hold_the_calls_of_the_facts(con, kpi, numerator, where):
    """Nothing is lost or counted twice: months of the company, and the hours of each of the last days."""
    rows = con.sql(f"""
        with calls as (select * from fct_ai_calls where {where}),
        k as (select kpi_value_key, period_start, period_end, numerator, denominator from kpi_values
            where kpi_id = '{kpi}' and use_case_id is null and period_grain in ('hour', 'month', 'rolling_90d'))
        select k.numerator, k.denominator, {numerator}, count(*)
        from k
        inner join calls on calls.occurred_at >= k.period_start and calls.occurred_at < k.period_end
        group by k.kpi_value_key, k.numerator, k.denominator""").fetchall()
    assert len(rows) > 30
    for got, of, wanted, count in rows:
        assert of == count
        assert got == pytest.approx(float(wanted), rel=1e-6)


def test_hours_are_recent_and_whole(con):
    first, last, n = con.sql("""
        select min(period_start), max(period_end), count(distinct period_start) from kpi_values
        where period_grain = 'hour'""").fetchone()
    until = con.sql("select observed_until_hour from int_observed_until").fetchone()[0]
    assert last <= until
    assert (until - first).days <= 7
    assert n > 10
    domains = "select distinct domain from kpi_values where period_grain = 'hour'"
    assert con.sql(domains).fetchall() == [("observability",)]


def test_active_people_are_counted_once(con):
    rows = con.sql("""
        select k.numerator, k.denominator, count(distinct case when t.execution_mode <> 'human' then t.person_id end),
            count(distinct t.person_id)
        from kpi_values as k
        inner join int_tasks as t on t.is_completed and t.person_id is not null and t.use_case_id = k.use_case_id
            and t.completed_at >= k.period_start and t.completed_at < k.period_end
            and coalesce(k.team_id, t.team_id) = t.team_id
        where k.kpi_id = 'active_people_share' and k.period_grain in ('month', 'rolling_90d') and k.value is not null
        group by k.kpi_value_key, k.numerator, k.denominator""").fetchall()
    assert len(rows) > 100
    assert [(got, of) for got, of, *_ in rows] == [(active, all_people) for *_, active, all_people in rows]
