"""The files of a run, as its agents write and read them."""

import asyncio
from collections.abc import Mapping
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from activities.tool_results import limits_from_now
from chimera.config.settings import Settings
from chimera.content.files import measured
from chimera.db.engine import Database
from chimera.ledger import ai_calls, run_files
from chimera.ledger.ai_calls import NewFile
from chimera.tools.base import ToolError
from chimera.tools.context import ToolContext
from chimera.tools.files import ListFiles, ReadFile, WriteFile, excerpt_of
from models.errors import RootStopped, SubtaskSkipped
from models.ids import FileId, NodePath, RunId, UserId
from models.runs import UNCALLABLE, RunStatus
from tests.chimera.ledger.test_calls import a_task
from tests.media import a_png


async def a_context(database: Database, run_id: RunId | None = None) -> ToolContext:
    run_id = run_id or await a_task(database)
    async with database.begin() as session:
        owner = await session.scalar(text("SELECT owner_id FROM runs WHERE id = :id"), {"id": run_id})
    return ToolContext(UserId(str(owner)), run_id, NodePath("a"), 1, 0, "k", limits_from_now())


async def write(database: Database, context: ToolContext, name: str, content: str, **settings: int) -> str:
    tool = WriteFile(database, Settings(**settings))  # type: ignore[arg-type]
    return (await tool.run({"name": name, "content": content}, context)).text


async def read(database: Database, context: ToolContext, name: str, **arguments: int) -> str:
    return (await ReadFile(database).run({"name": name, **arguments}, context)).text


async def listed(database: Database, context: ToolContext) -> str:
    return (await ListFiles(database).run({}, context)).text


async def rows(database: Database, context: ToolContext) -> list[Mapping[str, Any]]:
    query = text("SELECT id::text, name, size_bytes FROM files WHERE run_id = :id ORDER BY name")
    async with database.begin() as session:
        return [dict(row) for row in (await session.execute(query, {"id": context.run_id})).mappings()]


async def written_events(database: Database, context: ToolContext) -> list[dict[str, Any]]:
    query = text("SELECT payload FROM events WHERE run_id = :id AND payload ->> 'type' = 'file.written' ORDER BY seq")
    async with database.begin() as session:
        return list(await session.scalars(query, {"id": context.run_id}))


async def change(database: Database, statement: str, context: ToolContext, **values: object) -> None:
    async with database.begin() as session:
        await session.execute(text(statement), {"id": context.run_id, **values})


async def test_all_nodes_read_what_one_writes(database: Database) -> None:
    one = await a_context(database)
    assert await write(database, one, "a/b.md", "Grüße\n") == "Wrote a/b.md (8 bytes)."
    other = await a_context(database, one.run_id)
    assert await read(database, other, "a/b.md") == "Grüße"
    assert await listed(database, other) == "a/b.md (text/plain, 8 bytes)"


async def test_another_run_has_other_files(database: Database) -> None:
    one, other = await a_context(database), await a_context(database)
    await write(database, one, "a.md", "mine")
    assert await listed(database, other) == "This task has no files yet."
    with pytest.raises(ToolError, match="There is no file"):
        await read(database, other, "a.md")


async def test_a_file_is_replaced_with_its_event(database: Database) -> None:
    context = await a_context(database)
    await write(database, context, "a.md", "old")
    assert (await write(database, context, "a.md", "newer")).endswith("It replaces the file with the same name.")
    (row,) = await rows(database, context)
    assert row["size_bytes"] == 5
    first, second = await written_events(database, context)
    assert first["file_id"] != second["file_id"] == row["id"]
    assert (second["name"], second["size_bytes"], second["path"], second["step"]) == ("a.md", 5, "a", 1)


async def test_the_same_content_is_written_once(database: Database) -> None:
    context = await a_context(database)
    first, second = [await write(database, context, "a.md", "same") for _ in range(2)]
    assert first == second
    assert len(await written_events(database, context)) == 1


