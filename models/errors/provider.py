"""Errors of model providers."""

from typing import ClassVar

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy
from models.usage import Usage


class ProviderError(ChimeraError):
    """A model call that did not succeed; sorted once, in the provider's file."""

    code, http_status, title = "provider_error", 502, "The model provider failed"
    away: ClassVar[bool] = False
    """Whether the provider as a whole is away, not only this call."""
    accepted: ClassVar[bool] = True
    """False: the provider did not accept the request, so it counts against no budget."""

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
        """The provider had the prompt and was at work on it, so it may charge for the prompt."""
        self.usage = usage
        """The provider's counts for an unusable answer; None if it reported none."""


class RateLimited(ProviderError):
    code, retryable = "rate_limited", True


class Unreachable(ProviderError):
    """There was no connection, so nothing was asked: the server is down, its address is wrong, or the network is."""

    code, retryable, away = "unreachable", True, True
    accepted = False


class ModelLoading(ProviderError):
    """The server is there and loads the model: it accepted nothing, and its other models may answer meanwhile."""

    code, retryable = "model_loading", True
    accepted = False


class Overloaded(ProviderError):
    """5xx, and connections that are closed without an answer: the provider's side is having a hard time."""

    code, retryable, away = "overloaded", True, True


class InternalFailure(Overloaded):
    """A plain 500: the provider is there, and something in it broke over this request."""

    code = "internal_failure"
    away = False


class ProviderTimeout(ProviderError):
    """No first byte in time, or no connection."""

    code, retryable, away = "provider_timeout", True, True


class TookTooLong(ProviderTimeout):
    """The provider answered, and was not done within the time for a whole call."""

    code = "took_too_long"
    away = False


class ProviderAway(ProviderError):
    """The provider's circuit breaker is open, because call after call failed; trial calls go on until one succeeds."""

    code, retryable = "provider_away", True

    def __init__(self, provider: str, reason: str, *, retry_after_s: float) -> None:
        super().__init__(
            f"The call is waiting because {provider} is unavailable: {reason}", retry_after_s=retry_after_s
        )


class Stalled(ProviderError):
    """A stream that stopped sending bytes without ending."""

    code, retryable = "stalled", True


class Truncated(ProviderError):
    """A stream that ended without a finish reason; SDKs take it for a finished one."""

    code, retryable = "truncated", True


class Malformed(ProviderError):
    """An answer that breaks the protocol."""

    code, retryable = "malformed", True


class UselessAnswer(ProviderError):
    """A complete answer without the requested content. A retry would be paid again and bring the same."""

    code = "useless_answer"


class AnswerNotKept(ProviderError):
    """An answer that came, and that our side can't keep: the next one would be paid for, and not kept either."""

    code = "answer_not_kept"

    def __init__(self, *, usage: Usage | None = None) -> None:
        super().__init__(
            "The answer arrived but can't be stored. For the reason, see the worker's log.",
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
    """A header that the environment wants to be sent, and that no HTTP request can have; nothing was asked."""

    code, title, accepted = "unusable_header", "An HTTP header from the environment can't be sent", False

    def __init__(self, provider: str, header: str, variables: str) -> None:
        super().__init__(
            f"{provider} can't be called, because the header {header!r} contains characters that HTTP headers don't"
            f" allow. Correct or unset {variables} in the environment, and restart Chimera. Use only ASCII"
            " characters, with no line breaks and no spaces in header names."
        )


class FallsBack(ProviderError):
    """A model failed for good, and the next one of its chain is called instead; users never see this error."""

    code, retryable = "falls_back", True

    def __init__(self, message: str) -> None:
        super().__init__(message, retry_after_s=0.1)


class AttemptsUsedUp(ProviderError):
    """The call has used all its attempts, which the ledger counts. Names the last failure."""

    code = "attempts_used_up"
    asked_until = "which is the allowed maximum"

    def __init__(self, attempts: int, last_code: str, last_message: str) -> None:
        last = "unknown" if last_code == "in_doubt" else f"{last_code}: {last_message}".rstrip(" .")
        times = "once" if attempts == 1 else f"{attempts} times"
        super().__init__(f"The provider was called {times}, {self.asked_until}. Last outcome: {last[:300]}.")


class SameFailureAgain(AttemptsUsedUp):
    """An answer that was paid for failed twice in the very same way; without a change a third isn't bought."""

    code = "same_failure_again"
    asked_until = "and the call failed twice in the same way"


class AiCallFailed(ProviderError):
    """How an embedding, an image or a transcription ended that its caller waited for."""

    code, title = "ai_call_failed", "The AI call failed"

    def __init__(self, call_id: str, code: str, message: str) -> None:
        super().__init__(f"{code}: {message.rstrip('.')}.", remedy=Remedy(action=Action.SHOW_AI_CALL, target=call_id))
