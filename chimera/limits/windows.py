"""Sliding window counters in memory: for each name, a count per window, of which the previous one counts in part.

The arithmetic is that of the counters in Redis (`limits`), so both agree on when the next request fits.
"""

from dataclasses import dataclass

SWEEP = 1000
MAX_NAMES = 100_000
"""The most names that are counted at once. Beyond that, half of them are forgotten, those that were seen first."""


@dataclass(frozen=True, slots=True)
class Used:
    """What was counted for a name: in the previous window, in the current one, and the seconds left of it."""

    previous: int
    current: int
    left_s: float
    within_s: float

    @property
    def weighted(self) -> int:
        return int(self.previous * self.left_s / self.within_s) + self.current

    def wait_s(self, limit: int) -> float:
        """Return the seconds until another one fits; 0 if it fits now."""
        if self.weighted + 1 <= limit:
            return 0.0
        room = limit - self.current
        if room > 0:
            return max(0.001, self.left_s - self.within_s * room / max(1, self.previous))
        # Only in the next window, in which the current one counts as the previous one.
        return self.left_s + max(0.0, self.within_s * (1 - limit / max(1, self.current)))


class Windows:
    """Counters of one kind. Times are seconds of a clock that is never set."""

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self._counts: dict[str, tuple[int, int, int]] = {}
        self._sweep_at = SWEEP

    def __len__(self) -> int:
        return len(self._counts)

    def used(self, name: str, now: float) -> Used:
        """Return what was counted for a name."""
        window = int(now // self._within_s)
        left_s = (window + 1) * self._within_s - now
        at, previous, current = self._counts.get(name, (window, 0, 0))
        if at == window:
            return Used(previous, current, left_s, self._within_s)
        return Used(current if at == window - 1 else 0, 0, left_s, self._within_s)

    def add(self, name: str, now: float) -> None:
        used = self.used(name, now)
        if len(self._counts) >= self._sweep_at:
            self._sweep(now)
        self._counts[name] = (int(now // self._within_s), used.previous, used.current + 1)

    def _sweep(self, now: float) -> None:
        window = int(now // self._within_s)
        kept = {name: count for name, count in self._counts.items() if count[0] >= window - 1}
        # At most half is kept, so that sweeping stays rare.
        self._counts = dict(list(kept.items())[-MAX_NAMES // 2 :])
        self._sweep_at = max(SWEEP, 2 * len(self._counts))
