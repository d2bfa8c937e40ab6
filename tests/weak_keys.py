"""Keeps a traced run from spinning for ever when threads end: CPython 3.11, greenlet and coverage together.

Coverage keeps an index of greenlets by weak keys. When a thread ends, greenlet drops its own in a pending call of the
main thread, and the dictionary's callback runs there. Written in Python, it is traced, and the 3.11 interpreter then
asks for pending calls before its first instruction, again and again while another thread's call is waiting. A callback
in C has no instruction to stop at. (Threads that end thirty at a time, traced, hung within a minute; with this, 74,000
of them did not.)

What differs from the standard one: a key that is deleted while its reference is held elsewhere, and dies afterwards,
has the callback raise a KeyError, which Python prints and nobody catches. Tracers never delete keys so.
"""

import sys
import weakref
from collections.abc import Iterator
from typing import Any


class WeakKeys(weakref.WeakKeyDictionary[Any, Any]):
    """A WeakKeyDictionary whose dead keys are removed by a function in C; what iterates it sees a copy."""

    data: dict[weakref.ref[Any], Any]

    def __init__(self, entries: Any = None) -> None:
        super().__init__()
        # Each key's weak reference is given this as its callback.
        self._remove = self.data.__delitem__
        if entries is not None:
            self.update(entries)

    def items(self) -> Iterator[tuple[Any, Any]]:  # type: ignore[override]
        for reference, value in list(self.data.items()):
            if (key := reference()) is not None:
                yield key, value

    def keys(self) -> Iterator[Any]:  # type: ignore[override]
        return (key for key, _ in self.items())

    __iter__ = keys

    def values(self) -> Iterator[Any]:  # type: ignore[override]
        return (value for _, value in self.items())

    def copy(self) -> "WeakKeys":
        return WeakKeys(dict(self.items()))

    __copy__ = copy


def use_in_tracers(*, is_traced: bool, version: tuple[int, int] = sys.version_info[:2]) -> None:
    """Have the tracers of threads that begin from now on keep their greenlets so: each makes its index by this name.

    Does nothing where nothing hangs: in a run that isn't traced, and in any Python but 3.11.
    """
    if is_traced and version == (3, 11):
        weakref.WeakKeyDictionary = WeakKeys  # type: ignore[misc, assignment]
