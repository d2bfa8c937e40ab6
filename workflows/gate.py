"""The controls of a run as its workflow holds them: paused or not, budget raises, calls that may be cut.

A node's children are told what it is told; each keeps a gate of its own.
"""

import asyncio
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError

from models.activities import COMPLETE, ModelCalls
from models.errors import BudgetReached, TaskPaused
from models.model_calls import ModelCallOutcome, ModelCallRequest


class Gate:
    """Lets model calls of one workflow through, or holds them."""

    def __init__(self, *, paused: bool) -> None:
        self.paused = paused
        self.budget_raises = 0
        self._in_flight: set[workflow.ActivityHandle[Any]] = set()
        self._cut: set[workflow.ActivityHandle[Any]] = set()

    def resume(self) -> None:
        """Let calls through again, and those try again that the ledger had refused."""
        self.paused = False
        self.budget_raises += 1

    async def open(self) -> None:
        """Wait until the run isn't paused. Raises CancelledError when the run is being cancelled."""
        hand_on_cancel()
        if self.paused:
            await workflow.wait_condition(lambda: not self.paused)

    def cut(self) -> None:
        """Cut the model calls in flight; each is made again with what has been said since."""
        for handle in self._in_flight:
            self._cut.add(handle)
            handle.cancel()

    async def call(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make a model call. A budget that is used up is waited for, a call that was cut is made again.

        Raises ActivityError when the call failed for good.
        """
        while True:
            await self.open()
            raises = self.budget_raises
            handle = workflow.start_activity_method(
                ModelCalls.complete, request, summary=_summary_of(request), **COMPLETE
            )
            self._in_flight.add(handle)
            try:
                return await handle
            except ActivityError as error:
                # A cancel of the run that came while the call was being cut is stronger.
                if (
                    isinstance(error.cause, CancelledError)
                    and handle in self._cut
                    and workflow.cancellation_reason() is None
                ):
                    continue
                if _code_of(error) not in (BudgetReached.code, TaskPaused.code):
                    raise
                # A cancel that met the refusal was taken in by that.
                hand_on_cancel()
                # One that came while the call was on its way counts: it isn't waited for a second time.
                await workflow.wait_condition(lambda: self.budget_raises > raises)  # noqa: B023
            finally:
                self._in_flight.discard(handle)
                self._cut.discard(handle)


def hand_on_cancel() -> None:
    """Raise CancelledError when the run is being cancelled.

    What a workflow waits for may take a cancel in: a signal to a child, a call that ends at the same moment. The SDK
    tells it once, so whoever goes on to something new looks first.
    """
    if workflow.cancellation_reason() is not None:
        raise asyncio.CancelledError


def reason_of(error: BaseException) -> tuple[str, str]:
    """The code and message behind a failed activity or child workflow."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ApplicationError):
            return cause.type or "failed", cause.message
        cause = cause.__cause__
    return "failed", str(error)


def is_cancel(error: BaseException) -> bool:
    """Whether an error only says that somebody cancelled the work."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, CancelledError | asyncio.CancelledError):
            return True
        cause = cause.__cause__
    return False


def _code_of(error: ActivityError) -> str | None:
    return error.cause.type if isinstance(error.cause, ApplicationError) else None


def _summary_of(request: ModelCallRequest) -> str:
    return f"{request.purpose} {request.step} · {request.agent}"
