"""Fits that several results share, made once in a process."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from functools import wraps
from threading import Lock
from typing import ParamSpec, TypeVar

import numpy as np

MOST = 128

P = ParamSpec("P")
R = TypeVar("R")


def remembered(function: Callable[P, R]) -> Callable[P, R]:
    """A pure function whose last `MOST` results are kept, by the contents of the arrays that it was given.

    dbt models run in threads of one process, or each in a process of its own. In threads, whoever asks second waits for
    the first and has the same result, which nobody may change; in a process of its own a model fits for itself.
    Arguments are hashable, or what numpy makes arrays of.
    """
    kept: OrderedDict[Hashable, Future[R]] = OrderedDict()
    lock = Lock()

    @wraps(function)
    def once(*args: P.args, **named: P.kwargs) -> R:
        key = tuple(map(_content, args)), tuple((name, _content(named[name])) for name in sorted(named))
        with lock:
            is_first = key not in kept
            found = kept.setdefault(key, Future())
            kept.move_to_end(key)
            while len(kept) > MOST:
                kept.popitem(last=False)
        if is_first:
            try:
                found.set_result(function(*args, **named))
            except BaseException as error:
                with lock:
                    kept.pop(key, None)
                found.set_exception(error)
        return found.result()

    return once


def _content(value: object) -> Hashable:
    if not isinstance(value, np.ndarray):
        return value if isinstance(value, Hashable) else _content(np.asarray(value))
    return value.shape, value.dtype.str, hashlib.blake2b(value.tobytes()).digest()
