"""Says what is going on: a line for every step that takes longer than two seconds."""

import sys
import threading
import time
from types import TracebackType

SLOW = 2.0


def say(text: str) -> None:
    """A terminal that has no true minus gets a hyphen."""
    try:
        print(text, flush=True)
    except UnicodeEncodeError:
        print(text.replace("−", "-").encode("ascii", "replace").decode(), flush=True)


class Step:
    """A named piece of work. Silent when quick; otherwise it says that it runs, and how long it took."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.detail = ""
        self.seconds = 0.0

    def __enter__(self) -> "Step":
        self._start = self._said = time.monotonic()
        self._timer = threading.Timer(SLOW, say, [f"  {self.name} ..."])
        self._timer.daemon = True
        self._timer.start()
        return self

    def note(self, text: str) -> None:
        """Tell how far the step is, at most every ten seconds."""
        now = time.monotonic()
        if now - self._said >= 10:
            self._said = now
            say(f"  {self.name}: {text}")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._timer.cancel()
        self.seconds = time.monotonic() - self._start
        if error is None and self.seconds >= SLOW:
            detail = f" ({self.detail})" if self.detail else ""
            say(f"  {self.name}{detail}: {self.seconds:.1f} s")


def fail(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