async def test_writers_of_one_name_take_turns(database: Database) -> None:
    context = await a_context(database)
    await asyncio.gather(*(write(database, context, "a.md", str(number)) for number in range(5)))
    (row,) = await rows(database, context)
    last = (await written_events(database, context))[-1]
    assert (row["id"], len(await written_events(database, context))) == (last["file_id"], 5)


@pytest.mark.parametrize("status", sorted(UNCALLABLE))
async def test_a_stopped_run_writes_nothing(database: Database, status: RunStatus) -> None:
    context = await a_context(database)
    await change(database, "UPDATE runs SET status = :status WHERE id = :id", context, status=status)
    with pytest.raises(RootStopped):
        await write(database, context, "a.md", "late")
    assert not await rows(database, context)


async def test_a_skipped_subtask_writes_nothing(database: Database) -> None:
    context = await a_context(database)
    await change(database, "UPDATE subtasks SET status = 'skipped' WHERE run_id = :id", context)
    with pytest.raises(SubtaskSkipped):
        await write(database, context, "a.md", "late")


async def test_a_bad_name_is_reported(database: Database) -> None:
    context = await a_context(database)
    for name in ("../a", "a" * 200, "a\x00"):
        with pytest.raises(ToolError, match="name"):
            await write(database, context, name, "x")


async def test_a_file_has_a_size_limit(database: Database) -> None:
    context = await a_context(database)
    with pytest.raises(ToolError, match="5,000,000 is the limit"):
        await write(database, context, "a.md", "x" * 5_000_001)


async def test_a_run_has_limits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_files, "MAX_RUN_FILES", 2)
    monkeypatch.setattr(run_files, "MAX_RUN_BYTES", 10)
    context = await a_context(database)
    await write(database, context, "a", "12345")
    with pytest.raises(ToolError, match="room for 5 more bytes of 10"):
        await write(database, context, "b", "123456")
    await write(database, context, "b", "1")
    with pytest.raises(ToolError, match="has 2 files, which is the limit"):
        await write(database, context, "c", "1")
    await write(database, context, "a", "123456789")
    assert [row["size_bytes"] for row in await rows(database, context)] == [9, 1]


async def test_files_count_toward_their_users_limit(database: Database) -> None:
    context = await a_context(database)
    await write(database, context, "a", "1", max_kept_bytes=100_000)
    with pytest.raises(ToolError, match="CHIMERA_MAX_KEPT_BYTES"):
        await write(database, context, "b", "1", max_kept_bytes=100_000)
    assert "replaces" in await write(database, context, "a", "2", max_kept_bytes=100_000)


async def test_a_binary_file_is_only_described(database: Database) -> None:
    context = await a_context(database)
    content = measured(BytesIO(a_png()))
    async with database.connection() as connection:
        image = NewFile(FileId(str(uuid4())), context.owner_id, "images/a.png", content, False, context.run_id)
        await ai_calls.keep(connection, [image])
    described = await read(database, context, "images/a.png")
    assert described == f"images/a.png is not text: image/png, {content.size_bytes:,} bytes."


async def test_an_empty_file_can_be_read(database: Database) -> None:
    context = await a_context(database)
    await write(database, context, "a", "")
    assert await read(database, context, "a") == "[The file is empty.]"


async def test_a_part_of_a_file_is_read(database: Database) -> None:
    context = await a_context(database)
    await write(database, context, "a", "".join(f"{number}\n" for number in range(1, 11)))
    assert await read(database, context, "a", start_line=3, max_lines=2) == (
        "3\n4\n[Lines 3 to 4 of 10. To read on, use start_line 5.]"
    )
    assert await read(database, context, "a", start_line=10) == "10\n[Lines 10 to 10 of 10.]"
    with pytest.raises(ToolError, match="has 10 lines"):
        await read(database, context, "a", start_line=11)


def test_an_excerpt_fits_its_room() -> None:
    assert excerpt_of("aaa\nbbb\nccc", 1, 10, 8) == "aaa\nbbb\n[Lines 1 to 2 of 3. To read on, use start_line 3.]"
    cut = excerpt_of("a" * 20 + "\nb", 1, 10, 8)
    assert cut.splitlines()[0] == "a" * 8
    assert "Line 1 has 20 characters and was cut" in cut
