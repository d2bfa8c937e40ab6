"""What a provider says in place of an answer, in the same words of ours for every vendor.

A vendor's message may quote the request, and OpenAI's quotes the key that it refuses. So a refused key is reported in
our own words only, and every other message is cut short and cleared of anything that looks like a key.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from chimera.text import clean_text
from models.base import preview_of
from models.errors import (
    BadRequest,
    ContentRefused,
    ContextTooLong,
    InternalFailure,
    NoQuota,
    Overloaded,
    ProviderError,
    ProviderTimeout,
    RateLimited,
    Truncated,
    UnknownModel,
    Unreachable,
    WrongKey,
)

MAX_RETRY_AFTER_S = 3600.0
"""Longest wait that a provider can impose. Past an hour, asking again is better than trusting one header."""

TOO_LONG = re.compile(
    r"context[ _](length|window|size|limit)|maximum context|prompt is too long|too many tokens", re.IGNORECASE
)

_REASON_CHARS = 180
_KEY = re.compile(r"\b(?:(?:sk|pk|rk|key|Bearer)[-_ ]|AIza|AQ\.)[A-Za-z0-9*._-]{6,}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """The facts of a refusal. `status` is None in mid-answer; each method is the error that it turns out to be."""

    provider: str
    model: str
    status: int | None
    reason: str
    retry_after_s: float | None = None

    def no_quota(self) -> NoQuota:
        return NoQuota(f"The account at {self.provider} has no quota left; raise it there, then resume the task.")

    def rate_limited(self) -> RateLimited:
        when = "" if self.retry_after_s is None else f", and for a pause of {self.retry_after_s:g} s"
        return RateLimited(f"{self.provider} asks for fewer requests{when}.", retry_after_s=self.retry_after_s)

    def wrong_key(self) -> WrongKey:
        setting = f"CHIMERA_{self.provider.upper()}_API_KEY"
        return WrongKey(f"{self.provider} refused the key ({self.status or 401}); check {setting}.")

    def content(self) -> ContentRefused:
        return ContentRefused(f"{self.provider} refused the content: {self.reason}")

    def too_long(self) -> ContextTooLong:
        return ContextTooLong(f"The conversation is longer than {self.model!r} at {self.provider} reads: {self.reason}")

    def unknown_model(self) -> UnknownModel:
        what = f"model {self.model!r}" if self.model else "list of models"
        return UnknownModel(f"{self.provider} has no {what}, or its address is wrong: {self.reason}")

    def request(self) -> BadRequest:
        return BadRequest(f"{self.provider} refused the request ({self.status or 'in mid-answer'}): {self.reason}")

    def trouble(self) -> Overloaded:
        trouble = InternalFailure if self.status == 500 else Overloaded
        return trouble(
            f"{self.provider} has trouble of its own ({self.status or 'in mid-answer'}): {self.reason}",
            retry_after_s=self.retry_after_s,
        )


def disconnected(provider: str, error: BaseException, *, begun: bool) -> ProviderError:
    """Sort a connection that did not come about, or broke. `error` is HTTPX's, or an SDK's that was raised from it."""
    import httpx2

    cause = error if isinstance(error, httpx2.TransportError) else error.__cause__
    if begun:
        return Truncated(f"{provider} broke the connection in mid-answer; the answer is thrown away.")
    # A certificate that isn't trusted, or a proxy that refuses, doesn't pass by itself as an outage does.
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) and "CERTIFICATE" not in str(cause):
        setting = "CHIMERA_SIMULATOR_URL" if provider == "simulator" else f"CHIMERA_{provider.upper()}_BASE_URL"
        return Unreachable(
            f"{provider} can't be reached; check that it runs, its address ({setting}), and the network."
        )
    if isinstance(cause, httpx2.TimeoutException):
        return ProviderTimeout(f"{provider} did not take the request in time.")
    if isinstance(cause, httpx2.ConnectError | httpx2.ProxyError):
        return Overloaded(f"{provider} can't be reached: its certificate isn't trusted, or a proxy refuses.")
    return Overloaded(f"{provider} closed the connection without an answer.")


def retry_after_of(headers: Mapping[str, str]) -> float | None:
    """Read `Retry-After` (seconds, or an HTTP date) as seconds from now, between 0 and an hour; None without one.

    A date is by the vendor's clock, which `Date` tells (RFC 9110, 10.2.3 and 6.6.1); only without it ours has to do.
    """
    value = headers.get("retry-after", "").strip()
    try:
        seconds = float(value)
    except ValueError:
        try:
            seconds = (_utc(parsedate_to_datetime(value)) - _date_of(headers)).total_seconds()
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S) if math.isfinite(seconds) else None


def _date_of(headers: Mapping[str, str]) -> datetime:
    try:
        return _utc(parsedate_to_datetime(headers.get("date", "")))
    except (ValueError, OverflowError):
        return datetime.now(UTC)


def reason_of(message: str, secret: str) -> str:
    """Make a vendor's message fit to be shown: short, clean, and without anything that looks like a key."""
    if secret:
        message = message.replace(secret, "…")
    return preview_of(_KEY.sub("…", " ".join(clean_text(message).split())), _REASON_CHARS)


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
