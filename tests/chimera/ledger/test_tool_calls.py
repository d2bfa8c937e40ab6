"""The ledger of tool calls: who may begin a call, who has begun it, and what is recorded at its end."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import text

from chimera.db.engine import Database
from chimera.ledger import calls, described, events, settlements, tool_calls
from chimera.ledger.transcripts import TranscriptRow
from models.errors import RootStopped, SubtaskSkipped
from models.events import ToolCallFinished, ToolCallStarted
from models.ids import NodePath, TaskId
from models.runs import UNCALLABLE, RunStatus
from models.tool_calls import ToolCallOutcome, ToolCallRequest
from models.tools import ToolDefinition, ToolKind
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


async def claim(database: Database, request: ToolCallRequest, arguments: str = "1 + 1") -> int | None:
    async with database.statements() as connection:
        return await tool_calls.claim(connection, request, "calculator", {"expression": arguments})


async def started_in(database: Database, request: ToolCallRequest) -> list[ToolCallStarted]:
    """Return the run's events about calls that began, checking that the run's events have no gaps."""
    async with database.statements() as connection:
        frames = await events.read_after(connection, request.run_id, 0)
    assert [frame.seq for frame in frames] == list(range(1, len(frames) + 1))
    return [frame.event for frame in frames if isinstance(frame.event, ToolCallStarted)]


async def written(database: Database, run_id: TaskId | str) -> int:
    """Count a run's tool results and the events about them."""
    query = text("""SELECT (SELECT count(*) FROM messages WHERE run_id = :id AND role = 'tool')
        + (SELECT count(*) FROM events WHERE run_id = :id AND payload ->> 'type' = 'tool_call.finished')""")
    async with database.begin() as session:
        return int(await session.scalar(query, {"id": run_id}) or 0)


async def test_only_the_first_claim_is_new(database: Database) -> None:
    request = await a_request(database)
    first, second = [await claim(database, request) for _ in range(2)]
    assert first is not None
    assert second is None
    (event,) = await started_in(database, request)
    assert event == ToolCallStarted(
        path=request.path, step=1, attempt=1, index=0, tool="calculator", preview='{"expression":"1 + 1"}'
    )


async def test_of_many_claims_one_is_new(database: Database) -> None:
    request = await a_request(database)
    claims = await asyncio.gather(*(claim(database, request) for _ in range(8)))
    assert sum(seq is not None for seq in claims) == 1
    assert len(await started_in(database, request)) == 1


async def test_a_call_that_begins_again_has_an_event(database: Database) -> None:
    request = await a_request(database)
    await claim(database, request)
    async with database.statements() as connection:
        await tool_calls.release(connection, request)
    assert await claim(database, request) is not None
    assert [event.attempt for event in await started_in(database, request)] == [1, 2]


async def test_an_event_has_the_beginning_of_arguments(database: Database) -> None:
    request = await a_request(database)
    await claim(database, request, "1" * 5000)
    (event,) = await started_in(database, request)
    assert (len(event.preview), event.preview[-1]) == (200, "\u2026")


@pytest.mark.parametrize("status", sorted(UNCALLABLE))
async def test_a_stopped_run_claims_nothing(database: Database, status: RunStatus) -> None:
    request = await a_request(database)
    await change(database, "UPDATE runs SET status = :status WHERE id = :id", request, status=status)
    with pytest.raises(RootStopped):
        await claim(database, request)
    assert not await started_in(database, request)


async def test_a_skipped_subtask_claims_nothing(database: Database) -> None:
    request = await a_request(database)
    await change(database, SKIP, request)
    with pytest.raises(SubtaskSkipped):
        await claim(database, request)


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
    await claim(database, request)
    await change(database, SKIP, request)
    assert await finish(database, request) is None
    assert await written(database, request.run_id) == 0


async def test_a_finished_tool_is_returned_after_a_skip(database: Database) -> None:
    request = await a_request(database)
    assert await finish(database, request) is not None
    assert await written(database, request.run_id) == 2
    await change(database, SKIP, request)
    assert (await read(database, request)).done == ToolCallOutcome(tool="calculator", failed=False)


async def test_descriptions_of_other_servers_influence_a_call(database: Database) -> None:
    request = await a_request(database)
    near, far = a_definition("near", untrusted=False), a_definition("far", untrusted=True)
    async with database.statements() as connection:
        await described.note(connection, request.run_id, [near])
    assert not (await read(database, request)).is_influenced("other")
    async with database.statements() as connection:
        for _ in range(2):
            await described.note(connection, request.run_id, [near, far])
    found = await read(database, request)
    assert found.described_by == {"far"}
    assert (found.is_influenced("far"), found.is_influenced("near"), found.is_influenced(None)) == (False, True, True)


def a_definition(server: str, *, untrusted: bool) -> ToolDefinition:
    return ToolDefinition(
        name=f"{server}__x", description="", parameters={}, kind=ToolKind.PURE, server=server, untrusted=untrusted
    )


async def test_a_delegated_call_names_its_delegators(database: Database) -> None:
    request = await a_request(database)
    assert (await read(database, request)).delegators == ()
    async with database.begin() as session:
        for statement in (RENAME, ADD_PARENTS):
            await session.execute(text(statement), {"id": request.run_id})
    moved = request.model_copy(update={"path": NodePath("a/1-0/2-0")})
    assert (await read(database, moved)).delegators == ("analyst", "boss")


RENAME = "UPDATE messages SET path = 'a/1-0/2-0' WHERE run_id = :id AND path = 'a'"
ADD_PARENTS = """
INSERT INTO subtasks (run_id, path, parent, position, key, title, instruction, agent, depends_on, decompose, tools)
SELECT run_id, n.path, n.parent, 1, n.key, '', 'x', n.agent, '{}', false, '{calculator}'
FROM subtasks,
     (VALUES ('a/1-0', 'a', '1-0', 'boss'), ('a/1-0/2-0', 'a/1-0', '2-0', 'clerk')) AS n(path, parent, key, agent)
WHERE run_id = :id AND subtasks.path = 'a'
"""
