"""Failures of attempts at model calls: their effect on the provider's health, and whether and where to retry."""

from dataclasses import dataclass
from typing import Any

from activities.calls.chains import PATIENT, way_of
from activities.calls.kind import ReadyCall, Spent
from activities.calls.settle import Settlements
from chimera.providers.health.accounts import ProviderHealth
from models.errors import FallsBack, ProviderAway, ProviderError, Unreachable

SHORT_WAIT_S = 30.0
"""A call waits for a pause of at most this length, even if another model could be called instead."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.25, 60.0
"""The pauses of a call that its provider repeatedly doesn't accept, unless the provider names a later time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt: the error to record, and the error to continue with."""

    noted: ProviderError
    raised: ProviderError


class Failures:
    """Classifies failures and records them."""

    def __init__(self, health: ProviderHealth, settlements: Settlements) -> None:
        self._health = health
        self._settlements = settlements

    async def judge(self, call: ReadyCall[Any], spent: Spent, error: ProviderError, began_at: float) -> Failure:
        """Count a failure against its provider and decide what follows."""
        seen, error = error, await self._health.failed(call.account, call.asker, error, began_at=began_at)
        if isinstance(error, PATIENT):
            # Such attempts don't count against the call, so it has to back off by itself.
            backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(10, call.chain.times(error.code)))
            error.retry_after_s = max(error.retry_after_s or 0.0, backoff_s)
        raised = _after(call, error, way_of(error.code, error.message, spent.usage))
        # Without a connection, the provider didn't receive the request. If it is unavailable for another reason, it may
        # have.
        noted = seen if isinstance(seen, Unreachable) else error
        noted.retry_after_s = error.retry_after_s
        return Failure(noted, raised)

    async def write(self, call: ReadyCall[Any], spent: Spent, failure: Failure) -> None:
        """Record how an attempt failed."""
        is_retried = failure.raised.retryable
        await self._settlements.write_failure(call.intent, spent, failure.noted, is_retried=is_retried)

    async def note(
        self, call: ReadyCall[Any], spent: Spent, error: BaseException, kept_text: str | None = None
    ) -> None:
        """Record that an attempt was interrupted, which isn't the provider's failure.

        If its run was stopped, `kept_text` becomes the run's result.
        """
        await self._settlements.write_failure(call.intent, spent, error, kept_text=kept_text)

    async def end(self, call: ReadyCall[Any], spent: Spent, refusal: ProviderError) -> None:
        """Record a failure on our side that no retry would fix."""
        await self._settlements.end(call.intent, spent, refusal)


def _after(call: ReadyCall[Any], error: ProviderError, way: str | None) -> ProviderError:
    """Return the error to raise for a failed attempt. Falling back and failing for good don't wait for a pause."""
    model = call.intent.model
    chain = call.chain.after(model, error.code, way)
    left = chain.left()
    stays_away = isinstance(error, ProviderAway) or (error.retry_after_s or 0.0) > SHORT_WAIT_S
    if any(other != model for other in left) and (stays_away or not error.retryable or model not in left):
        return FallsBack(error.message)
    if error.retryable and not left:
        return chain.used_up(error.code, error.message)
    return error
