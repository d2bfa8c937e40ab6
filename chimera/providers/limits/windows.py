"""The calls admitted in the last minute: requests and tokens, second by second.

The count is exact to a second and errs on the safe side: each call counts for at least a whole minute. Counters that
weight the previous minute, as most rate limiters do, admit almost twice the limit around the end of a minute.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

Amounts = tuple[int, int]
"""Requests and tokens."""

UNITS = ("requests", "tokens")
KEPT_S = 61
"""A minute, plus one second because only whole seconds are counted."""


@dataclass(slots=True)
class Window:
    """The calls of the last minute. Times are seconds of a monotonic clock."""

    _spent: dict[int, Amounts] = field(default_factory=dict)

    def add(self, now: float, cost: Amounts) -> None:
        requests, tokens = self._spent.get(int(now), (0, 0))
        self._spent[int(now)] = (requests + cost[0], tokens + cost[1])

    def by_age(self, now: float) -> Iterable[tuple[int, int, int]]:
        """Return the entries as age in seconds, requests and tokens."""
        self._spent = {second: spent for second, spent in self._spent.items() if int(now) - second < KEPT_S}
        return [(int(now) - second, *spent) for second, spent in self._spent.items()]

    def wait_s(self, now: float, unit: int, cost: int, allowed: int) -> float:
        """Return the time until there is room for `cost` of a unit (an index of `UNITS`), or 0 if there is room now."""
        spent = sorted(((age, amounts[unit]) for age, *amounts in self.by_age(now)), reverse=True)
        used = sum(amount for _, amount in spent)
        for age, amount in spent:
            if used + cost <= allowed:
                return 0.0
            used -= amount
            if used + cost <= allowed:
                return KEPT_S - age - now % 1
        return 0.0 if used + cost <= allowed else float(KEPT_S)
