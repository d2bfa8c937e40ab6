"""When a server says that it may be asked again: in a header, in its words, or by when its count begins anew."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 3600.0
"""Longest wait that a provider can impose. Past an hour, asking again is better than trusting one header."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])",
    re.IGNORECASE,
)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_ASKS_TO_WAIT = re.compile(
    r"(?:try(?:ing)? again|retry(?:ing)?|come back|wait|available again|resets?)\b[^.\d]{0,30}", re.IGNORECASE
)
_BETWEEN = re.compile(r"[\s,]*(?:and\s+)?")
_RESET = re.compile(r"(x-)?ratelimit-reset(-.+)?")
_EPOCH_S = 1_000_000_000
"""A number that is larger is a time, and no number of seconds; a thousand times that is one in milliseconds."""


def retry_after_of(headers: Mapping[str, str], words: str = "") -> float | None:
    """Read how many seconds to wait, between 0 and an hour; None where nothing says so.

    `retry-after-ms`, `Retry-After` (seconds, or an HTTP date), "try again in 6.2s", and then the rate limit's reset. A
    date is by the vendor's clock, which `Date` tells (RFC 9110, 10.2.3 and 6.6.1); only without it ours has to do.
    """
    now_s = _moment(headers.get("date", "")) or time.time()
    told = (
        _scaled(headers.get("retry-after-ms", ""), 0.001),
        _scaled(headers.get("retry-after", ""), 1.0),
        _until_date(headers.get("retry-after", ""), now_s),
        _in_words(words),
        _until_reset(headers, now_s),
    )
    wait = next((wait for wait in told if wait is not None), None)
    return None if wait is None else min(max(wait, 0.0), MAX_RETRY_AFTER_S)


def _scaled(value: str, unit_s: float) -> float | None:
    try:
        seconds = float(value.strip()) * unit_s
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _until_date(value: str, now_s: float) -> float | None:
    moment_s = _moment(value)
    return None if moment_s is None else moment_s - now_s


def _moment(value: str) -> float | None:
    """An HTTP date in seconds of Unix time."""
    try:
        moment = parsedate_to_datetime(value.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _in_words(words: str) -> float | None:
    """A duration as in "try again in 1m2.5s" or "wait for 7 minutes and 12 seconds"."""
    asks = _ASKS_TO_WAIT.search(words)
    return _seconds(words, asks.end()) if asks else None


def _seconds(text: str, place: int = 0) -> float | None:
    total, part = None, _PART.match(text, place)
    while part:
        total = (total or 0.0) + float(part[1]) * _unit_s(part[2])
        between = _BETWEEN.match(text, part.end())
        part = _PART.match(text, between.end() if between else part.end())
    return total


def _unit_s(unit: str) -> float:
    unit = unit.lower()
    return _UNITS["ms"] if unit.startswith(("ms", "milli")) else _UNITS[unit[0]]


def _until_reset(headers: Mapping[str, str], now_s: float) -> float | None:
    """The longest of those whose count is used up. Only what can't be meant otherwise is read."""
    waits = []
    for name, value in headers.items():
        name = name.lower()
        if _RESET.fullmatch(name) and headers.get(name.replace("-reset", "-remaining"), "0").strip() in ("0", "0.0"):
            waits.append(_reset_s(name, value.strip(), now_s))
    return max((wait for wait in waits if wait is not None), default=None)


def _reset_s(name: str, value: str, now_s: float) -> float | None:
    if _DURATION.fullmatch(value):
        return _seconds(value)
    number = _scaled(value, 1.0)
    if number is None:
        return None
    if number > _EPOCH_S:
        return (number / 1000 if number > _EPOCH_S * 1000 else number) - now_s
    # A small number is in seconds by the draft of the standard; under the older names anything may be meant.
    return number if name == "ratelimit-reset" else None
