"""The company: its calendar, its teams, its size, and every planted effect. The one place where truth is written.

The SQL under demo/sql reads these values as `$name`; `raw.demo_truth` is derived from the same values.
"""

import math
from dataclasses import asdict, dataclass
from datetime import date

# Fifteen months. Fixed, so that the same seed always tells the same story.
FIRST_DAY = "2025-08-01"
LAST_DAY = "2026-10-31"

# Rows that a company of scale 1 lands in all sources together, and the rows that don't grow with the scale.
ROWS_PER_SCALE = 411_000
FIXED_ROWS = 6_000
# Rows that are generated at once: what bounds the memory.
ROWS_PER_CHUNK = 1_000_000


@dataclass(frozen=True)
class Team:
    team_id: str
    area: str
    people: int
    cost_per_hour: float
    hours_per_week: float = 40.0
    grows: bool = True


TEAMS = (
    Team("sdr_east", "sales", 12, 58),
    Team("sdr_west", "sales", 12, 61),
    Team("sdr_emea", "sales", 12, 54, 38.5),
    Team("content", "content", 10, 63),
    Team("customer_success", "success", 10, 55),
    Team("talent", "talent", 8, 52),
    Team("marketing_strategy", "strategy", 9, 82),
    Team("sre_payments", "service", 9, 88),
    Team("sre_ledger", "service", 8, 88),
    Team("sre_billing", "service", 10, 86),
    Team("sre_platform", "service", 12, 91),
    Team("sre_data", "service", 9, 87),
    Team("sre_identity", "service", 8, 87),
    Team("sre_mobile", "service", 8, 84),
    Team("sre_search", "service", 9, 85),
    # Three people: too few to be shown (k-anonymity).
    Team("sre_edge", "service", 3, 90, grows=False),
)
SERVICES_PER_TEAM = 3

# Monday of the week in which a service team got the incident triage. None: never, these are the controls.
WAVES = {
    "sre_payments": "2026-01-12",
    "sre_ledger": "2026-01-12",
    "sre_billing": "2026-02-23",
    "sre_platform": "2026-02-23",
    "sre_data": "2026-04-06",
    "sre_identity": "2026-04-06",
    "sre_mobile": None,
    "sre_search": None,
    "sre_edge": None,
}


@dataclass(frozen=True)
class Region:
    """Orders a week: a level, with a trend and a season as shares of it. Regions of one pair are alike."""

    region_id: str
    pair: int | None
    level: float
    trend: float
    season: float

    def orders(self, week: int) -> float:
        """Expected orders of a week without AI campaigns."""
        return self.level * (1 + self.trend * week / WEEKS + self.season * math.cos(2 * math.pi * (week - 14) / 52.18))


WEEKS, FIRST_WEEK, PAIRS, SINGLES = 65, "2025-08-04", 10, 20
# Ten pairs, in each of which one region is drawn to get AI campaigns, and twenty more that are held back.
REGIONS = tuple(
    Region(f"region-{2 * k + side:02d}", k, 420.0 + 55 * k, 0.05 + 0.02 * (7 * k % 10), 0.04 + 0.012 * (3 * k % 10))
    for k in range(PAIRS)
    for side in (0, 1)
) + tuple(
    Region(
        f"region-{2 * PAIRS + k:02d}", None, 380.0 + 32 * k, 0.03 + 0.012 * (7 * k % 20), 0.03 + 0.007 * (3 * k % 20)
    )
    for k in range(SINGLES)
)

# Channels of the visitors' journeys: how often they are met, what a touch costs, the chance that a touch converts.
CHANNELS = (
    ("organic_search", 0.26, 0.00, 0.016),
    ("paid_search", 0.20, 2.40, 0.024),
    ("paid_social", 0.18, 1.10, 0.006),
    ("email", 0.16, 0.05, 0.030),
    ("direct", 0.12, 0.00, 0.020),
    ("webinar", 0.08, 6.50, 0.045),
)

