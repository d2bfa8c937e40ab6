"""How attempts at model calls fail: what that says of the provider, and whether the call is tried again, and where."""

from dataclasses import dataclass

from activities import replies
from activities.calls.chains import PATIENT, way_of
from activities.calls.settle import Settlements
from activities.calls.stream import ReadyCall
from chimera.providers.health.accounts import Standings
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

    def __init__(self, standings: Standings, settlements: Settlements) -> None:
        self._standings = standings
        self._settlements = settlements

    async def judge(self, call: ReadyCall, text: str, error: ProviderError, began_at: float) -> Failure:
        """Count a failure against its provider and decide what follows. `text` is what had come of the answer."""
        seen, error = error, await self._standings.failed(call.account, call.asker, error, began_at=began_at)
        if isinstance(error, PATIENT):
            # Such attempts don't count against the call, so it has to become patient by itself.
            backoff_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(10, call.chain.times(error.code)))
            error.retry_after_s = max(error.retry_after_s or 0.0, backoff_s)
        raised = _after(call, error, way_of(error.code, error.message, replies.spent_by(call.chat, text, error)))
        # A provider that is away may have been asked; one without a connection was not.
        noted = seen if isinstance(seen, Unreachable) else error
        noted.retry_after_s = error.retry_after_s
        return Failure(noted, raised)

    async def write(self, call: ReadyCall, text: str, failure: Failure) -> None:
        await self._settlements.write_failure(
            call.intent, call.chat, text, failure.noted, is_tried_again=failure.raised.retryable
        )


def _after(call: ReadyCall, error: ProviderError, way: str | None) -> ProviderError:
    """What to raise for an attempt that failed: neither the next model nor the end of all attempts is waited for."""
    model = call.intent.model
    chain = call.chain.after(model, error.code, way)
    left = chain.left()
    stays_away = isinstance(error, ProviderAway) or (error.retry_after_s or 0.0) > SHORT_WAIT_S
    if any(other != model for other in left) and (stays_away or not error.retryable or model not in left):
        return FallsBack(error.message)
    if error.retryable and not left:
        return chain.used_up(call.intent.request.task_id, error.code, error.message)
    return error
