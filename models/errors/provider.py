"""Errors of model providers."""

from typing import ClassVar

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy
from models.usage import Usage


class ProviderError(ChimeraError):
    """A failed model call. Errors are classified once, in the provider's code."""

    code, http_status, title = "provider_error", 502, "The model provider failed"
    away: ClassVar[bool] = False
    """Whether the provider is unavailable as a whole, and not only for this call."""
    accepted: ClassVar[bool] = True
    """False if the provider didn't accept the request, which then doesn't count toward any budget."""

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        may_be_billed: bool = False,
        usage: Usage | None = None,
        remedy: Remedy | None = None,
    ) -> None:
        super().__init__(message, retry_after_s=retry_after_s, remedy=remedy)
        self.may_be_billed = may_be_billed
        """Whether the provider had received the prompt and begun to process it, so it may charge for it."""
        self.usage = usage
        """The provider's counts for an unusable answer; None if it reported none."""


class RateLimited(ProviderError):
    code, retryable = "rate_limited", True


class Unreachable(ProviderError):
    """No connection was made, so no request was sent: the server or the network is down, or the address is wrong."""

    code, retryable, away = "unreachable", True, True
    accepted = False


class ModelLoading(ProviderError):
    """The server is loading the model. It didn't accept the request, and its other models may answer meanwhile."""

    code, retryable = "model_loading", True
    accepted = False


class Overloaded(ProviderError):
    """A 5xx status, or a connection that was closed without an answer: the provider is in difficulty."""

    code, retryable, away = "overloaded", True, True


class InternalFailure(Overloaded):
    """A plain 500: the provider is available, but something in it failed on this request."""

    code = "internal_failure"
    away = False


class ProviderTimeout(ProviderError):
    """The connection or the first byte took too long."""

    code, retryable, away = "provider_timeout", True, True


class TookTooLong(ProviderTimeout):
    """The provider responded, but didn't finish within the time limit for a whole call."""

    code = "took_too_long"
    away = False


class ProviderAway(ProviderError):
    """The provider's circuit breaker is open, because several calls failed in a row. Trial calls continue until one
    succeeds.
    """

    code, retryable = "provider_away", True

    def __init__(self, provider: str, reason: str, *, retry_after_s: float) -> None:
        super().__init__(
            f"The call is waiting because {provider} is unavailable: {reason}", retry_after_s=retry_after_s
        )


class Stalled(ProviderError):
    """A stream that stopped sending bytes without ending."""

    code, retryable = "stalled", True


class Truncated(ProviderError):
    """A stream that ended without a finish reason. SDKs treat it as complete."""

    code, retryable = "truncated", True


class Malformed(ProviderError):
    """An answer that breaks the protocol."""

    code, retryable = "malformed", True


class UselessAnswer(ProviderError):
    """A complete answer without the requested content. A retry would cost as much again and return the same."""

    code = "useless_answer"


class AnswerNotKept(ProviderError):
    """An answer that arrived but that Chimera can't store. Another one would be paid for, and couldn't be stored
    either.
    """

    code = "answer_not_kept"

    def __init__(self, *, usage: Usage | None = None) -> None:
        super().__init__(
            "The answer arrived but can't be stored. To find out why, see the worker's log.",
            may_be_billed=True,
            usage=usage,
        )


class AnswerTooLarge(ProviderError):
    code = "answer_too_large"


class ContentRefused(ProviderError):
    code = "content_refused"


class ContextTooLong(ProviderError):
    code = "context_too_long"


class WrongKey(ProviderError):
    code = "wrong_key"


class NoQuota(ProviderError):
    code = "no_quota"


class UnknownModel(ProviderError):
    code = "unknown_model"


class BadRequest(ProviderError):
    """The provider rejected our request as invalid; sending it again would not help."""

    code = "bad_request"


class UnusableHeader(ProviderError):
    """A header that is configured in the environment isn't allowed in HTTP requests. No request was sent."""

    code, title, accepted = "unusable_header", "An HTTP header from the environment can't be sent", False

    def __init__(self, provider: str, header: str, variables: str) -> None:
        super().__init__(
            f"{provider} can't be called, because the header {header!r} contains characters that aren't allowed in HTTP"
            f" headers. Correct or unset {variables} in the environment, and restart Chimera. Use only ASCII"
            " characters without line breaks, and no spaces in header names."
        )


class FallsBack(ProviderError):
    """A model failed or is unavailable, and the next one of its chain is called instead. Users never see this error."""

    code, retryable = "falls_back", True

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=0.1)


class AttemptsUsedUp(ProviderError):
    """The call has used all its attempts, which the ledger counts. The message contains the last failure."""

    code = "attempts_used_up"
    asked_until = "which is the maximum allowed"

    def __init__(self, attempts: int, last_code: str, last_message: str) -> None:
        last = "unknown" if last_code == "in_doubt" else f"{last_code}: {last_message}".rstrip(" .")
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(f"The provider was called {times}, {self.asked_until}. Last outcome: {last[:300]}.")


class SameFailureAgain(AttemptsUsedUp):
    """A paid answer failed twice in exactly the same way. Without a change, no third answer is requested."""

    code = "same_failure_again"
    asked_until = "and the call failed twice in the same way"


REQUESTS_FAULT = frozenset(
    {BadRequest.code, ContentRefused.code, ContextTooLong.code, UnknownModel.code, AnswerTooLarge.code}
)
"""Failures that are caused by what was requested."""


class ReplyFailed(ProviderError):
    """A reply failed while its caller was waiting for it."""

    code, title = "reply_failed", "The reply failed"

    def __init__(self, reply_id: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message.rstrip('.')}.", remedy=Remedy(action=Action.SHOW_REPLY, target=reply_id))


class AiCallFailed(ProviderError):
    """An embedding, an image or a transcription failed while its caller was waiting for it."""

    code, title = "ai_call_failed", "The AI call failed"

    def __init__(self, call_id: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message.rstrip('.')}.", remedy=Remedy(action=Action.SHOW_AI_CALL, target=call_id))


class AiCallRejected(AiCallFailed):
    """The provider rejected what the caller has requested, so the request is at fault, not the server."""

    http_status, title = 422, "The provider rejected the request"
