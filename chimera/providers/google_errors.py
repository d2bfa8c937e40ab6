"""The errors of the Gemini API, sorted into `models/errors.py`: the one place that says what is worth another try.

Its messages can't tell a limit per minute from an empty account: both speak of "plan and billing details". The details
can: which quota was exceeded, how large it is, and when to come back.
"""

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chimera.providers.google_requests import PROVIDER
from chimera.providers.refusals import Refusal, reason_of, retry_after_of
from models.errors import ProviderError

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
    details = list(_details(error.details))
    status = error.code
    refusal = Refusal(PROVIDER, model, status, reason_of(message, secret), _wait(error, details))
    if status == 402 or _is_used_up(error, message, details):
        return refusal.no_quota()
    if status == 429:
        return refusal.rate_limited()
    if status in (401, 403) or _is_wrong_key(message, details):
        return refusal.wrong_key()
    if status == 404:
        return refusal.unknown_model()
    if status in (400, 413) and _TOO_LONG.search(message):
        return refusal.too_long()
    # 499 is what Google calls a request that it cancelled.
    if 300 <= status < 500 and status not in (408, 409, 499):
        return refusal.request()
    return refusal.trouble()


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