# Work whose effect no experiment asks for: use case, area of its team, tasks at scale 1, first day of AI, share of AI
# from then on, human minutes and cycle hours without AI, what AI leaves of both, rework without and with AI, errors
# without and with AI, where its baseline minutes come from.
ROUTINE = (
    (
        "landing_page",
        "content",
        1500,
        "2026-02-02",
        0.80,
        150.0,
        30.0,
        0.45,
        0.50,
        0.18,
        0.13,
        0.030,
        0.024,
        "measured",
    ),
    ("brand_content", "content", 900, "2026-04-13", 0.70, 210.0, 52.0, 0.50, 0.60, 0.20, 0.17, 0.030, 0.030, "survey"),
    ("hiring_screen", "talent", 1200, "2026-01-19", 0.60, 35.0, 20.0, 0.40, 0.55, 0.10, 0.11, 0.020, 0.024, "survey"),
    (
        "account_outreach",
        "success",
        1500,
        "2026-04-06",
        0.70,
        28.0,
        9.0,
        0.35,
        0.40,
        0.09,
        0.08,
        0.020,
        0.018,
        "measured",
    ),
    ("meeting_notes", "success", 1400, "2025-08-01", 0.90, 22.0, 3.0, 0.30, 0.30, 0.06, 0.06, 0.015, 0.015, "assumed"),
)


@dataclass(frozen=True)
class Truth:
    """Population parameters. Means are exact expectations of the generating process, not of one sample."""

    # Email drafting: 12 weeks, leads randomised 50/50, enrolled in the first ten.
    email_starts: str = "2026-03-02"
    email_enrolled_until: str = "2026-05-11"
    email_ends: str = "2026-05-25"
    email_human_minutes: float = 43.2
    email_throughput_ratio: float = 3.6
    email_cycle_hours: float = 6.0
    email_cycle_change: float = -0.65
    email_rework: float = 0.22
    email_rework_ai: float = 0.12
    email_errors: float = 0.040
    email_errors_ai: float = 0.030
    # Review takes the same share of the labour in both arms: the ratio holds with review and without it.
    email_review_share: float = 0.40
    email_review_share_ai: float = 0.80
    email_review_minutes: float = 7.2
    email_mql: float = 0.45
    email_mql_lift: float = 0.09
    email_window_days: float = 14.0
    # How strongly what is known of a lead before assignment moves its outcome and its work.
    email_mql_slope: float = 0.50
    email_minutes_slope: float = 0.35

    # A worse model, rolled back after five weeks, long after the experiment ended.
    bad_model_from: str = "2026-06-15"
    bad_model_to: str = "2026-07-20"
    next_model_from: str = "2026-09-07"
    bad_model_rework_factor: float = 2.0
    bad_model_error_factor: float = 3.0
    hallucination: float = 0.04
    hallucination_bad_model: float = 0.15
    suggestion_accepted: float = 0.78
    suggestion_accepted_bad_model: float = 0.60

    # Landing pages: accounts, 20 % held out, thirteen weeks.
    landing_starts: str = "2026-02-02"
    landing_ends: str = "2026-05-04"
    landing_holdout: float = 0.20
    landing_conversion: float = 0.20
    landing_conversion_lift: float = 0.30

    # Positioning: accounts randomised to AI alone or AI and a person.
    positioning_starts: str = "2026-02-02"
    positioning_enrolled_until: str = "2026-03-30"
    positioning_ends: str = "2026-07-06"
    positioning_share: float = 0.75
    positioning_win: float = 0.25
    positioning_win_change: float = 0.07
    positioning_override_share: float = 0.30
    positioning_override_gain: float = 0.08

    # Deals last 20 to 70 days, later ones less long; the last are still open. A few are in a currency without a rate.
    deal_days_least: float = 20.0
    deal_days_spread: float = 50.0
    late_deal_share: float = 0.25
    late_deal_days_change: float = -0.20
    foreign_deals: float = 0.03
    # AI is surer of its recommendations than it should be. Some outcomes are reported twice; the last one is right.
    confidence_bias: float = 0.10
    contradicted: float = 0.02

    # Outreach against churn: accounts, 30 % held out, 26 weeks.
    churn_starts: str = "2026-04-06"
    churn_ends: str = "2026-10-05"
    churn_holdout: float = 0.30
    churn_rate: float = 0.14
    churn_change: float = -0.35

    # Incident triage, in stagger.
    triage_starts: str = "2026-01-12"
    triage_ends: str = "2026-10-05"
    triage_mttr_hours: float = 4.0
    triage_mttr_change: float = -0.40
    triage_minutes: float = 60.0
    triage_minutes_ratio: float = 0.5
    triage_handled_ratio: float = 2.0
    triage_major_share: float = 0.20
    triage_downtime: float = 0.0008
    triage_downtime_ai: float = 0.0005
    triage_prevented: int = 12
    # Outages that raise a second incident while the first lasts.
    triage_echo: float = 0.15

    # Sales research: people chose it themselves; the skilled chose it more often, and were faster before.
    research_starts: str = "2026-01-05"
    research_ends: str = "2026-10-05"
    research_minutes: float = 50.0
    research_change: float = -0.30
    research_skill_slope: float = 0.20
    research_choice_slope: float = 1.20

    # Brand: a step in branded search from AI content.
    brand_starts: str = "2026-04-13"
    brand_lift: float = 0.12

    # AI campaigns in ten of forty regions, for eight fortnights.
    regions_starts: str = "2026-06-01"
    regions_ends: str = "2026-09-21"
    regions_lift: float = 0.08

    # Hiring.
    hiring_starts: str = "2026-01-19"
    hiring_days_to_fill: float = 45.0
    hiring_days_change: float = -0.20
    # Who leaves does so between 90 and 180 days after the start.
    hiring_leavers: float = 0.12

    # Dirt, as shares of the clean rows.
    duplicates: float = 0.05
    late: float = 0.01
    clock_skew: float = 0.005


