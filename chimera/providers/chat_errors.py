"""The errors of the `openai` SDK, sorted into `models/errors.py`: the one place that says what is worth another try.

A vendor's message may quote the request, and OpenAI's quotes the key that it refuses. So a refused key is reported in
our own words only, and every other message is cut short and cleared of anything that looks like a key.
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from chimera.text import clean_text
from models.base import preview_of
from models.errors import (
    BadRequest,
    ContentRefused,
    ContextTooLong,
    InternalFailure,
    Malformed,
    NoQuota,
    Overloaded,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    UnknownModel,
    WrongKey,
)

if TYPE_CHECKING:
    from openai import APIError, OpenAIError

MAX_RETRY_AFTER_S = 3600.0
"""Longest wait that a provider can impose. Past an hour, asking again is better than trusting one header."""

_REASON_CHARS = 180
_KEY = re.compile(r"\b(?:sk|pk|rk|key|Bearer)[-_ ][A-Za-z0-9*._-]{6,}")
_TOO_LONG = re.compile(
    r"context[ _](length|window|size)|maximum context|prompt is too long|too many tokens", re.IGNORECASE
)


def sort_error(error: "OpenAIError", *, provider: str, model: str, secret: str) -> ProviderError:
    """Say which of our errors this is; the SDK's own is lost on purpose (it holds the request and its headers)."""
    from openai import APIConnectionError, APIError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return ProviderTimeout(f"{provider} could not be reached in time; it is asked again.")
    if isinstance(error, APIConnectionError):
        return Overloaded(f"{provider} can't be reached or closed the connection; check its address if that goes on.")
    if isinstance(error, APIError):
        return _sort_answer(error, provider=provider, model=model, secret=secret)
    return Malformed(f"{provider} answered with something that isn't a chat completion ({type(error).__name__}).")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` (seconds, or an HTTP date) as seconds from now, between 0 and an hour; None without one."""
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (_utc(parsedate_to_datetime(value)) - datetime.now(UTC)).total_seconds()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None


def _sort_answer(error: "APIError", *, provider: str, model: str, secret: str) -> ProviderError:
    """An HTTP status, or an `error` object in the middle of a stream, which has a code and no status."""
    from openai import APIStatusError

    code = f"{error.code or ''} {error.type or ''}"
    status = error.status_code if isinstance(error, APIStatusError) else _status_in(error.code)
    headers: Mapping[str, str] = error.response.headers if isinstance(error, APIStatusError) else {}
    reason = _reason(error.message, secret)
    if "insufficient_quota" in code or status == 402:
        return NoQuota(f"The account at {provider} has no quota left; raise it there, then resume the task.")
    if status == 429 or "rate_limit" in code:
        wait = retry_after_of(headers)
        when = "later" if wait is None else f"in {wait:g} s"
        return RateLimited(f"{provider} asks for fewer requests; it is asked again {when}.", retry_after_s=wait)
    if status in (401, 403) or "invalid_api_key" in code:
        return WrongKey(f"{provider} refused the key ({status or 401}); check CHIMERA_{provider.upper()}_API_KEY.")
    if "content_filter" in code or "content_policy" in code:
        return ContentRefused(f"{provider} refused the content: {reason}")
    if status in (400, 413, 422) and ("context" in code or _TOO_LONG.search(error.message)):
        return ContextTooLong(f"The conversation is longer than {model!r} at {provider} reads: {reason}")
    if status == 404 or "model_not_found" in code:
        return UnknownModel(f"{provider} has no model {model!r}, or its address is wrong: {reason}")
    if status is not None and 300 <= status < 500 and status not in (408, 409):
        return BadRequest(f"{provider} refused the request ({status}): {reason}")
    trouble = InternalFailure if status == 500 else Overloaded
    return trouble(
        f"{provider} has trouble of its own ({status or 'in mid-answer'}); it is asked again: {reason}",
        retry_after_s=retry_after_of(headers),
    )


def _status_in(code: str | None) -> int | None:
    return int(code) if code is not None and code.isdecimal() and len(code) == 3 else None


def _reason(message: str, secret: str) -> str:
    if secret:
        message = message.replace(secret, "…")
    return preview_of(_KEY.sub("…", " ".join(clean_text(message).split())), _REASON_CHARS)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
