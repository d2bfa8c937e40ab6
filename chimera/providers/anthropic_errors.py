"""The errors of the `anthropic` SDK, sorted into `models/errors.py`: the one place that says what is worth another try.

https://platform.claude.com/docs/en/api/errors
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chimera.providers.anthropic_requests import PROVIDER
from chimera.providers.refusals import TOO_LONG, Refusal, disconnected, reason_of, retry_after_of
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    from anthropic import APIStatusError

_NO_MONEY = re.compile(r"credit balance|usage limits?\b", re.IGNORECASE)
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
"""Of an error in the middle of a stream, whose status is that of the stream."""


def sort_error(error: Exception, *, model: str, secret: str, begun: bool) -> ProviderError:
    """Say which of our errors this is; the SDK's own is lost on purpose (it holds the request and its headers)."""
    from anthropic import APIConnectionError, APIStatusError
    from httpx2 import TransportError

    # The SDK passes on what breaks a stream as it is.
    if isinstance(error, APIConnectionError | TransportError):
        return disconnected(PROVIDER, error, begun=begun)
    if isinstance(error, APIStatusError):
        return _sort_answer(error, model=model, secret=secret)
    return Malformed(f"{PROVIDER} sent something that isn't a message ({type(error).__name__}).")


def _sort_answer(error: "APIStatusError", *, model: str, secret: str) -> ProviderError:
    in_answer = error.status_code < 300
    status = None if in_answer else error.status_code
    kind = _STATUSES.get(str(error.type)) if in_answer else error.status_code
    headers: Mapping[str, str] = {} if in_answer else error.response.headers
    said = str(error.api_message or error.message)
    refusal = Refusal(PROVIDER, model, status, reason_of(said, secret), retry_after_of(headers))
    if kind == 402 or error.type == "billing_error" or str(error.error_code).endswith(_SPENT):
        return refusal.no_quota()
    if kind in (400, 403) and _NO_MONEY.search(said):
        return refusal.no_quota()
    if kind == 429:
        return refusal.rate_limited()
    if kind in (401, 403):
        return refusal.wrong_key()
    if kind == 413 or (kind == 400 and TOO_LONG.search(said)):
        return refusal.too_long()
    if kind == 404:
        return refusal.unknown_model()
    if kind is not None and 300 <= kind < 500 and kind not in (408, 409):
        return refusal.request()
    return refusal.trouble()
