"""Writes seeds/exports, as six exports of a support desk: AI drafts cut the minutes on a ticket by 20 %."""

import csv
import datetime as dt
import json
import random
from collections.abc import Iterable
from pathlib import Path

EFFECT = 0.2
FIRST, LIVE, END, LAST = (dt.datetime(2026, *day) for day in ((2, 2), (3, 30), (5, 25), (6, 8)))
A_DAY = 13
# The users of each group, and the accounts that write: 1 to 40.
AGENTS = {1: range(101, 107), 2: range(201, 207)}
FOLDER = Path(__file__).parent / "seeds" / "exports"


def write(name: str, columns: str, rows: Iterable[tuple]) -> None:
    plain = [
        [value.isoformat(" ", "seconds") if isinstance(value, dt.datetime) else value for value in row] for row in rows
    ]
    with (FOLDER / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns.split())
        writer.writerows(plain)


def desk() -> dict[str, list[tuple]]:
    """The rows of each export."""
    chance = random.Random(19)
    rows: dict[str, list[tuple]] = {name: [] for name in ("tickets", "history", "ratings", "spans", "scores")}
    for number in range((LAST - FIRST).days * A_DAY):
        ticket = 5000 + number
        created = FIRST + dt.timedelta(days=number // A_DAY, seconds=chance.randrange(8 * 3600, 17 * 3600))
        group, account = chance.choice((1, 2)), chance.randint(1, 40)
        agent = chance.choice(AGENTS[group])
        drawn = LIVE <= created < END
        arm = chance.choice(("draft", "no_draft")) if drawn else ""
        has_draft = arm == "draft" or created >= END
        minutes = 24 * chance.lognormvariate(-0.125, 0.5) * (1 - EFFECT if has_draft else 1)
        opened = created + dt.timedelta(seconds=chance.randrange(300, 7200))
        solved = opened + dt.timedelta(minutes=minutes * chance.uniform(1.5, 6))
        changes = [(created, "group_id", group, agent), (created, "status", "new", -1)]
        changes += [(opened, "assignee_id", agent, agent), (opened, "status", "open", agent)]
        changes += [(solved, "status", "solved", agent)]
        if chance.random() < 0.08:
            again = solved + dt.timedelta(hours=chance.uniform(1, 6))
            solved = again + dt.timedelta(minutes=chance.uniform(10, 90))
            changes += [(again, "status", "open", 900 + account), (solved, "status", "solved", agent)]
        rows["tickets"].append(
            (ticket, created, solved, "solved", group, agent, 900 + account, account, arm, round(minutes * 60))
        )
        rows["history"] += [(ticket, field, time, value, user) for time, field, value, user in changes]
        if chance.random() < 0.3:
            score = "good" if chance.random() < 0.84 else "bad"
            rated = solved + dt.timedelta(hours=chance.uniform(1, 20))
            rows["ratings"].append((70000 + ticket, ticket, 900 + account, score, rated, rated))
        if has_draft:
            trace = f"{chance.getrandbits(64):016x}"
            length = chance.randrange(800, 4000)
            tokens = {"input_tokens": length, "output_tokens": length // 6}
            said = {"operation.name": "chat", "provider.name": "anthropic", "request.model": "claude-sonnet-4"}
            said |= {f"usage.{name}": value for name, value in tokens.items()}
            attributes = {**{f"gen_ai.{name}": value for name, value in said.items()}, "ticket.id": str(ticket)}
            took = int(chance.lognormvariate(0.7, 0.4) * 1e9)
            rows["spans"].append((opened, trace, trace[:8], "chat", json.dumps(attributes), took, "Ok"))
            if chance.random() < 0.25:
                rated = solved + dt.timedelta(hours=24)
                score = min(5, max(1, round(chance.gauss(4, 0.8))))
                rows["scores"].append((f"score-{ticket}", ticket, "helpfulness", score, "NUMERIC", "ANNOTATION", rated))
    return rows


def deals() -> Iterable[tuple]:
    """Renewals of the accounts: two in three are won."""
    chance = random.Random(20)
    for number in range(120):
        created = FIRST + dt.timedelta(hours=chance.randrange(24 * 100))
        closed = created + dt.timedelta(days=chance.randrange(5, 60))
        is_closed, is_won = closed < LAST, chance.random() < 0.66
        stage = "Negotiation" if not is_closed else "Closed Won" if is_won else "Closed Lost"
        changed = closed if is_closed else created
        amount = chance.randrange(4, 40) * 500
        yield (
            f"006{number:05}", f"{number % 40 + 1}", amount, stage, created, closed.date(), is_closed,
            is_closed and is_won, f"005{number % 8}", changed,
        )  # fmt: skip


def charges() -> Iterable[tuple]:
    """What the model costs a week, and the seats of the assistant a month."""
    for week in range((LAST - LIVE).days // 7):
        start = LIVE + dt.timedelta(weeks=week)
        cost = 9.5 + week % 3
        yield "model-api", "AI and Machine Learning", "Usage", start, start + dt.timedelta(weeks=1), cost, "support"
    for month in (4, 5, 6):
        start, end = dt.datetime(2026, month, 1), dt.datetime(2026, month + 1, 1)
        yield "assistant-seats", "Business Applications", "Purchase", start, end, 240, "support"


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows = desk()
    ticket = "id created_at updated_at status group_id assignee_id requester_id organization_id"
    write("zendesk_ticket", f"{ticket} custom_draft_arm custom_total_time_spent_sec", rows["tickets"])
    write("zendesk_ticket_field_history", "ticket_id field_name updated value user_id", rows["history"])
    write("zendesk_satisfaction_rating", "id ticket_id requester_id score created_at updated_at", rows["ratings"])
    spans = "timestamp trace_id span_id span_name span_attributes duration status_code"
    write("otel_traces", spans, rows["spans"])
    write("langfuse_scores", "id trace_id name value data_type source timestamp", rows["scores"])
    opportunity = "id account_id amount stage_name created_date close_date is_closed is_won owner_id last_modified_date"
    write("salesforce_opportunity", opportunity, deals())
    focus = "ServiceName ServiceCategory ChargeCategory ChargePeriodStart ChargePeriodEnd BilledCost EffectiveCost"
    costs = ((*row[:6], row[5], "USD", json.dumps({"use_case": row[6]})) for row in charges())
    write("focus_costs", f"{focus} BillingCurrency Tags", costs)


if __name__ == "__main__":
    main()
