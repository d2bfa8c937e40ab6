"""The content of runs, which is deleted on request. What was paid is kept."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete as delete_from
from sqlalchemy import func, null, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import (
    AiCall,
    Approval,
    ApprovalVote,
    Call,
    CallAttempt,
    EventRow,
    File,
    Guidance,
    Message,
    Notification,
    Reply,
    Run,
    Subtask,
)
from chimera.store import shares
from models.ids import RunId
from models.shares import ShareKind

_EMPTY_REPLY: dict[str, Any] = {
    "instructions": None,
    "conversation": null(),
    "files": [],
    "client_tools": null(),
    "options": {},
    "output_schema": null(),
    "shared_agents": null(),
    "output": null(),
    "tool_calls": null(),
    "meta": {},
}


async def delete_of(session: AsyncSession, run_id: RunId) -> None:
    """Delete the content that runs of every kind have. The caller has locked the run and checked its owner."""
    files = (await session.scalars(select(File.id).where(File.run_id == run_id))).all()
    await shares.forget(session, ShareKind.FILE, files)
    await shares.forget(session, ShareKind.TASK, [run_id])
    for table in (Message, Guidance, EventRow, Subtask, File, Notification):
        await session.execute(delete_from(table).where(table.run_id == run_id))
    await _empty_approvals(session, run_id)
    await session.execute(update(Call).where(Call.run_id == run_id).values(outcome=None))
    await session.execute(update(CallAttempt).where(CallAttempt.run_id == run_id).values(error=None))
    await session.execute(
        update(Run)
        .where(Run.id == run_id)
        .values(result=None, error=None, deleted_at=func.now(), updated_at=func.now())
    )


async def delete_of_reply(session: AsyncSession, run_id: RunId) -> None:
    """Delete the content of a reply; see `delete_of`."""
    await delete_of(session, run_id)
    await session.execute(update(Reply).where(Reply.run_id == run_id).values(**_EMPTY_REPLY))


async def delete_of_ai_call(session: AsyncSession, run_id: RunId) -> None:
    """Delete the content of an AI call; see `delete_of`. Generated images are files of the owner, and are kept."""
    await delete_of(session, run_id)
    empty: dict[str, Any] = {"request": {}, "result": null(), "vectors": None, "files": []}
    await session.execute(update(AiCall).where(AiCall.run_id == run_id).values(**empty))


async def size_of(session: AsyncSession, run_ids: Sequence[RunId]) -> int:
    """Return the size in bytes of what `delete_of` would delete: messages, events and files, as they are stored."""
    size = 0
    for stored, of_run in (
        (func.sum(func.pg_column_size(Message.content)), Message.run_id),
        (func.sum(func.pg_column_size(EventRow.payload)), EventRow.run_id),
        (func.sum(File.size_bytes), File.run_id),
    ):
        size += int(await session.scalar(select(stored).where(of_run.in_(run_ids))) or 0)
    return size


async def _empty_approvals(session: AsyncSession, run_id: RunId) -> None:
    """Delete what decisions were about. Who decided, and when, is kept for audits."""
    of_run = Approval.run_id == run_id
    votes = update(ApprovalVote).where(ApprovalVote.approval_id.in_(select(Approval.id).where(of_run)))
    await session.execute(votes.values(reason=""))
    empty: dict[str, Any] = {
        "arguments": {},
        "sha256": "",
        "question": None,
        "options": [],
        "default": None,
        "reason": "",
    }
    await session.execute(update(Approval).where(of_run).values(**empty, changed_arguments=null(), answer=None))
