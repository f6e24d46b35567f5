"""The demo company's returns, against those that the planted effects give with the same assumptions and volumes."""

import duckdb
import pytest

PERIOD = "period_grain = 'rolling_365d' and period_end = date '2026-11-01'"


@pytest.fixture(scope="module")
def con(demo_warehouse):
    with duckdb.connect(str(demo_warehouse), read_only=True) as connection:
        yield connection


def one(con, sql: str) -> float:
    return con.sql(sql).fetchone()[0]


def truth(con, experiment: str, metric: str, scale: str) -> float:
    return one(
        con,
        f"select true_value from raw.demo_truth where experiment_id = '{experiment}' and metric_id = '{metric}' "
        f"and scale = '{scale}' and estimand = 'ate'",
    )


def base(con, use_case: str, name: str) -> float:
    return one(con, f"select base from roi_assumptions where use_case_id = '{use_case}' and name = '{name}'")


def planted_costs(con, use_case: str, live: str) -> tuple[float, float]:
    """Operating cost and remediation a year, straight from the accepted charges."""
    spread = f"""
        sum(effective_cost
            * date_diff('day', greatest(charge_period_start, timestamp '{live}'), charge_period_end)
            / date_diff('day', charge_period_start, charge_period_end))
    """
    source = f"from stg_cost_records where use_case_id = '{use_case}' and charge_period_end > timestamp '{live}'"
    days = one(con, f"select date_diff('day', date '{live}', date '2026-11-01')")
    kinds = "('licence', 'usage', 'infrastructure', 'oversight', 'maintenance')"
    running = one(con, f"select {spread} {source} and cost_type in {kinds}")
    repaired = one(con, f"select {spread} {source} and cost_type = 'remediation'")
    training = one(con, f"select sum(effective_cost) {source} and cost_type = 'training'")
    horizon = base(con, use_case, "horizon_months")
    return running * 365 / days + training * 12 / horizon, repaired * 365 / days


def row(con, use_case: str) -> dict:
    relation = con.sql(f"select * from roi_summary where use_case_id = '{use_case}' and {PERIOD}")
    return dict(zip(relation.columns, relation.fetchone(), strict=True))


def test_the_email_draftings_planted_return_lies_in_its_band(con):
    found, live = row(con, "email_drafting"), "2026-03-02"
    lift = truth(con, "email_drafting", "mql_rate", "absolute")
    control = truth(con, "email_drafting", "throughput_per_labour_hour", "absolute")
    ratio = 1 + truth(con, "email_drafting", "throughput_per_labour_hour", "relative")
    control /= ratio - 1
    hours = (1 - 1 / ratio) / control
    units = one(
        con,
        "select revenue_volume from roi_volumes join roi_costs using (roi_cost_key) "
        f"where roi_costs.use_case_id = 'email_drafting' and {PERIOD}",
    )
    # Leads that AI was to write to or wrote to, but for those whose two weeks are not over.
    leads = one(
        con,
        """
        select count(*) from (
            select subject_id from int_tasks
            where use_case_id = 'email_drafting' and subject_type = 'lead' and is_completed and execution_mode like
            'ai%' union
            select unit_id from int_assignments where experiment_id = 'email_drafting' and arm = 'ai_draft'
        )
        """,
    )
    assert leads * 0.9 < units <= leads
    worth = one(
        con,
        "select sum(loaded_cost_per_hour) from fct_tasks join labor_rates using (team_id) "
        "where use_case_id = 'email_drafting' and is_completed and execution_mode like 'ai%' "
        f"and date_trunc('month', completed_at) = month and completed_at >= timestamp '{live}'",
    )
    per_year = 365 / found["days"]
    revenue = lift * units * base(con, "email_drafting", "value_per_unit") * per_year
    kept = base(con, "email_drafting", "recapture_rate") * (1 - base(con, "email_drafting", "redeployed_share"))
    labour = hours * worth * kept * per_year
    operating, repaired = planted_costs(con, "email_drafting", live)
    assert found["operating_cost"] == pytest.approx(operating, rel=1e-6)
    assert found["remediation_cost"] == pytest.approx(repaired, rel=1e-6)
    assert found["labour_saved"] == pytest.approx(labour, rel=0.1)
    planted = (revenue + labour - operating - repaired) / operating
    assert found["roi_ci_low"] <= planted <= found["roi_ci_high"]
    assert planted > 1
    assert found["p_positive"] > 0.99
    assert (found["revenue_grade"], found["labour_grade"]) == ("A", "A")


