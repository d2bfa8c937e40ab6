"""Ends of nodes that aren't written by a model call: recorded by the node's workflow, or found in Temporal."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import words
from chimera.ledger import events, in_doubt, moot_approvals, notifications, subtasks
from chimera.ledger.statements import BELOW, LOCK_RUN
from models.base import preview_of
from models.errors import AnswerMissing, RootStopped
from models.events import (
    Event,
    RunCancelled,
    RunCompleted,
    RunFailed,
    SubtaskCancelled,
    SubtaskCompleted,
    SubtaskFailed,
    SubtaskSkipped,
)
from models.ids import ROOT, NodePath, RunId
from models.runs import CLOSED, OPEN, STOPPED, RunStatus
from models.subtasks import OPEN_SUBTASKS
from models.tasks import FinishReason, TransitionRecord

_END = """status = %(status)s, error_code = %(code)s, error = %(error)s, result = %(result)s,
       finish_reason = %(finish)s, ended_at = now()"""
# A reply that was cancelled keeps the text that had arrived.
_END_RUN = """
UPDATE runs SET status = %(status)s, error_code = %(code)s, error = %(error)s, ended_at = now(),
       result = COALESCE(%(result)s, result), finish_reason = COALESCE(%(finish)s, finish_reason)
WHERE id = %(run_id)s RETURNING result, finish_reason
"""
_END_SUBTASK = f"""
UPDATE subtasks SET {_END} WHERE run_id = %(run_id)s AND path = %(path)s AND status = ANY(%(open)s)
RETURNING tools IS NOT NULL AS delegated
"""  # noqa: S608
_CANCEL_OPEN = f"""
UPDATE subtasks SET status = 'cancelled', ended_at = now()
WHERE run_id = %(run_id)s AND status = ANY(%(open)s) AND {BELOW.format("path")} RETURNING path
"""  # noqa: S608
_COUNT_DONE = "UPDATE runs SET subtasks_done = subtasks_done + 1 WHERE id = %(run_id)s"
_ADOPT = {
    True: """
UPDATE tasks SET output = (SELECT output FROM subtasks WHERE run_id = %(run_id)s AND path = %(from)s)
WHERE run_id = %(run_id)s""",
    False: """
UPDATE subtasks SET output = (
    SELECT child.output FROM subtasks child WHERE child.run_id = %(run_id)s AND child.path = %(from)s)
