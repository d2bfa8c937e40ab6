"""Approvals without a workflow: the rows that a tool call's activity writes when it needs a person."""

from dataclasses import replace
from typing import Any

from sqlalchemy import insert, text

from chimera.db.engine import Database
from chimera.db.tables import Subtask
from chimera.ledger import approvals
from chimera.ledger.approvals import NewApproval
from models.approvals import ApprovalId, ApprovalKind
from models.ids import NodePath, RunId
from models.policies import ApprovalTerms
from models.tool_calls import ToolCallRequest

A_CALL = NewApproval(
    ApprovalKind.TOOL_CALL,
    "writer",
    "send_mail",
    {"to": "b@example.com", "text": "Hello"},
    "0" * 64,
    "The tool can change something.",
    ApprovalTerms(),
)
A_QUESTION = NewApproval(
    ApprovalKind.QUESTION,
    "writer",
    "ask_person",
    {"question": "Which color?"},
    "1" * 64,
    "An agent has a question.",
    ApprovalTerms(expires_after_s=None),
    question="Which color?",
    options=("red", "blue"),
)
AN_OUTCOME = replace(
    A_CALL, kind=ApprovalKind.OUTCOME, reason="The call began, but its result was lost.", terms=A_QUESTION.terms
)


async def begin(database: Database, task_id: str, path: str = "work") -> None:
    """Let a task run, with one subtask in progress."""
    async with database.begin() as session:
        run = "UPDATE runs SET status = 'running', started_at = now() WHERE id = :id AND status IN ('draft', 'queued')"
        await session.execute(text(run), {"id": task_id})
        row = {
            "run_id": task_id,
            "path": path,
            "parent": "",
            "position": 0,
            "key": path,
            "title": "Work",
            "instruction": "Work.",
            "agent": "writer",
            "depends_on": [],
            "decompose": False,
            "status": "running",
        }
        await session.execute(insert(Subtask).values(row))


async def ask(
    database: Database, task_id: str, new: NewApproval = A_CALL, *, path: str = "work", step: int = 0, index: int = 0
) -> ApprovalId:
    """Request a decision about a tool call of a running task."""
    place = ToolCallRequest(run_id=RunId(task_id), path=NodePath(path), step=step, index=index)
    async with database.statements() as connection:
        state, _ = await approvals.request(connection, place, new)
    assert state is not None
    return state.id


async def rows_of(database: Database, query: str, **values: Any) -> list[Any]:
    """Run a query and return its rows."""
    async with database.begin() as session:
        return list((await session.execute(text(query), values)).all())
