"""Maps errors of the Gemini API to `models/errors`: the only place that decides what is retried.

The API's messages don't distinguish a limit per minute from an empty account: both mention "plan and billing details".
The error's details do: they contain the exceeded quota, its size, and when to retry.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from chimera.providers.google.requests import PROVIDER
from chimera.providers.refusals.bodies import ErrorBody, read_error_body
from chimera.providers.refusals.model_loading import is_loading
from chimera.providers.refusals.refusal import Refusal, reason_of
from chimera.providers.refusals.retry_times import retry_after_of
from chimera.providers.refusals.too_long import is_too_long
from chimera.providers.wire.values import dict_of, figure_of, index_of
from models.errors import ProviderError

_WRONG_KEY = re.compile(r"api key (not valid|expired|not found)", re.IGNORECASE)
_NO_LIMIT_AT_ALL = re.compile(r"\blimit: 0(?![\d.])")
_NO_BILLING = re.compile(r"billing", re.IGNORECASE)
_NO_MONEY = re.compile(r"credits|spend", re.IGNORECASE)


def sort_body(
    body: object, status: int | None, headers: Mapping[str, str], *, model: str, secret: str
) -> ProviderError:
    """Map an error response to one of our errors. `status` is None for an error in the middle of an answer."""
    reported = read_error_body(body)
    error = _error_in(reported.body)
    details = list(_dicts(error.get("details")))
    status = status or index_of(error.get("code"))
    wait_s = _wait(headers, details, reported.words)
    refusal = Refusal(PROVIDER, model, status, reason_of(reported.words, secret), wait_s)
    if status == 402 or _is_used_up(status, error, reported, details):
        return refusal.no_quota()
    if is_loading(reported, status):
        return refusal.loading()
    if status == 429:
        return refusal.rate_limited()
    if status in (401, 403) or _is_wrong_key(reported, details):
        return refusal.wrong_key()
    if status == 404:
        return refusal.unknown_model()
    if is_too_long(reported, status):
        return refusal.too_long()
    # Google uses 499 for a request that it cancelled.
    if status is not None and 300 <= status < 500 and status not in (408, 409, 499):
        return refusal.request()
    return refusal.trouble(reported.codes)


def _is_used_up(status: int | None, error: dict[str, Any], reported: ErrorBody, details: list[dict[str, Any]]) -> bool:
    """Return whether waiting for less than a day would be useless."""
    if error.get("status") == "FAILED_PRECONDITION":
        # For example, no free tier in this country.
        return bool(_NO_BILLING.search(reported.words))
    if status != 429:
        return False
    exceeded = [quota for detail in details for quota in _dicts(detail.get("violations"))]
    if any("PerDay" in str(quota.get("quotaId")) or str(quota.get("quotaValue")) == "0" for quota in exceeded):
        return True
    if _NO_LIMIT_AT_ALL.search(reported.words):
        return True
    names_wait = any("retryDelay" in detail for detail in details)
    return not exceeded and not names_wait and bool(_NO_MONEY.search(reported.words))


def _is_wrong_key(reported: ErrorBody, details: list[dict[str, Any]]) -> bool:
    reasons = {str(detail.get("reason")) for detail in details}
    return any(reason.startswith("API_KEY_") for reason in reasons) or bool(_WRONG_KEY.search(reported.words))


def _wait(headers: Mapping[str, str], details: list[dict[str, Any]], words: str) -> float | None:
    """Return the longer of two retry times: that of the header or message, and that of `RetryInfo` ("36.4s")."""
    delays = [_delay(detail["retryDelay"]) for detail in details if "retryDelay" in detail]
    reported = [retry_after_of(headers, words), *(retry_after_of({"retry-after": delay}) for delay in delays)]
    return max((wait for wait in reported if wait is not None), default=None)


def _delay(reported: object) -> str:
    """Return a delay as text: Protobuf's JSON contains "36.4s", but some servers write `seconds` and `nanos`."""
    if isinstance(reported, dict):
        seconds, nanos = (figure_of(reported.get(name, 0)) or 0 for name in ("seconds", "nanos"))
        return str(seconds + nanos / 1e9)
    return str(reported)


def _error_in(body: object) -> dict[str, Any]:
    """Find the error in an object, or in a one-item list, as in responses without events."""
    first = body[0] if isinstance(body, list) and body else body
    return dict_of(dict_of(first).get("error", first))


def _dicts(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in value if isinstance(item, dict)) if isinstance(value, list) else iter(())
