"""bench/RESULTS.md: each command writes its own part, and keeps those of the others."""

from pathlib import Path

EVENTS = "# Benchmark"
EXPERIMENTS = "## Experiments"
QUASI = "## Without randomisation"
LOAD = "## A load that one process should not hold"
# In the order of the file.
PARTS = (EVENTS, EXPERIMENTS, QUASI, LOAD)


def put(path: Path, part: str) -> None:
    """Put a part, whose first line is its heading, in the place of the one before."""
    parts: dict[str, list[str]] = {}
    for line in (path.read_text() if path.exists() else "").splitlines():
        if line in PARTS:
            parts[line] = []
        if parts:
            next(reversed(parts.values())).append(line)
    heading, *lines = part.strip().splitlines()
    assert heading in PARTS, f"{heading} is no part of the report: add it to PARTS."
    parts[heading] = [heading, *lines]
    path.write_text("\n\n".join("\n".join(parts[name]).strip() for name in PARTS if name in parts) + "\n")
