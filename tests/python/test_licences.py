"""What make demo installs may be used and passed on by anybody, and somebody still looks after it.

`pytest -v tests/python/test_licences.py` lists every package with its licence.
"""

import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

LOCK = Path(__file__).resolve().parents[2] / "locks/requirements.lock"
# As packages spell them: SPDX expressions, names of classifiers, and what was written before there were either.
PERMISSIVE = re.compile(
    r"\b(MIT|BSD|0BSD|Apache|PSF|ISC|Zlib|CC0|Python Software Foundation|Artistic|Unlicense|HPND)\b", re.IGNORECASE
)
# Files under it stay under it; nothing else is asked of who uses them.
PER_FILE = re.compile(r"\bMPL\b|Mozilla Public License", re.IGNORECASE)
# They state no licence, neither in their metadata nor in a file, and why they are here all the same.
UNSTATED = {"dbtlabs-vortex": "dbt-core requires it, by the same authors", "uuid": "dbt-charts requires it"}
# Came with dbt-charts, which is on its way out: when that is gone, this may not stay.
ABANDONED_WITH = {"uuid": "dbt-charts"}


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;]+)", LOCK.read_text(), re.MULTILINE))


def licence_of(name: str) -> str:
    """What the installed package says, the most exact first; empty where it says nothing."""
    try:
        found = importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"
    classes = [c.split(" :: ")[-1] for c in found.get_all("Classifier") or [] if c.startswith("License ::")]
    return found.get("License-Expression") or " or ".join(classes) or (found.get("License") or "").split("\n")[0]


LICENCES = {name: licence_of(name) for name in locked()}


@pytest.mark.parametrize(
    "name", [pytest.param(n, id=f"{n}: {licence or 'unknown'}") for n, licence in LICENCES.items()]
)
def test_the_licence_is_known_and_permissive(name):
    licence = LICENCES[name]
    if licence == "not installed":
        pytest.skip("is for another system or Python")
    if not licence and name in UNSTATED:
        pytest.xfail(UNSTATED[name])
    # Of a choice of licences one will do; of several that hold together, all.
    parts = [part for part in re.split(r"\s+(?:OR|or)\s+", licence) if part]
    assert any(
        all(PERMISSIVE.search(each) or PER_FILE.search(each) for each in re.split(r"\s+AND\s+", part)) for part in parts
    ), f"{name} {locked()[name]} has the licence {licence or 'it does not state'}: replace it, or say why it stays"


def test_most_of_what_is_locked_is_looked_at():
    assert sum(licence != "not installed" for licence in LICENCES.values()) >= 0.9 * len(LICENCES) > 50


def abandoned(name: str) -> str:
    """Why nobody looks after a package any more, or nothing."""
    try:
        package = importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return ""
    if "Development Status :: 7 - Inactive" in (package.metadata.get_all("Classifier") or []):
        return "its authors call it inactive"
    modules = {file.parts[0].removesuffix(".py") for file in package.files or [] if file.suffix == ".py"}
    taken = sorted(modules & set(sys.stdlib_module_names))
    return f"it brings {taken[0]}, which Python has brought itself for long" if taken else ""


@pytest.mark.parametrize("name", LICENCES)
def test_nothing_is_abandoned(name):
    if ABANDONED_WITH.get(name) in LICENCES:
        pytest.xfail(f"goes with {ABANDONED_WITH[name]}")
    assert not abandoned(name), f"{name} {locked()[name]}: {abandoned(name)}; replace what needs it"


def test_what_is_abandoned_is_seen():
    if "uuid" not in LICENCES:
        pytest.skip("the package is gone")
    assert abandoned("uuid") == "it brings uuid, which Python has brought itself for long"