def test_the_outreachs_planted_return_lies_in_its_band(con):
    found, live = row(con, "account_outreach"), "2026-04-06"
    operating, repaired = planted_costs(con, "account_outreach", live)
    treated = one(
        con, "select count(*) from int_assignments where experiment_id = 'account_outreach' and arm = 'ai_outreach'"
    )
    kept = -truth(con, "account_outreach", "churn_rate", "absolute")
    revenue = kept * treated * base(con, "account_outreach", "value_per_unit") * 365 / found["days"]
    assert found["roi_ci_low"] <= (revenue - operating - repaired) / operating <= found["roi_ci_high"]


@pytest.mark.parametrize(
    ("use_case", "metric", "sign"), [("email_drafting", "mql_rate", 1), ("account_outreach", "churn_rate", -1)]
)
def test_the_planted_revenue_of_twelve_months_lies_in_its_band(con, use_case, metric, sign):
    """By a loop over the months, from the planted effect and the units that AI reached anew in the newest 90 days: of
    the outreach these are 13 accounts, not the 1,897 of its experiment."""
    days = 90
    volume = one(
        con,
        f"select sum(units) from int_treated_units_daily where experiment_id = '{use_case}' "
        "and reached_on >= date '2026-11-01' - 90 and reached_on < date '2026-11-01'",
    )
    assert volume == 13 or use_case != "account_outreach"
    left, planted = 1.0, 0.0
    for _ in range(12):
        left *= 1 - base(con, use_case, "monthly_decay")
        planted += left * volume / days * 365 / 12 * base(con, use_case, "value_per_unit")
    planted *= sign * truth(con, use_case, metric, "absolute")
    found = con.sql(
        "select month_start, cumulative_ci_low, cumulative_expected, cumulative_ci_high, is_counted "
        f"from revenue_projection where use_case_id = '{use_case}' and month_number = 12"
    ).fetchone()
    assert f"{found[0]:%Y-%m}" == "2027-10"
    assert found[1] <= planted <= found[3]
    assert planted == pytest.approx(found[2], rel=0.6)
    assert found[4]


def test_what_is_not_established_is_not_in_the_return(con):
    """Sales research has grade D, hiring and positioning no mapped estimate, meeting notes no bill: NULL and a
    reason."""
    for use_case, words in (
        ("incident_triage", "not shown to be more than chance"),
        ("sales_research", "grade D"),
        ("hiring_screen", "roi_terms"),
        ("positioning", "roi_terms"),
        ("meeting_notes", "cost_records"),
    ):
        found = row(con, use_case)
        assert found["roi"] is None, use_case
        assert words in found["reason"], found["reason"]
    company = con.sql(f"select roi, reason from roi_summary where use_case_id is null and {PERIOD}").fetchone()
    assert company[0] is not None
    assert "Without meeting_notes" in company[1]


def test_what_is_not_shown_is_beside_the_return(con):
    """The labour of the triage has grade C and an interval that holds 0: no return, but the value that it may have."""
    found = row(con, "incident_triage")
    assert found["not_shown"] > 0
    assert found["roi_with_not_shown_ci_low"] < found["roi_with_not_shown"] < found["roi_with_not_shown_ci_high"]
    company = con.sql(f"select roi, roi_with_not_shown from roi_summary where use_case_id is null and {PERIOD}")
    without, with_it = company.fetchone()
    assert without < with_it


def test_stale_evidence_says_so(con):
    """The drafts changed in June, the landing pages in May: the claims say so, and the return does."""
    stale = con.sql("select use_case_id, min(stale_since) from impact_claims where is_stale group by all").fetchall()
    for use_case, since in stale:
        found = row(con, use_case)
        assert found["stale_since"] == since
        assert f"stale since {since}" in found["reason"]
    assert len(stale) == 2


def test_outreach_and_landing_pages_share_accounts_and_not_arms(con):
    """Both hold accounts out at random, each by itself: the company adds both up, and says that they share units."""
    pairs = con.sql("select use_case_id, is_together from roi_overlaps order by 1").fetchall()
    assert pairs == [("account_outreach", False), ("landing_page", False)]
    reason = con.sql(f"select reason from roi_summary where use_case_id is null and {PERIOD}").fetchone()[0]
    assert "account_outreach treats some of the units of landing_page" in reason
