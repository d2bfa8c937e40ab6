"""The ledger of tool calls: who may begin a call, who has begun it, and what is recorded at its end."""

from dataclasses import replace

import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import calls, settlements, tool_calls
from chimera.ledger.transcripts import TranscriptRow
from models.errors import RootStopped, SubtaskSkipped
from models.events import ToolCallFinished
from models.ids import NodePath, TaskId
from models.runs import UNCALLABLE, RunStatus
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from tests.chimera.ledger.test_calls import a_settlement, a_task, an_intent

SKIP = "UPDATE subtasks SET status = 'skipped' WHERE run_id = :id AND path = 'a'"
DISABLE = "UPDATE users SET disabled_at = now() WHERE id = (SELECT owner_id FROM runs WHERE id = :id)"
ASKED = [{"id": "c1", "name": "calculator", "arguments": "{}"}]


async def a_request(database: Database) -> ToolCallRequest:
    """Have a model request a tool call, and return the tool call's request."""
    task_id = await a_task(database)
    intent = an_intent(task_id)
    reply = TranscriptRow(1500, "assistant", "", 1, tool_calls=ASKED)
    async with database.statements() as connection:
        await calls.reserve(connection, intent)
        await settlements.settle(connection, replace(a_settlement(intent), messages=(reply,)))
    return ToolCallRequest(run_id=task_id, path=NodePath("a"), step=1, index=0)


async def change(database: Database, statement: str, request: ToolCallRequest, **values: str) -> None:
    async with database.begin() as session:
        await session.execute(text(statement), {"id": request.run_id, **values})


async def read(database: Database, request: ToolCallRequest) -> tool_calls.RequestedToolCall:
    async with database.statements() as connection:
        return await tool_calls.read(connection, request)


async def finish(database: Database, request: ToolCallRequest) -> int | None:
    row = TranscriptRow(1600, "tool", "391", 1, tool_call_id="c1")
    event = ToolCallFinished(path=request.path, step=1, index=0, tool="calculator", failed=False, preview="391")
    async with database.statements() as connection:
        return await tool_calls.finish(connection, request, row, event, untrusted=False)


async def written(database: Database, run_id: TaskId | str) -> int:
    """Count a run's tool results and the events about them."""
    query = text("""SELECT (SELECT count(*) FROM messages WHERE run_id = :id AND role = 'tool')
        + (SELECT count(*) FROM events WHERE run_id = :id AND payload ->> 'type' = 'tool_call.finished')""")
    async with database.begin() as session:
        return int(await session.scalar(query, {"id": run_id}) or 0)


async def test_only_the_first_claim_is_new(database: Database) -> None:
    request = await a_request(database)
    async with database.statements() as connection:
        assert [await tool_calls.claim(connection, request, "calculator") for _ in range(2)] == [True, False]


@pytest.mark.parametrize("status", list(RunStatus))
async def test_a_tool_begins_where_a_call_may(database: Database, status: RunStatus) -> None:
    request = await a_request(database)
    await change(database, "UPDATE runs SET status = :status WHERE id = :id", request, status=status)
    if status in UNCALLABLE:
        with pytest.raises(RootStopped):
            await read(database, request)
    else:
        assert (await read(database, request)).done is None


async def test_a_disabled_owner_begins_no_tool(database: Database) -> None:
    request = await a_request(database)
    await change(database, DISABLE, request)
    with pytest.raises(RootStopped):
        await read(database, request)


async def test_a_skipped_subtask_begins_no_tool(database: Database) -> None:
    request = await a_request(database)
    await change(database, SKIP, request)
    with pytest.raises(SubtaskSkipped):
        await read(database, request)


async def test_a_skipped_subtask_gets_no_result(database: Database) -> None:
    request = await a_request(database)
    async with database.statements() as connection:
        await tool_calls.claim(connection, request, "calculator")
    await change(database, SKIP, request)
    assert await finish(database, request) is None
    assert await written(database, request.run_id) == 0


async def test_a_finished_tool_is_returned_after_a_skip(database: Database) -> None:
    request = await a_request(database)
    assert await finish(database, request) is not None
    assert await written(database, request.run_id) == 2
    await change(database, SKIP, request)
    assert (await read(database, request)).done == ToolCallOutcome(tool="calculator", failed=False)
