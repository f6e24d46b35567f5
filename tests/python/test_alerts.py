"""`ai-impact alerts` against a receiver on this machine: what it posts, when again, and what it never does twice."""

import argparse
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ai_impact import alerts
from ai_impact.command import main
from ai_impact.sentences import ProblemError


def alert(key: str, sentence: str = "Go back to a in u.") -> dict:
    return {"alert_key": key, "kind": "rollback", "use_case_id": "u", "severity": "high", "sentence": sentence}


class Receiver:
    """Answers with the given codes in turn, then with 200; -1 never answers."""

    def __init__(self, *codes: int, headers: dict[str, str] | None = None) -> None:
        self.codes, self.bodies, self.keys, receiver = list(codes), [], [], self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                receiver.keys.append(self.headers["Idempotency-Key"])
                code = receiver.codes.pop(0) if receiver.codes else 200
                if code == -1:
                    time.sleep(1)
                    return
                self.send_response(code)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/secret"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def receive():
    made = []

    def make(*codes, **options):
        made.append(Receiver(*codes, **options))
        return made[-1]

    yield make
    for receiver in made:
        receiver.server.shutdown()


@pytest.fixture
def run(tmp_path):
    """Hands some alerts over, and returns what was said and how long it waited."""

    def hand(url, *found, kind="webhook"):
        waited = []
        chosen = argparse.Namespace(format=kind, url=url, state=tmp_path / "state.json")
        return alerts.hand_over(chosen, [], read=lambda _: list(found), wait=waited.append), waited

    return hand


def test_an_alert_is_posted_once_and_again_when_it_comes_back(receive, run):
    to = receive()
    assert run(to.url, alert("a"), alert("b"))[0].startswith("Posted 2 of 2")
    assert run(to.url, alert("a"), alert("b"))[0].startswith("Posted 0 of 2")
    run(to.url, alert("a"), alert("b"), alert("c"))
    run(to.url)
    run(to.url, alert("a"))
    assert [[one["alert_key"] for one in body["alerts"]] for body in to.bodies] == [["a", "b"], ["c"], ["a"]]
    assert len(set(to.keys)) == 3


def test_json_prints_all_and_posts_nothing(run):
    first = json.loads(run(None, alert("a"), kind="json")[0])
    second = json.loads(run(None, alert("a"), kind="json")[0])
    assert first == second == [alert("a") | {"is_new": True}]


def test_a_receiver_that_is_busy_is_tried_again_with_longer_waits(receive, run):
    to = receive(503, 429, 500)
    said, waited = run(to.url, alert("a"))
    assert said.startswith("Posted 1") and waited == [1, 2, 4]
    assert len(to.bodies) == 4 and len(set(to.keys)) == 1


def test_a_receiver_says_how_long_to_wait_but_not_for_ever(receive, run):
    assert run(receive(429, headers={"Retry-After": "7"}).url, alert("a"))[1] == [7]
    assert run(receive(503, headers={"Retry-After": "86400"}).url, alert("b"))[1] == [30]


def test_a_receiver_that_is_down_stops_nothing_and_gets_it_later(receive, run, capsys):
    down = receive(*[502] * 4)
    said, waited = run(down.url, alert("a"))
    assert said.startswith("Posted 0 of 1") and waited == [1, 2, 4]
    error = capsys.readouterr().err
    assert "127.0.0.1 answered 502. They stay unposted: the next run tries again." in error and "secret" not in error
    assert run(down.url, alert("a"))[0].startswith("Posted 1")


def test_nobody_listens(run, capsys):
    assert run("http://127.0.0.1:9/x", alert("a"))[0].startswith("Posted 0")
    assert "can't be reached (ConnectionRefusedError)" in capsys.readouterr().err


def test_a_receiver_that_never_answers_is_left_in_time(receive, run, monkeypatch):
    to, started = receive(*[-1] * 4), time.monotonic()
    problem = alerts.post(to.url, {}, "key", lambda _: None, timeout=0.2)
    assert "127.0.0.1 can't be reached" in problem and time.monotonic() - started < 3


@pytest.mark.parametrize("code", [400, 401, 404, 302])
def test_what_will_not_pass_is_not_tried_again(receive, run, capsys, code):
    to = receive(code, headers={"Location": "http://127.0.0.1:9/"})
    assert run(to.url, alert("a"))[1] == [] and len(to.bodies) == 1
    assert f"answered {code}. It won't take these alerts" in capsys.readouterr().err


def test_names_from_data_make_no_links_in_slack(receive, run):
    to = receive()
    run(to.url, alert("a", "Go back in <!channel> & <http://evil|here>."), kind="slack")
    assert to.bodies == [
        {"text": "ai_impact: new alerts\n*high* Go back in &lt;!channel&gt; &amp; &lt;http://evil|here&gt;."}
    ]


@pytest.mark.parametrize(
    ("url", "said"),
    [(None, "pass --url, or set the environment variable AI_IMPACT_ALERTS_URL"), ("file:///x", "no http")],
)
def test_an_address_that_is_none(run, monkeypatch, url, said):
    monkeypatch.delenv(alerts.URL, raising=False)
    with pytest.raises(ProblemError, match=said):
        run(url, alert("a"))


def test_a_state_that_can_not_be_read(run, tmp_path):
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(ProblemError, match="delete it, and all is posted once more"):
        run("http://127.0.0.1:9/x", alert("a"))


def test_where_the_state_is(monkeypatch, tmp_path):
    monkeypatch.delenv("DBT_PROJECT_DIR", raising=False)
    assert str(alerts.project_folder([])) == "."
    assert alerts.project_folder(["--project-dir", str(tmp_path)]) == tmp_path
    assert alerts.project_folder([f"--project-dir={tmp_path}"]) == tmp_path


def test_the_command_knows_it(capsys):
    with pytest.raises(SystemExit):
        main(["alerts", "--format", "fax"])
    assert "invalid choice: 'fax'" in capsys.readouterr().err
