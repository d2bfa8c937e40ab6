"""How attempts at model calls fail: what that says of the provider, and whether the call is retried, and where."""

from dataclasses import dataclass
from typing import Any

from activities.calls.chains import PATIENT, way_of
from activities.calls.kind import ReadyCall, Spent
from activities.calls.settle import Settlements
from chimera.providers.health.accounts import ProviderHealth
from models.errors import FallsBack, ProviderAway, ProviderError, Unreachable

SHORT_WAIT_S = 30.0
"""A provider that asks for no more than this is waited for, also where another model could be asked instead."""
FIRST_BACKOFF_S, LONGEST_BACKOFF_S = 0.25, 60.0
"""Of a call that its provider refuses for its rate, again and again, without naming a later time."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An attempt that failed: the error to write down, and the one to go on with."""

    noted: ProviderError
    raised: ProviderError


class Failures:
    """Judges failures, and writes them down."""

    def __init__(self, health: ProviderHealth, settlements: Settlements) -> None:
        self._health = health
        self._settlements = settlements

    async def judge(self, call: ReadyCall[Any], spent: Spent, error: ProviderError, began_at: float) -> Failure:
        """Count a failure against its provider and decide what follows."""
        seen, error = error, await self._health.failed(call.account, call.asker, error, began_at=began_at)
        if isinstance(error, PATIENT):
            # Such attempts don't count against the call, so it has to become patient by itself.
            backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(10, call.chain.times(error.code)))
            error.retry_after_s = max(error.retry_after_s or 0.0, backoff_s)
        raised = _after(call, error, way_of(error.code, error.message, spent.usage))
        # A provider that is away may have been asked; one without a connection was not.
        noted = seen if isinstance(seen, Unreachable) else error
        noted.retry_after_s = error.retry_after_s
        return Failure(noted, raised)

    async def write(self, call: ReadyCall[Any], spent: Spent, failure: Failure) -> None:
        """Note how an attempt failed."""
        is_retried = failure.raised.retryable
        await self._settlements.write_failure(call.intent, spent, failure.noted, is_tried_again=is_retried)

    async def note(self, call: ReadyCall[Any], spent: Spent, error: BaseException) -> None:
        """Note that an attempt was cut, which says nothing of its provider."""
        await self._settlements.write_failure(call.intent, spent, error)

    async def end(self, call: ReadyCall[Any], spent: Spent, refusal: ProviderError) -> None:
        """Note a failure of ours that no other attempt would mend."""
        await self._settlements.end(call.intent, spent, refusal)


def _after(call: ReadyCall[Any], error: ProviderError, way: str | None) -> ProviderError:
    """What to raise for an attempt that failed: neither the next model nor the end of all attempts is waited for."""
    model = call.intent.model
    chain = call.chain.after(model, error.code, way)
    left = chain.left()
    stays_away = isinstance(error, ProviderAway) or (error.retry_after_s or 0.0) > SHORT_WAIT_S
    if any(other != model for other in left) and (stays_away or not error.retryable or model not in left):
        return FallsBack(error.message)
    if error.retryable and not left:
        return chain.used_up(error.code, error.message)
    return error
