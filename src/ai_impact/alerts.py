"""Hands open alerts over: prints them, or posts those that were not posted yet to Slack or to a webhook."""

import argparse
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, OpenerDirector, Request, build_opener

from ai_impact.reading import runner
from ai_impact.sentences import ProblemError, dbt_sentence, engine_sentence

FORMATS = ("json", "slack", "webhook")
STATE = ".ai_impact_alerts.json"
URL = "AI_IMPACT_ALERTS_URL"
# Seconds: of one attempt, between attempts, and at most what a receiver may ask to wait.
TIMEOUT, BACKOFF, LONGEST_WAIT = 10.0, (1.0, 2.0, 4.0), 30.0
# The receiver may do better the next time: too early, too many, too slow, and its own faults.
PASSING = {408, 425, 429, 500, 502, 503, 504}
HELP = "Hand over open alerts: rollbacks that are recommended, service levels that burn, versions that differ."


def add_to(commands: Any) -> None:
    """The subcommand `alerts`."""
    parser = commands.add_parser(
        "alerts",
        help=HELP,
        description=f"{HELP} An alert is posted once; one that could not be posted is tried again by the next run. "
        "Other options go to dbt: --target, --profiles-dir, --project-dir, --vars.",
    )
    parser.add_argument(
        "--format", choices=FORMATS, default="json", help="json prints all open alerts; the others post"
    )
    parser.add_argument("--url", help=f"where to post; or set the environment variable {URL}")
    parser.add_argument("--state", type=Path, help=f"the file of what was posted (default: {STATE} in the project)")


def hand_over(
    chosen: argparse.Namespace,
    options: list[str],
    read: Callable[[list[str]], list[dict[str, Any]]] | None = None,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Print or post, and say what was done.

    A receiver that is down is no error of this command, as it must not stop what runs after it: the alerts stay
    unposted, and a sentence on stderr says so. A ProblemError is something that only its user can put right.
    """
    url = checked_url(chosen.url or os.environ.get(URL)) if chosen.format != "json" else None
    path = chosen.state or project_folder(options) / STATE
    with locked(path):
        posted = read_state(path)
        found = (read or open_alerts)(options)
        new = [alert for alert in found if alert["alert_key"] not in posted]
        if url is None:
            return json.dumps([alert | {"is_new": alert in new} for alert in found], indent=2)
        if new:
            problem = post(url, body(chosen.format, new), idempotency_key(new), wait)
            if problem:
                print(f"{problem} They stay unposted: the next run tries again.", file=sys.stderr)
                new = []
        # What is over is forgotten: if it comes back, it is a new alert.
        still = {alert["alert_key"] for alert in found}
        write_state(path, sorted((posted & still) | {alert["alert_key"] for alert in new}))
    return f"Posted {len(new)} of {len(found)} open alerts."


def open_alerts(options: list[str]) -> list[dict[str, Any]]:
    """The rows of the macro open_alerts, by dbt, so on any engine."""
    select = "select * from ({{ ai_impact.open_alerts() }}) as alerts order by alert_key"
    quiet = ["--no-use-colors", "--log-level", "none", "--quiet"]
    outcome = runner().invoke([*quiet, "show", "--inline", select, "--limit", "-1", *options])
    if not outcome.success or not outcome.result or not outcome.result.results:
        results = getattr(outcome.result, "results", None) or []
        message = str(outcome.exception or (results[0].message if results else "dbt failed: its log says why."))
        sentence = engine_sentence(message) or dbt_sentence(message)
        raise ProblemError(f"The alerts can't be read: {sentence} Build sla_status and rollback_recommendations first.")
    table = outcome.result.results[0].agate_table
    return [{name.lower(): row[name] for name in table.column_names} for row in table.rows]


def body(kind: str, alerts: list[dict[str, Any]]) -> dict[str, Any]:
    """What is posted: Slack takes a text; a webhook gets the rows."""
    if kind == "webhook":
        return {"alerts": alerts}
    lines = [f"*{alert['severity']}* {escaped(str(alert['sentence']))}" for alert in alerts]
    return {"text": "\n".join(["ai_impact: new alerts", *lines])}


def escaped(text: str) -> str:
    """Names come from data: in Slack, <, > and & can make links and mentions."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def idempotency_key(alerts: list[dict[str, Any]]) -> str:
    keys = "\n".join(sorted(alert["alert_key"] for alert in alerts))
    return hashlib.sha256(keys.encode()).hexdigest()


def checked_url(url: str | None) -> str:
    if not url:
        raise ProblemError(f"No address to post to: pass --url, or set the environment variable {URL}.")
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ProblemError("The address to post to is no http or https address: correct --url.")
    return url


class NoRedirects(HTTPRedirectHandler):
    """A post that is sent elsewhere would go there without its body, and alerts where nobody meant them to go."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def post(url: str, content: dict[str, Any], key: str, wait: Callable[[float], None], timeout: float = TIMEOUT) -> str:
    """Post JSON, again after 1, 2 and 4 seconds if it may help. Returns what went wrong, or the empty text.

    The address may hold a secret, so that sentences name its host only.
    """
    opener: OpenerDirector = build_opener(NoRedirects)
    headers = {"Content-Type": "application/json", "Idempotency-Key": key, "User-Agent": "ai-impact"}
    request = Request(url, json.dumps(content).encode(), headers, method="POST")
    host, problem = urlsplit(url).hostname, ""
    for pause in (*BACKOFF, None):
        asked = None
        try:
            with opener.open(request, timeout=timeout):
                return ""
        except HTTPError as error:
            problem, asked = f"{host} answered {error.code}.", error.headers.get("Retry-After")
            error.close()
            if error.code not in PASSING:
                return f"{problem} It won't take these alerts: correct --url or its receiver."
        except (URLError, OSError) as error:
            problem = f"{host} can't be reached ({type(getattr(error, 'reason', error)).__name__})."
        if pause is not None:
            wait(min(float(asked), LONGEST_WAIT) if asked and asked.isdigit() else pause)
    return problem


def project_folder(options: list[str]) -> Path:
    for at, option in enumerate(options):
        if option == "--project-dir" and at + 1 < len(options):
            return Path(options[at + 1])
        if option.startswith("--project-dir="):
            return Path(option.partition("=")[2])
    return Path(os.environ.get("DBT_PROJECT_DIR", "."))


def read_state(path: Path) -> set[str]:
    try:
        return set(json.loads(path.read_text())["posted"])
    except FileNotFoundError:
        return set()
    except (ValueError, KeyError, TypeError) as broken:
        raise ProblemError(
            f"{path} can't be read as what was posted: delete it, and all is posted once more."
        ) from broken


def write_state(path: Path, keys: list[str]) -> None:
    """As a whole or not at all."""
    near = path.with_name(path.name + ".new")
    near.write_text(json.dumps({"posted": keys}, indent=2) + "\n")
    near.replace(path)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Two runs at once would post the same alert twice. Where the system has no such locks, the later one wins."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with path.with_name(path.name + ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
