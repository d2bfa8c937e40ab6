"""Percentiles from the bars of a histogram."""

from collections.abc import Mapping

from models.analytics import Durations

PERCENTILES = (0.5, 0.95, 0.99)


def durations_of(bars: Mapping[int, int]) -> Durations:
    """Return the percentiles of a histogram: its counts by bar."""
    counted = {bar: number for bar, number in sorted(bars.items()) if number > 0}
    p50, p95, p99 = (_percentile(counted, share) for share in PERCENTILES)
    return Durations(count=sum(counted.values()), p50_ms=p50, p95_ms=p95, p99_ms=p99)


def middle_of(bar: int) -> float:
    """Return the geometric mean of a bar's limits in milliseconds: its relative distance to both is the same, 9 %."""
    return 1.0 if bar <= 0 else 2 ** ((bar - 0.5) / 4)


def _percentile(bars: Mapping[int, int], share: float) -> int | None:
    rank, seen = share * sum(bars.values()), 0
    for bar, number in bars.items():
        seen += number
        if seen >= rank:
            return round(middle_of(bar))
    return None
