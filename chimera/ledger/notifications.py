"""Notifications, written and resolved in the transaction that makes them true.

As long as a notification isn't resolved, there is no second one with the same owner, kind and subject.
"""

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db import sql
from chimera.db.engine import Connection
from models.approvals import ApprovalId
from models.base import PREVIEW_CHARS
from models.ids import RunId, ScheduleId, UserId
from models.notifications import NotificationKind, NotificationView

Transaction = AsyncSession | Connection

_COLUMNS = "INSERT INTO notifications (owner_id, kind, subject, run_id, data)"
_ONCE = "ON CONFLICT (subject, kind, owner_id) WHERE resolved_at IS NULL DO NOTHING"
_TITLE = "(SELECT title FROM tasks WHERE tasks.run_id = r.id)"

# The same users as in `store/approval_access.deciders_of`.
_DECIDERS = """CASE WHEN p.approvers <> '{}' THEN p.approvers
                    WHEN COALESCE(p.terms -> 'approvers', '[]') = '[]' THEN ARRAY[r.owner_id] ELSE '{}' END"""
_APPROVAL = f"""
{_COLUMNS}
SELECT u.id, CASE p.kind WHEN 'question' THEN 'question' ELSE 'approval' END, 'approval:' || p.id, r.id,
       jsonb_build_object('title', {_TITLE}, 'agent', p.agent, 'tool', p.tool,
                          'text', left(COALESCE(p.question, NULLIF(p.reason, '')), {PREVIEW_CHARS}))
FROM approvals p JOIN runs r ON r.id = p.run_id JOIN users u ON u.id = ANY({_DECIDERS})
WHERE p.id = %(approval_id)s {_ONCE}
"""  # noqa: S608  # only constants go in, here and below
_RUN = f"""
{_COLUMNS}
SELECT r.owner_id, %(kind)s, 'run:' || r.id, r.id,
       jsonb_build_object('title', {_TITLE}, 'text', left(%(text)s::text, {PREVIEW_CHARS}), 'code', %(code)s::text)
FROM runs r WHERE r.id = %(run_id)s AND r.kind = 'task' AND r.deleted_at IS NULL {_ONCE}
"""  # noqa: S608
_TOOL = f"""
{_COLUMNS}
SELECT id, 'tool_changed', %(subject)s, NULL, jsonb_build_object('tool', %(tool)s::text)
FROM users WHERE disabled_at IS NULL
  AND CASE WHEN %(owner_id)s::uuid IS NULL THEN role = 'admin' ELSE id = %(owner_id)s::uuid END {_ONCE}
"""  # noqa: S608
_SCHEDULE = f"""
{_COLUMNS}
SELECT owner_id, 'schedule_skipped', 'schedule:' || id, NULL,
       jsonb_build_object('title', name, 'text', left(%(text)s::text, {PREVIEW_CHARS}))
FROM schedules WHERE id = %(schedule_id)s {_ONCE}
"""  # noqa: S608
_SPENDING = f"""
{_COLUMNS}
VALUES (%(owner_id)s, 'spending_reached', %(subject)s, NULL,
        jsonb_build_object('text', left(%(text)s::text, {PREVIEW_CHARS}))) {_ONCE}
"""

_RESOLVE = """
UPDATE notifications SET resolved_at = now(), read_at = COALESCE(read_at, now()),
       txid = (pg_current_xact_id()::text)::bigint
WHERE subject = ANY(%(subjects)s::text[]) AND kind = ANY(%(kinds)s::text[]) AND resolved_at IS NULL
  AND owner_id <> ALL(%(still)s::uuid[]) AND (%(only)s::uuid IS NULL OR owner_id = %(only)s::uuid)
"""


async def approval_waits(transaction: Transaction, approval_id: ApprovalId) -> None:
    """Notify all users who may decide now, except those who were already notified."""
    await _execute(transaction, _APPROVAL, {"approval_id": approval_id})


