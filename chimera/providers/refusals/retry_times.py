"""Reads a server's retry time: from a header, from its message, or from its rate limit's reset time."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_RETRY_AFTER_S = 3600.0
"""Longest wait that a provider can impose. After an hour, a retry is better than trusting one header."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(
    r"(\d+(?:\.\d+)?)\s*(ms|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)(?![a-z])",
    re.IGNORECASE,
)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhd]))+")
_NUMBER = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,20})?")
_ASKS_TO_WAIT = re.compile(
    r"(?:try(?:ing)? again|retry(?:ing|[_ -]?delay|[_ -]?after)?|come back|wait(?:ing)?|available(?: again)?|resets?"
    r"|cool-?down)\b[^.\d]{0,30}",
    re.IGNORECASE,
)
_SECONDS_FIELD = re.compile(
    r"retry[_-]?after(?:_?s(?:ec(?:ond)?s?)?)?[\"']?\s*[:=]\s*[\"']?(\d{1,9}(?:\.\d{1,9})?)\b", re.IGNORECASE
)
"""For gateways that put JSON into their messages."""
_CHINESE = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*(毫秒|秒|分钟|小时)[钟]?(?:之?后|内)")
_CHINESE_UNITS = {"毫秒": 0.001, "秒": 1.0, "分钟": 60.0, "小时": 3600.0}
_BETWEEN = re.compile(r"[\s,]*(?:and\s+)?")
_RESET = re.compile(r"(?:x-)?ratelimit-reset(?:-.+)?|anthropic-ratelimit-.+-reset")
_DRAFT = re.compile(r"\b(?:r|remaining)=0\b[^=]{0,40}\b(?:t|reset)=(\d{1,9})\b")
"""The newest form of the standard: `"default";r=0;t=30`."""
_EPOCH_S = 1_000_000_000
"""A larger number is a Unix time, not a duration in seconds; above a thousand times this, it is in milliseconds."""


def retry_after_of(headers: Mapping[str, str], words: str = "") -> float | None:
    """Return how many seconds to wait, between 0 and an hour; None if the server doesn't say.

    The sources, in this order, are `retry-after-ms`, `Retry-After` (seconds, a duration or a date), a message such as
    "try again in 6.2s", and the rate limit's reset time. A date is by the vendor's clock, which is read from the header
    `Date` (RFC 9110, 10.2.3 and 6.6.1); without this header, our clock is used.
    """
    now_s = _moment(headers.get("date", "")) or time.time()
    waits = (
        _scaled(headers.get("retry-after-ms", ""), 0.001),
        _scaled(headers.get("x-ms-retry-after-ms", ""), 0.001),
        wait_in(headers.get("retry-after", ""), now_s),
        _in_words(words),
        _until_reset(headers, now_s),
    )
    wait = next((wait for wait in waits if wait is not None), None)
    return None if wait is None else min(max(wait, 0.0), MAX_RETRY_AFTER_S)


def wait_in(value: str, now_s: float) -> float | None:
    """Read a wait: seconds, a duration such as 1m30s or "6 seconds", an HTTP date, an ISO date, or a Unix time."""
    # Two headers with the same name arrive joined by a comma.
    value = value.split(",")[0].strip() if _NUMBER.match(value.strip()) else value.strip()
    number = _scaled(value.strip('"'), 1.0)
    if number is not None:
        return _until_moment(number, now_s) if number > _EPOCH_S else number
    if (part := _PART.match(value)) is not None and part.start() == 0:
        return _seconds(value)
    moment_s = _moment(value)
    return None if moment_s is None else moment_s - now_s


def _scaled(value: str, unit_s: float) -> float | None:
    try:
        seconds = float(value.strip()) * unit_s
    except ValueError:
        return None
    return seconds if math.isfinite(seconds) else None


def _moment(value: str) -> float | None:
    """Parse an HTTP date, or an ISO date (RFC 3339), into a Unix time in seconds."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(value.strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            continue
    return None


def _until_moment(number: float, now_s: float) -> float:
    """Return the seconds until a Unix time, which is in seconds or milliseconds."""
    return (number / 1000 if number > _EPOCH_S * 1000 else number) - now_s


def _in_words(words: str) -> float | None:
    """Find a duration in a message, such as "try again in 1m2.5s" or "wait for 7 minutes and 12 seconds"."""
    for asks in _ASKS_TO_WAIT.finditer(words):
        if (wait := _seconds(words, asks.end())) is not None:
            return wait
    if (field := _SECONDS_FIELD.search(words)) is not None:
        return float(field[1])
    chinese = _CHINESE.search(words)
    return float(chinese[1]) * _CHINESE_UNITS[chinese[2]] if chinese else None


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
    """Return the longest wait for a limit that is used up. Only unambiguous values are read."""
    waits = []
    for name, value in headers.items():
        name = name.lower()
        if _RESET.fullmatch(name) and headers.get(name.replace("-reset", "-remaining"), "0").strip() in ("0", "0.0"):
            waits.append(_reset_s(name, value.strip(), now_s))
        if name == "ratelimit" and (draft := _DRAFT.search(value)) is not None:
            waits.append(float(draft[1]))
    return max((wait for wait in waits if wait is not None), default=None)


def _reset_s(name: str, value: str, now_s: float) -> float | None:
    if _DURATION.fullmatch(value):
        return _seconds(value)
    number = _scaled(value, 1.0)
    if number is None:
        moment_s = _moment(value)
        return None if moment_s is None else moment_s - now_s
    if number > _EPOCH_S:
        return _until_moment(number, now_s)
    # According to the standard's draft, a small number is in seconds; under the older names, it may mean anything.
    return number if name in ("ratelimit-reset", "x-ratelimit-reset-after") else None
