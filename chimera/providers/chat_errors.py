"""The errors of the `openai` SDK, sorted into `models/errors.py`: the one place that says what is worth another try."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chimera.providers.refusals import TOO_LONG, Refusal, disconnected, reason_of, retry_after_of
from models.errors import Malformed, ProviderError

if TYPE_CHECKING:
    from openai import APIError


def sort_error(error: Exception, *, provider: str, model: str, secret: str, begun: bool) -> ProviderError:
    """Say which of our errors this is; the SDK's own is lost on purpose (it holds the request and its headers)."""
    from openai import APIConnectionError, APIError

    if isinstance(error, APIConnectionError):
        return disconnected(provider, error, begun=begun)
    if isinstance(error, APIError):
        return _sort_answer(error, provider=provider, model=model, secret=secret)
    return Malformed(f"{provider} sent something that isn't a chat completion ({type(error).__name__}).")


def _sort_answer(error: "APIError", *, provider: str, model: str, secret: str) -> ProviderError:
    """An HTTP status, or an `error` object in the middle of a stream, which has a code and no status."""
    from openai import APIStatusError

    code = f"{error.code or ''} {error.type or ''}"
    status = error.status_code if isinstance(error, APIStatusError) else _status_in(error.code)
    headers: Mapping[str, str] = error.response.headers if isinstance(error, APIStatusError) else {}
    refusal = Refusal(provider, model, status, reason_of(error.message, secret), retry_after_of(headers))
    if "insufficient_quota" in code or status == 402:
        return refusal.no_quota()
    if status == 429 or "rate_limit" in code:
        return refusal.rate_limited()
    if status in (401, 403) or "invalid_api_key" in code:
        return refusal.wrong_key()
    if "content_filter" in code or "content_policy" in code or "moderation_blocked" in code:
        return refusal.content()
    if status in (400, 413, 422) and ("context" in code or TOO_LONG.search(error.message)):
        return refusal.too_long()
    if status == 404 or "model_not_found" in code:
        return refusal.unknown_model()
    if status is not None and 300 <= status < 500 and status not in (408, 409):
        return refusal.request()
    return refusal.trouble()


def _status_in(code: str | None) -> int | None:
    return int(code) if code is not None and code.isdecimal() and len(code) == 3 else None
