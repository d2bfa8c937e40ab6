"""The errors of the Gemini API, sorted into `models/errors.py`: the one place that says what is worth another try.

Its messages can't tell a limit per minute from an empty account: both speak of "plan and billing details". The details
can: which quota was exceeded, how large it is, and when to come back.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chimera.providers.chat_errors import reason_of, retry_after_of
from models.errors import (
    BadRequest,
    ContextTooLong,
    NoQuota,
    Overloaded,
    ProviderError,
    RateLimited,
    UnknownModel,
    WrongKey,
)

if TYPE_CHECKING:
    from google.genai.errors import APIError

_TOO_LONG = re.compile(r"token count.{0,40}exceeds|too many tokens|context (length|window)", re.IGNORECASE)
_WRONG_KEY = re.compile(r"api key (not valid|expired|not found)", re.IGNORECASE)
_NO_LIMIT_AT_ALL = re.compile(r"\blimit: 0(?![\d.])")
_NO_BILLING = re.compile(r"billing", re.IGNORECASE)
_NO_MONEY = re.compile(r"credits|spend", re.IGNORECASE)


def sort_error(error: "APIError", *, model: str, secret: str) -> ProviderError:
    """Say which of our errors this is; the SDK's own is lost on purpose (it holds the request and its headers)."""
    message = error.message if isinstance(error.message, str) else ""
    reason = reason_of(message, secret)
    details = list(_details(error.details))
    status = error.code
    if status == 402 or _is_used_up(error, message, details):
        return NoQuota(f"The account at google has no quota left for {model!r}; raise it there, then resume the task.")
    wait = _wait(error, details)
    if status == 429:
        when = "later" if wait is None else f"in {wait:g} s"
        return RateLimited(f"google asks for fewer requests; it is asked again {when}.", retry_after_s=wait)
    if status in (401, 403) or _is_wrong_key(message, details):
        return WrongKey(f"google refused the key ({status}); check CHIMERA_GOOGLE_API_KEY.")
    if status == 404:
        return UnknownModel(f"google has no model {model!r}, or its address is wrong: {reason}")
    if status in (400, 413) and _TOO_LONG.search(message):
        return ContextTooLong(f"The conversation is longer than {model!r} reads: {reason}")
    # 499 is what Google calls a request that it cancelled.
    if 300 <= status < 500 and status not in (408, 409, 499):
        return BadRequest(f"google refused the request ({status}): {reason}")
    return Overloaded(f"google has trouble of its own ({status}); it is asked again: {reason}", retry_after_s=wait)


def _is_used_up(error: "APIError", message: str, details: list[dict[str, Any]]) -> bool:
    """Say whether waiting for less than a day is no use."""
    if error.status == "FAILED_PRECONDITION":
        # No free tier in this country, for one.
        return bool(_NO_BILLING.search(message))
    if error.code != 429:
        return False
    exceeded = [quota for detail in details for quota in _dicts(detail.get("violations"))]
    if any("PerDay" in str(quota.get("quotaId")) or str(quota.get("quotaValue")) == "0" for quota in exceeded):
        return True
    if _NO_LIMIT_AT_ALL.search(message):
        return True
    says_when = any("retryDelay" in detail for detail in details)
    return not exceeded and not says_when and bool(_NO_MONEY.search(message))


def _is_wrong_key(message: str, details: list[dict[str, Any]]) -> bool:
    reasons = {str(detail.get("reason")) for detail in details}
    return any(reason.startswith("API_KEY_") for reason in reasons) or bool(_WRONG_KEY.search(message))


def _wait(error: "APIError", details: list[dict[str, Any]]) -> float | None:
    """The longer of the two ways to say when: the header, and `RetryInfo` ("36.4s")."""
    # Within a stream this is the SDK's own response; both have headers.
    headers: Mapping[str, str] = getattr(error.response, "headers", {})
    delays = [str(detail["retryDelay"]).removesuffix("s") for detail in details if "retryDelay" in detail]
    told = [retry_after_of(headers), *(retry_after_of({"retry-after": delay}) for delay in delays)]
    return max((wait for wait in told if wait is not None), default=None)


def _details(body: Any) -> Iterator[dict[str, Any]]:
    error = body.get("error", body) if isinstance(body, dict) else {}
    return _dicts(error.get("details") if isinstance(error, dict) else None)


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
