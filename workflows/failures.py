"""The next step of an agent's loop, and how an error becomes a workflow's failure. Decisions only."""

import asyncio
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from models.errors import AnswerTruncated, RootStopped, TurnLimitReached
from models.ids import NodePath
from models.model_calls import ModelCallOutcome, ModelCallRequest, Purpose
from models.subtasks import SubtaskInput
from models.tasks import OnTruncated, RunPolicy, SteerRequest
from workflows.gate import hand_on_cancel, is_cancel, reason_of

STAY = timedelta(minutes=3)
"""Longer than it takes until a cancel that doesn't end a run is enforced from outside."""
BOUNDED_STAY = "bounded-stay"
"""Protects histories from before there was a bound."""


def next_request(subtask: SubtaskInput, step: int) -> ModelCallRequest:
    """The model call of turn `step`. On the last permitted turn no tool may be called: the agent has to answer."""
    return ModelCallRequest(
        task_id=subtask.task_id,
        path=subtask.path,
        purpose=Purpose.TURN,
        step=step,
        agent=subtask.agent,
        retry=subtask.retry,
        last_turn=step >= subtask.policy.max_turns,
    )


def check_answered(subtask: SubtaskInput, step: int, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError when the last permitted turn brought no words: its tool calls are not run.

    Also when the answer was cut at its limit and the task wants none that was.
    """
    check_whole(subtask.policy, outcome)
    if step >= subtask.policy.max_turns and not outcome.text_preview:
        error = TurnLimitReached(subtask.policy.max_turns)
        raise ApplicationError(error.message, type=error.code, non_retryable=True)


def check_whole(policy: RunPolicy, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError when an answer was cut at its limit and the task wants none that was."""
    if outcome.finish_reason == "length" and policy.on_truncated is OnTruncated.FAIL:
        error = AnswerTruncated()
        raise ApplicationError(error.message, type=error.code, non_retryable=True)


def is_for(path: NodePath, request: SteerRequest) -> bool:
    """Whether guidance is for the node at `path` itself: for all, for it, or for a node above it."""
    return request.path is None or path == request.path or path.startswith(f"{request.path}/")


async def stay_if_stopped(error: BaseException) -> None:
    """Wait for the cancel that is on its way, when a call was refused because its task was stopped.

    The ledger knows before the run does: the stop is committed first and told to Temporal then. A run must end as
    cancelled, not as failed. Returns when no cancel has come for a while: nobody sends one to the run of a row that is
    closed already, as after a reset in the Web UI.
    """
    if isinstance(error, Exception) and reason_of(error)[0] == RootStopped.code:
        hand_on_cancel()
        if not workflow.patched(BOUNDED_STAY):
            await workflow.wait_condition(lambda: False)
        with suppress(asyncio.TimeoutError):
            await workflow.wait_condition(lambda: False, timeout=STAY)


def failed_with(error: BaseException) -> BaseException:
    """What a workflow raises for an error of its parts: a cancel stays a cancel, the rest keeps its code.

    A cancel is stronger than a failure that came at the same moment.
    """
    if workflow.cancellation_reason() is not None:
        return asyncio.CancelledError()
    if isinstance(error, ActivityError | ChildWorkflowError):
        if is_cancel(error):
            return asyncio.CancelledError()
        code, message = reason_of(error)
        return ApplicationError(message, type=code, non_retryable=True)
    return error
