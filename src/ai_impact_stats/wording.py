"""Sentences that hold a number and read right for one, too."""

from collections.abc import Sequence

IRREGULAR = {"stratum": "strata"}


def counted(count: int, one: str, many: str | None = None) -> str:
    """`counted(1, "unit has", "units have")` is "1 unit has"; without `many` it is `one` with an s."""
    return f"{count} {one if count == 1 else many or IRREGULAR.get(one, one + 's')}"


def counted_of(count: int, total: int, one: str, is_one: str, are_many: str) -> str:
    """`counted_of(1, 9, "unit", "has", "have")` is "1 of 9 units has": the noun follows the total."""
    return f"{count} of {counted(total, one)} {is_one if 1 in (count, total) else are_many}"


def counted_are(count: int, one: str) -> str:
    """`counted_are(1, "pair")` is "is 1 pair", for sentences that begin with "There"."""
    return f"{'is' if count == 1 else 'are'} {counted(count, one)}"


def sentence(parts: Sequence[str | None]) -> str | None:
    """The reasons that exist, joined."""
    return " ".join(p for p in parts if p) or None
