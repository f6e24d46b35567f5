"""`make bench-load`: a load that one process should not hold, on DuckDB within 2 GB and on Sail's workers.

The whole project is built on both from the same files, and the processes of each (dbt, the server, its workers) are
watched together: what counts is what the machine must have. A run that fails or takes too long is reported as that.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.report import LOAD, put
from bench.run import PROJECT, RESULTS, machine
from demo.generate import generate
from demo.load import load
from tools.progress import say

SAIL_MEMORY = 4_000_000_000
BIN = Path(sys.executable).parent


def processes(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
            children.setdefault(parent, []).append(int(stat.parent.name))
    found, left = [], [root]
    while left:
        found.append(left.pop())
        left += children.get(found[-1], [])
    return found


def memory(process: int) -> int:
    """Bytes in memory; what is shared between processes counts in parts, so that a sum over them is right."""
    with contextlib.suppress(OSError):
        found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0


def size(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        with contextlib.suppress(OSError):
            total += path.stat().st_size
    return total


@dataclass
class Watch:
    """The peaks of some process trees, and of a folder that is spilled to, while the block runs."""

    roots: list[int]
    spill: Path | None = None
    every: float = 0.5
    peak: int = 0
    peak_at: float = 0
    spilled: int = 0
    done: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "Watch":
        self.thread = threading.Thread(target=self.look, daemon=True)
        self.thread.start()
        return self

    def look(self) -> None:
        while not self.done.wait(self.every):
            now = sum(memory(p) for root in self.roots for p in processes(root))
            if now > self.peak:
                self.peak, self.peak_at = now, time.time()
            if self.spill:
                self.spilled = max(self.spilled, size(self.spill))

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


class Build:
    """One engine, one scale: a folder, an environment, and dbt in it."""

    name: str
    target: str
    threads: int  # models at a time
    server: subprocess.Popen | None = None

    def __init__(self, folder: Path, minutes: float) -> None:
        self.folder = folder
        self.until = time.monotonic() + minutes * 60
        self.minutes = minutes
        self.spill: Path | None = None
        self.environment: dict[str, str] = {}

    def profiles(self) -> str:
        return (PROJECT / "profiles.yml.example").read_text()

    def load(self, data: Path) -> None:
        raise NotImplementedError

    def close(self) -> None:
        if self.server:
            self.server.terminate()
            try:
                self.server.wait(10)
            except subprocess.TimeoutExpired:
                self.server.kill()
                self.server.wait()

    def program(self, *command: str | Path) -> subprocess.Popen:
        environment = {
            **os.environ,
            **self.environment,
            "PYTHONPATH": f"{PROJECT / 'src'}{os.pathsep}{PROJECT}",
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "target"),
            "DO_NOT_TRACK": "1",
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        }
        with (self.folder / "output").open("w") as output:
            return subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT)

    def lives(self) -> bool:
        """A client waits for a server that is gone as for one that is busy."""
        return self.server is None or self.server.poll() is None

    def run(self, *command: str | Path) -> dict:
        """Run a program to its end, to the end of the time, or to that of its server."""
        started = time.monotonic()
        process = self.program(*command)
        roots = [process.pid, *([self.server.pid] if self.server else [])]
        with Watch(roots, self.spill) as watch:
            while process.poll() is None and time.monotonic() < self.until and self.lives():
                time.sleep(0.2)
        late, lives = process.poll() is None, self.lives()
        if late:
            process.terminate()
            process.wait()
        found = {"seconds": time.monotonic() - started, "memory": watch.peak / 1e9, "spilled": watch.spilled / 1e9}
        found["peak_at"] = watch.peak_at
        if not lives:
            found["failed"] = f"the server ended with {self.server.poll()} (-9: the system had no memory left)"
        elif late:
            found["failed"] = f"stopped after {self.minutes:.0f} minutes"
        elif process.returncode:
            found["failed"] = self.reason((self.folder / "output").read_text().strip())
        return found

    def reason(self, said: str) -> str:
        errors = re.findall(r"(?:Error in model (\S+).*?\n\s+)(.+)", said)
        named = "; ".join(f"{model}: {text.strip()}" for model, text in errors[:2])
        # One line: it stands in a table.
        return named[:300] or " ".join(said[-300:].split())

    def dbt(self, *arguments: str) -> dict:
        (self.folder / "profiles.yml").write_text(self.profiles())
        end = ("--target", self.target, "--profiles-dir", str(self.folder), "--threads", str(self.threads))
        found = self.run(BIN / "dbt", "--no-use-colors", *arguments, *end)
        results = self.folder / "target/run_results.json"
        nodes = json.loads(results.read_text())["results"] if results.exists() else []
        found["models"] = {n["unique_id"].split(".")[2]: n["execution_time"] for n in nodes if n["status"] == "success"}
        found["at_peak"] = [n["unique_id"].split(".")[2] for n in nodes if self.ran(n, found["peak_at"])]
        return found

    def ran(self, node: dict, moment: float) -> bool:
        """Was it being built at that moment, or finished since the look before?"""
        times = {t["name"]: t for t in node["timing"]}.get("execute")
        if times is None:
            return False
        begun, ended = (datetime.fromisoformat(times[f"{end}_at"]).timestamp() for end in ("started", "completed"))
        return begun <= moment <= ended + 0.5

    def measure(self, data: Path, select: list[str]) -> dict:
        try:
            loaded = self.load(data)
            if "failed" in loaded:
                return {"failed": f"load: {loaded['failed']}", **loaded}
            for step in ("seed", "snapshot"):
                begun = self.dbt(step)
                if "failed" in begun:
                    return begun
            shutil.rmtree(self.folder / "target")
            return self.dbt("run", *select)
        finally:
            self.close()


class InDuckDB(Build):
    name, target, threads = "DuckDB", "duckdb", 2
    memory_limit = "2GB"

    def profiles(self) -> str:
        # Not among the settings: dbt sets those again for each model, and a folder that holds spilled data stays.
        limits = f"config_options: {{memory_limit: {self.memory_limit}, temp_directory: '{self.spill}'}}"
        before, settings, after = super().profiles().partition("      settings: ")
        assert settings
        return f"{before}      {limits}\n{settings}{after}"

    def load(self, data: Path) -> dict:
        self.spill = self.folder / "spill"
        self.spill.mkdir()
        path = self.folder / "load.duckdb"
        self.environment = {"AI_IMPACT_DUCKDB_PATH": str(path)}
        load(data=data, database=path, schema="raw")
        return {}


class OnSail(Build):
    name, target, threads = "Sail, two workers", "spark", 1

    def load(self, data: Path) -> dict:
        self.spill = self.folder / "spill"
        self.spill.mkdir()
        (self.folder / "shuffle").mkdir()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.environment = {
            "TZ": "UTC",
            "SAIL_MODE": "local-cluster",
            # Without a limit nothing is spilled. Hash joins can't be, and what streams between workers counts nowhere.
            "SAIL_RUNTIME__MEMORY_POOL__TYPE": "fair",
            "SAIL_RUNTIME__MEMORY_POOL__FAIR__MAX_SIZE": str(SAIL_MEMORY),
            "SAIL_OPTIMIZER__PREFER_HASH_JOIN": "false",
            "SAIL_EXECUTION__DEFAULT_PARALLELISM": "4",
            "SAIL_CLUSTER__SHUFFLE_BACKEND__TYPE": "storage",
            "SAIL_CLUSTER__SHUFFLE_BACKEND__STORAGE__PATH": (self.folder / "shuffle").as_uri(),
            "SAIL_CLUSTER__SHUFFLE_BACKEND__STORAGE__MAX_FILE_SIZE": "16777216",
            "SAIL_RUNTIME__TEMPORARY_FILES__PATHS": json.dumps([str(self.spill)]),
            "SAIL_CLUSTER__WORKER_INITIAL_COUNT": "2",
            "SAIL_CLUSTER__WORKER_MAX_IDLE_TIME_SECS": "86400",
            "SPARK_REMOTE": f"sc://127.0.0.1:{port}/;session_id={uuid.uuid4()}",
            "AI_IMPACT_SPARK_WAREHOUSE": str(self.folder / "warehouse"),
        }
        with (self.folder / "server.log").open("w") as log:
            self.server = subprocess.Popen(
                [BIN / "sail", "spark", "server", "--ip", "127.0.0.1", "--port", str(port)],
                **{"cwd": self.folder, "env": {**os.environ, **self.environment}, "stdout": log, "stderr": log},
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.2)
        return self.run(sys.executable, "-m", "demo.load_spark", "--data", data)


def bench(
    events: int, folder: Path, kept: Path | None, engines: list[type[Build]], select: list[str], minutes: float
) -> Iterator[dict]:
    say(f"{events:,} events: generate")
    data = kept / str(events) if kept else folder / "data"
    generate(events=events, seed=7, out=data)
    for kind in engines:
        say(f"{events:,} events: {kind.name}")
        place = folder / kind.target
        place.mkdir()
        found = kind(place, minutes).measure(data, select)
        shutil.rmtree(place)
        yield {"events": events, "engine": kind.name, **found}


def growth(results: list[dict], engine: str, what: str) -> str:
    """How much a measure grows from the smallest scale to the largest, as a power of the number of events."""
    done = [r for r in results if r["engine"] == engine and "failed" not in r]
    if len(done) < 2:
        return "not known"
    small, large = min(done, key=lambda r: r["events"]), max(done, key=lambda r: r["events"])
    return f"{large[what] / small[what]:.1f} times for {large['events'] / small['events']:.0f} times the events"


def report(results: list[dict], select: list[str]) -> str:
    what = f"`dbt run {' '.join(select)}`" if select else "The whole project, without tests"
    lines = [
        LOAD,
        "",
        f"Written by `make bench-load` on {time.strftime('%Y-%m-%d')}. Machine: {machine()}. {what}, from the",
        f"same files: on DuckDB within `memory_limit` {InDuckDB.memory_limit}, and on Sail in `local-cluster` with two",
        f"workers and a memory pool of {SAIL_MEMORY / 1e9:.0f} GB. Both spill to disk. Two models at a time on DuckDB;",
        "one on Sail, whose workers share it. Time is that of `dbt run`, with its start; memory is the peak over all",
        "processes together (dbt, the server, its workers), shared pages counted once. The limits are for buffers of",
        "queries: Python, dbt and what an engine does outside of them come on top.",
        "",
        "| events | engine | time | peak memory | in | spilled | models built |",
        "|---:|---|---:|---:|---|---:|---:|",
    ]
    for r in results:
        time_ = f"{r['seconds']:.0f} s" if "seconds" in r else "none"
        spilled = f"{r.get('spilled', 0):.1f} GB"
        models = str(len(r.get("models", {}))) + (f": {r['failed']}" if "failed" in r else "")
        lines.append(
            f"| {r['events']:,} | {r['engine']} | {time_} | {r.get('memory', 0):.1f} GB "
            f"| {', '.join(r.get('at_peak', []))} | {spilled} | {models} |"
        )
    lines.append("")
    for engine in dict.fromkeys(r["engine"] for r in results):
        lines.append(
            f"- {engine}: time grows {growth(results, engine, 'seconds')}, "
            f"peak memory {growth(results, engine, 'memory')}."
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the project on DuckDB within 2 GB, and on Sail's workers.")
    parser.add_argument("--events", type=int, action="append", help="how many events; may be given more than once")
    parser.add_argument("--engine", choices=["duckdb", "sail"], action="append", help="only this one")
    parser.add_argument("--select", nargs="+", default=[], help="which models, as dbt selects them; all by default")
    parser.add_argument("--memory", default=InDuckDB.memory_limit, help="DuckDB's memory_limit")
    parser.add_argument("--minutes", type=float, default=180, help="how long one engine may take at one scale")
    parser.add_argument("--folder", type=Path, help="where the data may lie: 50 million events take tens of gigabytes")
    parser.add_argument(
        "--data", type=Path, help="a folder that keeps what is generated and measured, for the next run"
    )
    parser.add_argument("--out", type=Path, default=RESULTS, help="the report to write the section into")
    arguments = parser.parse_args()
    InDuckDB.memory_limit = arguments.memory
    kinds = {"duckdb": InDuckDB, "sail": OnSail}
    engines = [kinds[name] for name in arguments.engine or kinds]
    select = ["--select", *arguments.select] if arguments.select else []
    # What some models took is no part of what all take.
    results, known = [], arguments.data and not select and arguments.data / "results.json"
    if known and known.exists():
        results = json.loads(known.read_text())
    for events in arguments.events or [1_000_000, 50_000_000]:
        with tempfile.TemporaryDirectory(prefix="ai_impact_bench_load_", dir=arguments.folder) as folder:
            for found in bench(events, Path(folder), arguments.data, engines, select, arguments.minutes):
                others = [r for r in results if (r["events"], r["engine"]) != (events, found["engine"])]
                results = sorted([*others, found], key=lambda r: r["events"])
                # After each: the largest takes long, and may be stopped.
                put(arguments.out, report(results, select))
                if known:
                    known.write_text(json.dumps(results))
    say(report(results, select))


if __name__ == "__main__":
    main()