async def approvals_closed(
    transaction: Transaction, approval_ids: Collection[ApprovalId], *, except_for: Collection[UserId] = ()
) -> None:
    """Resolve the notifications of decisions that are no longer needed, except for some users."""
    kinds = (NotificationKind.APPROVAL, NotificationKind.QUESTION)
    await _resolve(transaction, [f"approval:{each}" for each in approval_ids], kinds, except_for)


async def run_failed(transaction: Transaction, run_id: RunId, code: str, message: str) -> None:
    """Notify the owner of a task that it has failed."""
    values = {"run_id": run_id, "kind": NotificationKind.RUN_FAILED.value, "text": message, "code": code}
    await _execute(transaction, _RUN, values)


async def budget_reached(transaction: Transaction, run_id: RunId, limit: str, message: str) -> None:
    """Notify the owner of a task that it waits for a higher budget."""
    values = {"run_id": run_id, "kind": NotificationKind.BUDGET_REACHED.value, "text": message, "code": limit}
    await _execute(transaction, _RUN, values)


async def run_goes_on(transaction: Transaction, run_id: RunId, *, has_ended: bool = False) -> None:
    """Resolve what a task's owner had to do about it, because they did, or because the task has ended."""
    kinds = [NotificationKind.BUDGET_REACHED, *([] if has_ended else [NotificationKind.RUN_FAILED])]
    await _resolve(transaction, [f"run:{run_id}"], kinds)


async def spending_reached(transaction: Transaction, owner_id: UserId, period: str, message: str) -> None:
    """Notify a user that their own spending limit for a period, such as `2026-11`, was reached."""
    await _execute(transaction, _SPENDING, {"owner_id": owner_id, "subject": f"spending:{period}", "text": message})


async def tool_changed(transaction: Transaction, owner_id: UserId | None, tool: str) -> None:
    """Notify the owner of an MCP server, or all administrators, that a tool waits to be accepted."""
    await _execute(transaction, _TOOL, {"owner_id": owner_id, "tool": tool, "subject": _tool(owner_id, tool)})


async def tool_settled(transaction: Transaction, owner_id: UserId | None, tool: str) -> None:
    """Resolve the notifications about a tool that was accepted, or whose definition is the accepted one again."""
    await _resolve(transaction, [_tool(owner_id, tool)], [NotificationKind.TOOL_CHANGED], only=owner_id)


def _tool(owner_id: UserId | None, tool: str) -> str:
    return f"tool:{tool}" if owner_id is None else f"own-tool:{tool}"


async def schedule_skipped(transaction: Transaction, schedule_id: ScheduleId, reason: str) -> None:
    """Notify the owner of a schedule why it creates no tasks."""
    await _execute(transaction, _SCHEDULE, {"schedule_id": schedule_id, "text": reason})


async def schedule_goes_on(transaction: Transaction, schedule_id: ScheduleId) -> None:
    """Resolve the notification about a schedule that creates tasks again."""
    await _resolve(transaction, [f"schedule:{schedule_id}"], [NotificationKind.SCHEDULE_SKIPPED])


def view_of(fields: Mapping[str, Any]) -> NotificationView:
    """Return a notification from its columns."""
    what, _, subject_id = fields["subject"].partition(":")
    subjects = {f"{what}_id": subject_id} if what in ("approval", "schedule") else {}
    return NotificationView.model_validate({**fields, **subjects})


async def _resolve(
    transaction: Transaction,
    subjects: Collection[str],
    kinds: Collection[NotificationKind],
    still: Collection[UserId] = (),
    only: UserId | None = None,
) -> None:
    if subjects:
        names = {"subjects": list(subjects), "kinds": [kind.value for kind in kinds]}
        await _execute(transaction, _RESOLVE, {**names, "still": list(still), "only": only})


async def _execute(transaction: Transaction, statement: str, values: Mapping[str, object]) -> None:
    if isinstance(transaction, AsyncSession):
        await sql.execute(transaction, statement, values)
    else:
        await transaction.execute(statement, values)