TRUTH = Truth()
# Visitors that were seen at the shared kiosk.
KIOSK_LINKS = 1000


@dataclass(frozen=True)
class Size:
    """How many of everything there are at a scale."""

    scale: float
    chunks: int
    leads: int
    accounts: int
    visitors: int
    alerts: int
    research: int
    requisitions: int
    answers: int
    unmapped: int

    @classmethod
    def of(cls, events: int) -> "Size":
        scale = (events - FIXED_ROWS) / ROWS_PER_SCALE
        counts = {
            "leads": 16_000,
            "accounts": 3_800,
            "visitors": 8_000,
            "alerts": 4_800,
            "research": 3_000,
            "requisitions": 500,
            "answers": 2_000,
            "unmapped": 2_000,
        }
        sizes = {name: round(count * scale) for name, count in counts.items()}
        return cls(scale=scale, chunks=max(1, -(-events // ROWS_PER_CHUNK)), **sizes)

    def people(self, team: Team) -> int:
        """Teams grow with the work, so that a person's week stays a week."""
        return round(team.people * max(1.0, self.scale)) if team.grows else team.people

    @property
    def services_per_team(self) -> int:
        return max(SERVICES_PER_TEAM, round(SERVICES_PER_TEAM * self.scale))

    @property
    def impact_minutes(self) -> float:
        """Mean length of an outage such that services are up 99.92 % of the time without AI."""
        services = self.services_per_team * len(WAVES)
        outages = self.alerts * TRUTH.triage_major_share
        return TRUTH.triage_downtime * services * days() * 1440 / outages


def days() -> int:
    return (date.fromisoformat(LAST_DAY) - date.fromisoformat(FIRST_DAY)).days + 1


def parameters(size: Size, seed: int) -> dict[str, object]:
    """What the SQL may name."""
    counts = {f"n_{name}": value for name, value in asdict(size).items() if isinstance(value, int)}
    return {
        **asdict(TRUTH),
        **counts,
        "seed": seed,
        "first_day": FIRST_DAY,
        "last_day": LAST_DAY,
        "first_week": FIRST_WEEK,
        "n_weeks": WEEKS,
        "services_per_team": size.services_per_team,
        "impact_minutes": size.impact_minutes,
        "kiosk_links": min(KIOSK_LINKS, size.visitors // 2),
    }


def regional_orders() -> float:
    """Expected orders of a treated region in a fortnight of the experiment, without AI."""
    start, end = ((date.fromisoformat(d) - date.fromisoformat(FIRST_WEEK)).days // 7
                  for d in (TRUTH.regions_starts, TRUTH.regions_ends))  # fmt: skip
    paired = [region for region in REGIONS if region.pair is not None]
    return sum(region.orders(week) for region in paired for week in range(start, end)) / len(paired) * 2 / (end - start)


def truth_rows() -> list[tuple[str, str, str, str, float]]:
    """The rows of demo_truth: experiment_id, metric_id, estimand, scale, true_value."""
    t = TRUTH
    minutes, faster = t.email_human_minutes, t.email_throughput_ratio
    rows = [
        ("email_drafting", "throughput_per_labour_hour", "ate", "absolute", 60 / minutes * (faster - 1)),
        ("email_drafting", "throughput_per_labour_hour", "ate", "relative", faster - 1),
        ("email_drafting", "time_to_draft", "ate", "absolute", t.email_cycle_hours * t.email_cycle_change),
        ("email_drafting", "time_to_draft", "ate", "relative", t.email_cycle_change),
        ("email_drafting", "rework_rate", "ate", "absolute", t.email_rework_ai - t.email_rework),
        ("email_drafting", "rework_rate", "ate", "relative", t.email_rework_ai / t.email_rework - 1),
        ("email_drafting", "error_rate", "ate", "absolute", t.email_errors_ai - t.email_errors),
        ("email_drafting", "error_rate", "ate", "relative", t.email_errors_ai / t.email_errors - 1),
        ("email_drafting", "mql_rate", "ate", "absolute", t.email_mql * t.email_mql_lift),
        ("email_drafting", "mql_rate", "ate", "relative", t.email_mql_lift),
        ("landing_page", "page_conversion_rate", "ate", "absolute", t.landing_conversion * t.landing_conversion_lift),
        ("landing_page", "page_conversion_rate", "ate", "relative", t.landing_conversion_lift),
        ("positioning", "win_rate", "ate", "absolute", t.positioning_win_change),
        ("positioning", "win_rate", "ate", "relative", t.positioning_win_change / t.positioning_win),
        # Among AI + human decisions: success when the person overrode the AI, less success when not.
        ("positioning", "override_success", "association", "absolute", t.positioning_override_gain),
        ("positioning", "override_rate", "level", "absolute", t.positioning_override_share),
        ("positioning", "days_to_close_p50", "level", "absolute", t.deal_days_least + t.deal_days_spread / 2),
        ("positioning", "days_to_close_p50", "difference", "relative", t.late_deal_days_change),
        ("positioning", "confidence_bias", "level", "absolute", t.confidence_bias),
        ("account_outreach", "churn_rate", "ate", "absolute", t.churn_rate * t.churn_change),
        ("account_outreach", "churn_rate", "ate", "relative", t.churn_change),
        ("incident_triage", "mttr_hours", "att", "relative", t.triage_mttr_change),
        ("incident_triage", "incidents_handled", "att", "relative", t.triage_handled_ratio - 1),
        ("incident_triage", "human_hours_per_incident", "att", "relative", t.triage_minutes_ratio - 1),
        ("incident_triage", "uptime", "att", "absolute", t.triage_downtime - t.triage_downtime_ai),
        ("incident_triage", "uptime_before", "level", "absolute", 1 - t.triage_downtime),
        ("incident_triage", "uptime_after", "level", "absolute", 1 - t.triage_downtime_ai),
        ("incident_triage", "incidents_prevented", "total", "absolute", float(t.triage_prevented)),
        ("sales_research", "human_hours_per_task", "att", "relative", t.research_change),
        ("brand_content", "branded_search", "att", "relative", t.brand_lift),
        ("regional_campaigns", "regional_orders", "att", "absolute", regional_orders() * t.regions_lift),
        ("regional_campaigns", "regional_orders", "att", "relative", t.regions_lift),
        ("hiring_screen", "days_to_fill", "ate", "absolute", t.hiring_days_to_fill * t.hiring_days_change),
        ("hiring_screen", "days_to_fill", "ate", "relative", t.hiring_days_change),
        ("hiring_screen", "hire_retention_180d", "level", "absolute", 1 - t.hiring_leavers),
        # What the worse model did to email drafting, as ratios to the model before it.
        ("email_model", "rework_rate", "ratio", "relative", t.bad_model_rework_factor - 1),
        ("email_model", "error_rate", "ratio", "relative", t.bad_model_error_factor - 1),
        (
            "email_model",
            "groundedness_fail_rate",
            "difference",
            "absolute",
            t.hallucination_bad_model - t.hallucination,
        ),
        (
            "email_model",
            "suggestion_acceptance_rate",
            "difference",
            "absolute",
            t.suggestion_accepted_bad_model - t.suggestion_accepted,
        ),
    ]
    rows += [("channel_conversion", channel, "level", "absolute", chance) for channel, _, _, chance in CHANNELS]
    return rows