WHERE run_id = %(run_id)s AND path = %(path)s""",
}
"""Copies the JSON of an answer that a node adopts, by whether the node is the root."""
_ANSWER = "SELECT result, finish_reason FROM subtasks WHERE run_id = %(run_id)s AND path = %(path)s"


async def record(session: AsyncSession, transition: TransitionRecord) -> int:
    """Write the end of a node, once; return the sequence of its last event, or 0 if the node had already ended.

    If the node is to be completed, raises RootStopped if its task was stopped, and AnswerMissing if the answer of one
    of its subtasks is missing.
    """
    if transition.status == "completed":
        await _check_completable(session, transition)
    if transition.path == ROOT:
        return await end_run(session, transition)
    return await _end_subtask(session, transition)


async def end_run(session: AsyncSession, transition: TransitionRecord) -> int:
    """Write the end of a run with its event, as `record` does."""
    row = await locked(session, transition.run_id)
    if row is None or row.status in CLOSED or row.retries > transition.retries:
        return 0
    if row.status == RunStatus.CANCELLING and transition.status != "cancelled":
        # A cancel was requested, so the run counts as cancelled, however it ended.
        transition = TransitionRecord(
            run_id=transition.run_id, path=ROOT, status="cancelled", retries=transition.retries
        )
    answer = await _answer_of(session, transition)
    kept = (await sql.execute(session, _END_RUN, _end_of(transition, answer))).one()
    await _adopt_output(session, transition)
    await in_doubt.leave_behind(session, transition.run_id, ROOT)
    cut_short: list[Event] = [
        *await moot_approvals.cancel(session, transition.run_id),
        *await cancel_open_subtasks(session, transition.run_id),
    ]
    event: Event
    match transition.status:
        case "completed":
            event = RunCompleted(
                preview=preview_of(answer.result or ""),
                simulated=row.simulated,
                finish_reason=answer.finish_reason or "stop",
            )
        case "cancelled":
            event = RunCancelled(last_call_at=row.last_call_at, preview=preview_of(kept.result or ""))
        case _:
            event = RunFailed(code=transition.error_code or "failed", message=transition.error)
            await notifications.run_failed(session, transition.run_id, event.code, event.message)
    await notifications.run_goes_on(session, transition.run_id, has_ended=True)
    return await events.append(session, transition.run_id, *cut_short, event)


async def cancel_open_subtasks(
    session: AsyncSession, run_id: RunId, *, below: NodePath = ROOT
) -> list[SubtaskCancelled]:
    """Cancel the open subtasks below a node that ends, whether or not they have started.

    Returns their events, which the caller has to append.
    """
    values = {"run_id": run_id, "path": below, "open": words(OPEN_SUBTASKS)}
    cancelled = await sql.execute(session, _CANCEL_OPEN, values)
    return [SubtaskCancelled(path=path) for path in sorted(row.path for row in cancelled)]


async def locked(session: AsyncSession, run_id: RunId) -> Row[*tuple[Any, ...]] | None:
    """Lock the row of a run until the transaction ends; return the columns that `LOCK_RUN` selects."""
    return (await sql.execute(session, LOCK_RUN, {"run_id": run_id})).one_or_none()


async def _end_subtask(session: AsyncSession, transition: TransitionRecord) -> int:
    task = await locked(session, transition.run_id)
    if task is None or task.status not in OPEN or task.retries > transition.retries:
        # No event may follow the end of a run, and once a task is retried, its failed run is over.
        return 0
    answer = await _answer_of(session, transition)
    values = {**_end_of(transition, answer), "open": words(OPEN_SUBTASKS)}
    ended = (await sql.execute(session, _END_SUBTASK, values)).one_or_none()
    await in_doubt.leave_behind(session, transition.run_id, transition.path)
    if ended is None:
        return 0
    await _adopt_output(session, transition)
    moot = await moot_approvals.cancel(session, transition.run_id, transition.path)
    if transition.status == "failed":
        # The subtask and those below it aren't done: if its parent is retried, they are retried with it. But the agent
        # that delegated a subtask continues without it, so what is open below it never runs.
        open_below = (
            await cancel_open_subtasks(session, transition.run_id, below=transition.path) if ended.delegated else []
        )
        failed = SubtaskFailed(path=transition.path, code=transition.error_code or "failed", message=transition.error)
        return await events.append(session, transition.run_id, *moot, *open_below, failed)
    await sql.execute(session, _COUNT_DONE, {"run_id": transition.run_id})
    if transition.status == "completed":
        completed = SubtaskCompleted(
            path=transition.path,
            preview=preview_of(answer.result or ""),
            finish_reason=answer.finish_reason or "stop",
        )
        return await events.append(session, transition.run_id, *moot, completed)
    cut_short = await cancel_open_subtasks(session, transition.run_id, below=transition.path)
    skipped = SubtaskSkipped(path=transition.path, code=transition.error_code or "failed", message=transition.error)
    return await events.append(session, transition.run_id, *moot, *cut_short, skipped)


@dataclass(frozen=True, slots=True)
class _NodeAnswer:
    """A node's result and finish reason; both are None if the node has no answer."""

    result: str | None = None
    finish_reason: FinishReason | None = None


def _end_of(transition: TransitionRecord, answer: _NodeAnswer) -> dict[str, object]:
    """Return how a node ended, as query parameters."""
    return {
        "run_id": transition.run_id,
        "path": transition.path,
        "status": transition.status,
        "code": transition.error_code,
        "error": transition.error or None,
        "result": answer.result,
        "finish": answer.finish_reason,
    }


async def _answer_of(session: AsyncSession, transition: TransitionRecord) -> _NodeAnswer:
    """Read the answer that a node adopts from its only subtask."""
    if transition.from_child is None:
        return _NodeAnswer()
    place = {"run_id": transition.run_id, "path": transition.from_child}
    row = (await sql.execute(session, _ANSWER, place)).one()
    return _NodeAnswer(row.result, row.finish_reason)


async def _adopt_output(session: AsyncSession, transition: TransitionRecord) -> None:
    if transition.from_child is not None:
        place = {"run_id": transition.run_id, "path": transition.path, "from": transition.from_child}
        await sql.execute(session, _ADOPT[transition.path == ROOT], place)


async def _check_completable(session: AsyncSession, transition: TransitionRecord) -> None:
    """Check against the rows that a node can be completed: that Temporal reports it as completed is not enough."""
    run = await locked(session, transition.run_id)
    status = None if run is None else run.status
    if status in STOPPED:
        raise RootStopped(transition.run_id)
    if status in OPEN and (missing := await subtasks.unanswered_in(session, transition.run_id, transition.path)):
        raise AnswerMissing(missing)
