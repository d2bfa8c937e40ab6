"""The models of a call, in order: its first choice and its fallbacks. Derived from the ledger alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import md5

from chimera.content.text import clean_text
from chimera.ledger.statements import FailedBefore
from chimera.ledger.transcripts import CallContext
from models.agents import AgentSpec
from models.errors import (
    AttemptsUsedUp,
    ChimeraError,
    InternalFailure,
    Malformed,
    ModelLoading,
    ProviderAway,
    ProviderError,
    RateLimited,
    SameFailureAgain,
    Stalled,
    TookTooLong,
    Truncated,
    Unreachable,
)
from models.events import ModelCallFellBack
from models.model_calls import ModelCallRequest
from models.usage import Usage

FREE = frozenset({RateLimited.code, ProviderAway.code, Unreachable.code, ModelLoading.code})
"""Failures that aren't caused by the call. If they cost nothing, the call waits for them to end, for as long as its
activity lasts.
"""
PATIENT = RateLimited | Unreachable | ModelLoading
"""Those of the FREE failures after which a call has to back off by itself, because none of its attempts is used up."""

_ERRORS: list[type[ProviderError]] = [ProviderError, *ProviderError.__subclasses__()]
SAME_AGAIN = frozenset({Malformed.code, Truncated.code, Stalled.code, InternalFailure.code, TookTooLong.code})
"""Failures of an answer that may be paid for: after two identical ones, no third answer is requested."""
SAME_TIMES = 2
FOR_GOOD = frozenset(error.code for error in _ERRORS if not error.retryable)
"""Failures that a retry with the same model wouldn't fix."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The models of a call, and the failures of each so far."""

    models: tuple[str, ...]
    failures: tuple[FailedBefore, ...]
    retry: int
    """Number of retries of the call's subtask. Each retry allows the same number of failures again."""
    max_attempts: int

    def left(self) -> tuple[str, ...]:
        """Return the models that can be called, in order; none if all of them have failed.

        A model that was rate-limited or unavailable as often as it may fail is passed over for the next one. It is
        called again only if no other model is left.
        """
        fresh = tuple(model for model in self.models if not self._is_spent(model, self.failures))
        counting = [failed for failed in self.failures if not _is_free(failed)]
        return fresh or tuple(model for model in self.models if not self._is_spent(model, counting))

    def after(self, model: str, code: str, way: str | None) -> "Chain":
        """Return the chain with one more failure."""
        latest = max((failed.latest for failed in self.failures), default=0) + 1
        before = next(
            (f for f in self.failures if way is not None and (f.model, f.code, f.way) == (model, code, way)), None
        )
        others = tuple(failed for failed in self.failures if failed is not before)
        times = before.times + 1 if before else 1
        return replace(self, failures=(*others, FailedBefore(model, code, times, latest, way)))

    def failed(self) -> int:
        """Return the number of failed attempts that count."""
        return sum(failed.times for failed in self.failures if not _is_free(failed))

    def used_up(self, code: str, message: str) -> AttemptsUsedUp:
        """Return the error for a call without a remaining model. `code` and `message` are those of the last attempt."""
        is_alike = bool(self.failures) and _is_the_same_again(_latest(self.failures), self.retry)
        error = SameFailureAgain if is_alike else AttemptsUsedUp
        return error(self.failed(), code, message)

    def fell_back(
        self, request: ModelCallRequest, attempt: int, model: str, passed_over: Mapping[str, ChimeraError]
    ) -> ModelCallFellBack | None:
        """Return the event for an attempt with a fallback; None for the first model, or if the last attempt used the
        same one.
        """
        place = self.models.index(model)
        if place == 0 or model == _latest(self.failures).model:
            return None
        instead_of = self.models[place - 1]
        refusal = passed_over.get(instead_of)
        before = _latest([failed for failed in self.failures if failed.model == instead_of])
        return ModelCallFellBack(
            path=request.path,
            step=request.step,
            attempt=attempt,
            purpose=request.purpose,
            from_model=instead_of,
            to_model=model,
            code=before.code if refusal is None else refusal.code,
        )

    def times(self, code: str) -> int:
        """Return how often the models failed with this code, in total."""
        return sum(failed.times for failed in self.failures if failed.code == code)

    def _is_spent(self, model: str, failures: Sequence[FailedBefore]) -> bool:
        mine = [failed for failed in failures if failed.model == model]
        for_good = sum(failed.times for failed in mine if failed.code in FOR_GOOD)
        if any(_is_the_same_again(failed, self.retry) for failed in mine):
            return True
        return for_good > self.retry or sum(failed.times for failed in mine) >= self.max_attempts * (self.retry + 1)


def chain_of(agent: AgentSpec, context: CallContext, *, retry: int, max_attempts: int) -> Chain:
    """Return the chain of a call: the agent's own models, or its task's models if the agent doesn't name any.

    A model that was set for the node alone replaces the first of them. If the caller chose a reply's model, all models
    are those of the request.
    """
    if agent.model is not None:
        models = (agent.model, *agent.fallbacks)
    else:
        models = (context.model, *(agent.fallbacks or context.fallbacks))
    if context.own_model is not None:
        others = context.fallbacks if context.reply is not None else models[1:]
        models = (context.own_model, *others)
    return Chain(tuple(dict.fromkeys(models)), context.failures, retry, max_attempts)


def way_of(code: str, message: str, spent: Usage) -> str | None:
    """For a paid or malformed attempt, return a value that is equal for failures of the same kind; None for others.

    The database computes the same value for `transcripts.read_context`.
    """
    if not spent.input_tokens and code != Malformed.code:
        return None
    where = str(spent.output_tokens) if code in (Truncated.code, Stalled.code) else ""
    return md5(f"{clean_text(message)[:500]}{where}".encode(), usedforsecurity=False).hexdigest()


def _is_free(failed: FailedBefore) -> bool:
    """Return whether a failure doesn't count. In the middle of an answer every failure counts, as it was paid for."""
    return failed.code in FREE and failed.way is None


def _is_the_same_again(failed: FailedBefore, retry: int) -> bool:
    return failed.way is not None and failed.code in SAME_AGAIN and failed.times >= SAME_TIMES * (retry + 1)


def _latest(failures: Sequence[FailedBefore]) -> FailedBefore:
    return max(failures, key=lambda failed: failed.latest, default=FailedBefore("", "", 0, 0))
