"""Maps errors of Anthropic's API to `models/errors`: the only place that decides what is retried.

https://platform.claude.com/docs/en/api/errors
"""

import re
from collections.abc import Mapping

from chimera.providers.anthropic.requests import PROVIDER
from chimera.providers.refusals.bodies import ErrorBody, read_error_body
from chimera.providers.refusals.model_loading import is_loading
from chimera.providers.refusals.refusal import Refusal, disconnected, reason_of
from chimera.providers.refusals.retry_times import retry_after_of
from chimera.providers.refusals.too_long import is_too_long
from chimera.providers.wire.pieces import ErrorInAnswer
from chimera.providers.wire.values import dict_of
from models.errors import Malformed, ProviderError

_NO_MONEY = re.compile(r"credit balance|usage limits?\b", re.IGNORECASE)
_BLOCKED = re.compile(r"blocked by content filter", re.IGNORECASE)
_SPENT = ("spend_limit_reached", "billing_unavailable")
_STATUSES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
}
"""Statuses by type, for an error in the middle of a stream, which has only the stream's status."""


def sort_error(error: Exception, *, model: str, secret: str, begun: bool) -> ProviderError:
    """Map an error to one of ours. The SDK's error is dropped on purpose: it contains the request and its headers."""
    from anthropic import APIConnectionError, APIStatusError
    from httpx2 import TransportError

    if isinstance(error, ProviderError):
        return error
    if isinstance(error.__cause__, ProviderError):
        # Raised by a hook of our client; the SDK treats it as a lost connection.
        return error.__cause__
    if isinstance(error, APIConnectionError | TransportError):
        return disconnected(PROVIDER, error, begun=begun)
    if isinstance(error, APIStatusError):
        response = error.response
        body = (response.is_stream_consumed and response.content) or error.body
        return _sort_body(read_error_body(body), response.status_code, response.headers, model, secret)
    if isinstance(error, ErrorInAnswer):
        return _sort_body(read_error_body(error.body), None, {}, model, secret)
    return Malformed(f"{PROVIDER} sent an invalid message ({type(error).__name__}).")


def _sort_body(
    reported: ErrorBody, status: int | None, headers: Mapping[str, str], model: str, secret: str
) -> ProviderError:
    error = dict_of(dict_of(reported.body).get("error"))
    type_ = str(error.get("type"))
    kind = _STATUSES.get(type_, reported.status) if status is None else status
    refusal = Refusal(
        PROVIDER, model, status, reason_of(reported.words, secret), retry_after_of(headers, reported.words)
    )
    spent = str(dict_of(error.get("details")).get("error_code")).endswith(_SPENT)
    if kind == 402 or type_ == "billing_error" or spent:
        return refusal.no_quota()
    if kind in (400, 403) and _NO_MONEY.search(reported.words):
        return refusal.no_quota()
    if is_too_long(reported, kind):
        return refusal.too_long()
    if is_loading(reported, kind):
        return refusal.loading()
    if kind == 400 and _BLOCKED.search(reported.words):
        return refusal.content()
    if kind == 429:
        return refusal.rate_limited()
    if kind in (401, 403):
        return refusal.wrong_key()
    if kind == 404:
        return refusal.unknown_model()
    if kind is not None and 300 <= kind < 500 and kind not in (408, 409):
        return refusal.request()
    return refusal.trouble(reported.codes)
