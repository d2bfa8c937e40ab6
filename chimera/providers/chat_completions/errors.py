"""Maps errors of the chat-completions API to `models/errors`: the only place that decides what is retried."""

import re
from collections.abc import Mapping

from chimera.providers.refusals.bodies import ErrorBody, read_error_body
from chimera.providers.refusals.model_loading import is_loading
from chimera.providers.refusals.refusal import Refusal, disconnected, reason_of
from chimera.providers.refusals.retry_times import retry_after_of
from chimera.providers.refusals.too_long import is_too_long
from chimera.providers.wire.pieces import ErrorInAnswer
from models.errors import Malformed, ProviderError

_NO_MONEY = re.compile(r"insufficient_(user_)?quota|insufficient_balance|billing_hard_limit|arrearage")
_NO_MONEY_WORDS = re.compile(
    r"insufficient (account |credit )?(balance|credits?|funds)|balance is (insufficient|not enough)|out of credits"
    r"|account is in (good standing|arrears)|余额不足|欠费",
    re.IGNORECASE,
)
_CONTENT = re.compile(
    r"content_?filter|content_policy|moderation_blocked|responsibleaipolicy|data_?inspection|sensitive_words"
)
_CONTENT_WORDS = re.compile(r"flagged (by|for|as)\b|(content|input|prompt).{0,40}\bmoderation\b", re.IGNORECASE)
_NO_MODEL_WORDS = re.compile(
    r"\bmodel\b[^.]{0,80}\b(does ?n.t exist|does not exist|not exist|not found)\b|not a valid model|unknown model"
    r"|invalid model (id|name)",
    re.IGNORECASE,
)


def sort_error(error: Exception, *, provider: str, model: str, secret: str, begun: bool) -> ProviderError:
    """Map an error to one of ours. The SDK's error is dropped on purpose: it contains the request and its headers."""
    from httpx2 import TransportError
    from openai import APIConnectionError, APIStatusError

    if isinstance(error, ProviderError):
        return error
    if isinstance(error.__cause__, ProviderError):
        # Raised by a hook of our client; the SDK treats it as a lost connection.
        return error.__cause__
    if isinstance(error, APIConnectionError | TransportError):
        return disconnected(provider, error, begun=begun)
    if isinstance(error, APIStatusError):
        response = error.response
        body = (response.is_stream_consumed and response.content) or error.body
        return _sort_body(read_error_body(body), response.status_code, response.headers, provider, model, secret)
    if isinstance(error, ErrorInAnswer):
        reported = read_error_body(error.body)
        return _sort_body(reported, reported.status, {}, provider, model, secret)
    return Malformed(f"{provider} sent an invalid chat completion ({type(error).__name__}).")


def _sort_body(
    reported: ErrorBody, status: int | None, headers: Mapping[str, str], provider: str, model: str, secret: str
) -> ProviderError:
    codes = reported.codes
    reason = reason_of(reported.words, secret, is_ours=provider == "simulator")
    refusal = Refusal(provider, model, status, reason, retry_after_of(headers, reported.words))
    refuses = status is None or 400 <= status < 500
    if status == 402 or _NO_MONEY.search(codes) or (refuses and _NO_MONEY_WORDS.search(reported.words)):
        return refusal.no_quota()
    if is_too_long(reported, status):
        return refusal.too_long()
    if is_loading(reported, status):
        return refusal.loading()
    if status == 429 or "rate_limit" in codes:
        return refusal.rate_limited()
    if status != 401 and (_CONTENT.search(codes) or (status in (400, 403) and _CONTENT_WORDS.search(reported.words))):
        return refusal.content()
    if status == 404 or "model_not_found" in codes or (status in (400, 422) and _NO_MODEL_WORDS.search(reported.words)):
        return refusal.unknown_model()
    if status in (401, 403) or "invalid_api_key" in codes:
        return refusal.wrong_key()
    if status is not None and 300 <= status < 500 and status not in (408, 409):
        return refusal.request()
    return refusal.trouble(codes)
