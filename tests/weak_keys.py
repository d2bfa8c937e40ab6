"""Prevents traced runs from spinning forever when threads end, due to CPython 3.11, greenlet and coverage together.

Coverage keeps an index of greenlets with weak keys. When a thread ends, greenlet drops its own in a pending call of the
main thread, and the dictionary's callback runs there. If the callback is written in Python, it is traced, and the 3.11
interpreter then checks for pending calls before the first instruction, again and again while another thread's call is
waiting. A callback in C has no instruction to stop at. (Traced threads that ended thirty at a time hung within a
minute; with this module, 74,000 of them didn't.)

One difference from the standard dictionary: if a key is deleted while its reference is held elsewhere, and dies later,
the callback raises a KeyError, which Python prints and nothing catches. Tracers never delete keys like this.
"""

import sys
import weakref
from collections.abc import Iterator
from typing import Any


class WeakKeys(weakref.WeakKeyDictionary[Any, Any]):
    """A WeakKeyDictionary whose dead keys are removed by a function in C. Iterations see a copy."""

    data: dict[weakref.ref[Any], Any]

    def __init__(self, entries: Any = None) -> None:
        super().__init__()
        # This becomes the callback of each key's weak reference.
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
    """Make tracers of threads that start from now on use this class: each creates its index by the class's name.

    Does nothing where nothing hangs: in an untraced run, and in any Python other than 3.11.
    """
    if is_traced and version == (3, 11):
        weakref.WeakKeyDictionary = WeakKeys  # type: ignore[misc, assignment]
