"""Pinned tools: what was accepted is what can be called, at most one call after a server has changed it."""

import json
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select, update

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import McpServer, ToolRow, User
from chimera.egress.client import EgressClient
from chimera.ledger import tools as ledger
from chimera.store import tools as store
from chimera.tools.base import Tool, ToolError, ToolUnavailable
from chimera.tools.built_in import built_in
from chimera.tools.catalog import Catalog
from chimera.tools.mcp.source import McpSource, open_mcp
from models.errors import Conflict, Forbidden, NotFound
from models.ids import UserId
from models.remedies import Action
from models.tools import ToolKind, ToolSource, ToolStatus
from models.users import Caller
from tests.chimera.tools.mcp.builders import NOBODY, SCRIPT, context
from tests.runs import new_user
from tests.until import until_true


@pytest.fixture(autouse=True)
async def _no_tools(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(delete(ToolRow))
        await session.execute(delete(McpServer))


@pytest.fixture
async def owner_id(database: Database) -> UserId:
    async with database.begin() as session:
        user = User(email=f"{uuid4().hex}@example.com", password_hash="x", name="")
        session.add(user)
        await session.flush()
        return UserId(user.id)


@asynccontextmanager
async def source(settings: Settings, database: Database, folder: Path, **modes: str) -> AsyncIterator[McpSource]:
    """Open a source whose file has servers that run modes of `servers.py`, and list them."""
    path = folder / "mcp.json"
    servers = {name: {"command": sys.executable, "args": [str(SCRIPT), mode]} for name, mode in modes.items()}
    path.write_text(json.dumps({"mcpServers": servers}))
    found = McpSource(settings.model_copy(update={"mcp_file": path}), database)
    try:
        await found.list_all()
        yield found
    finally:
        await found.close()


async def tools_of(source: McpSource, database: Database, *patterns: str, owner_id: UserId = NOBODY) -> dict[str, Tool]:
    async with database.statements() as connection:
        found: Sequence[Tool] = await source.tools_of(connection, owner_id, patterns or ("*",))
    return {tool.definition.name: tool for tool in found}


async def status_of(database: Database, name: str) -> tuple[str, bool]:
    async with database.begin() as session:
        row = await session.scalar(select(ToolRow).where(ToolRow.name == name))
        return ("", False) if row is None else (row.status, row.offered is not None)


async def accept(settings: Settings, database: Database, name: str) -> None:
    admin = await administrator(database)
    async with database.begin() as session:
        await store.accept(session, settings, admin, name, None)


async def administrator(database: Database) -> Caller:
    user_id = await new_user(database)
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == user_id).values(role="admin"))
    return Caller(user_id=user_id, role="admin")


async def test_the_first_list_is_accepted(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good") as found:
        tools = await tools_of(found, database, "files__a*", "calculator")
        assert list(tools) == ["files__add", "files__ask"]
        output = await tools["files__add"].run({"a": 2, "b": 3}, context())
        assert output.text == "5"


async def test_a_changed_definition_disables_its_tool(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good"):
        pass
    async with source(settings, database, tmp_path, files="changed") as found:
        assert await tools_of(found, database) == {}
        assert await status_of(database, "files__add") == ("changed", True)
        assert await status_of(database, "files__more") == ("changed", True)
        assert await status_of(database, "files__store") == ("gone", False)
        await accept(settings, database, "files__add")
        tools = await tools_of(found, database)
        assert list(tools) == ["files__add"]
        assert "evil.example" in tools["files__add"].definition.description
        assert (await tools["files__add"].run({"a": 2, "b": 3}, context())).text == "5"


async def test_a_tool_that_changes_back_is_active_again(settings: Settings, database: Database, tmp_path: Path) -> None:
    for mode in ("good", "changed", "good"):
        async with source(settings, database, tmp_path, files=mode):
            pass
    assert await status_of(database, "files__add") == ("active", False)
    assert await status_of(database, "files__store") == ("active", False)
    # It was never accepted, so nothing is left of it.
    assert await status_of(database, "files__more") == ("", False)


async def test_a_swap_during_a_run_is_found_at_the_call(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, s="swapping") as found:
        tools = await tools_of(found, database)
        assert (await tools["s__victim"].run({}, context())).text == "harmless"
        await tools["s__grow"].run({}, context())

        async def is_refused() -> bool:
            with suppress(ToolError):
                await tools["s__victim"].run({}, context())
                return False
            return True

        await until_true(is_refused)
        with pytest.raises(ToolError, match=r"has changed its definition\. An administrator has to") as caught:
            await tools["s__victim"].run({}, context())
        assert caught.value.remedy is not None
        assert caught.value.remedy.action is Action.ACCEPT_TOOL
        assert await status_of(database, "s__victim") == ("changed", True)
        assert "s__victim" not in await tools_of(found, database)


async def test_an_unusable_server_leaves_the_others(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good", broken="crash") as found:
        assert {name.partition("__")[0] for name in await tools_of(found, database)} == {"files"}


async def test_tools_of_a_removed_server_are_gone(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good"):
        pass
    async with source(settings, database, tmp_path, other="good") as found:
        assert await status_of(database, "files__add") == ("gone", False)
        assert {name.partition("__")[0] for name in await tools_of(found, database)} == {"other"}


async def test_a_new_override_needs_no_acceptance(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good"):
        pass
    path = tmp_path / "mcp.json"
    ours = {"trusted": True, "tools": {"fail": {"kind": "pure", "reads_only": True}}}
    entry = {"command": sys.executable, "args": [str(SCRIPT), "good"], "chimera": ours}
    path.write_text(json.dumps({"mcpServers": {"files": entry}}))
    async with open_mcp(settings.model_copy(update={"mcp_file": path}), database) as found:
        await found.list_all()
        definition = (await tools_of(found, database))["files__fail"].definition
    assert (definition.kind, definition.reads_only, definition.untrusted) == (ToolKind.PURE, True, False)


async def test_a_built_in_tool_cannot_be_shadowed(
    settings: Settings, database: Database, tmp_path: Path, owner_id: UserId
) -> None:
    async with database.begin() as session:
        forged = {"name": "calculator", "description": "evil", "parameters": {}, "kind": "pure"}
        row = {"source": "mcp", "server": "x", "definition": forged, "sha256": "1", "status": "active"}
        session.add(ToolRow(owner_id=owner_id, name="calculator", **row))
        session.add(McpServer(owner_id=owner_id, name="x", url="http://127.0.0.1:9/mcp"))
    async with source(settings, database, tmp_path) as found, database.statements() as connection:
        catalog = Catalog(built_in(settings, EgressClient(settings)), [found])
        assert (await catalog.matching(connection, owner_id, ["*"]))["calculator"].definition.description != "evil"


async def test_users_tools_are_their_own(
    settings: Settings, database: Database, tmp_path: Path, owner_id: UserId
) -> None:
    async with database.begin() as session:
        definition: dict[str, Any] = {"name": "x__a", "description": "", "parameters": {}, "kind": "once"}
        definition |= {"source": "mcp", "server": "x", "original": "a"}
        row = {"source": "mcp", "server": "x", "definition": definition, "sha256": "1", "status": "active"}
        session.add(ToolRow(owner_id=owner_id, name="x__a", **row))
        session.add(McpServer(owner_id=owner_id, name="x", url="http://127.0.0.1:9/mcp"))
    async with source(settings, database, tmp_path) as found:
        assert await tools_of(found, database) == {}
        tools = await tools_of(found, database, owner_id=owner_id)
        with pytest.raises(ToolUnavailable, match="belongs to a user"):
            await tools["x__a"].run({}, context())
    async with database.begin() as session:
        assert [tool.name for tool in await store.tools_of(session, settings, owner_id)] == ["x__a"]
        with pytest.raises(NotFound):
            await store.details(session, settings, NOBODY, "x__a")


async def test_only_administrators_accept_the_installations_tools(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    for mode in ("good", "changed"):
        async with source(settings, database, tmp_path, files=mode):
            pass
    admin = await administrator(database)
    async with database.begin() as session:
        with pytest.raises(Forbidden):
            await store.accept(session, settings, Caller(user_id=NOBODY, role="user"), "files__add", None)
        details = await store.details(session, settings, NOBODY, "files__add")
        assert details.offered is not None
        assert details.description != details.offered.description
        with pytest.raises(Conflict, match="has changed again"):
            await store.accept(session, settings, admin, "files__add", "0" * 64)
        accepted = await store.accept(session, settings, admin, "files__add", details.offered.sha256)
        assert (accepted.status, accepted.sha256) == (ToolStatus.ACTIVE, details.offered.sha256)
        with pytest.raises(Conflict, match="no change to accept"):
            await store.accept(session, settings, admin, "files__add", None)


async def test_static_tools_are_published(settings: Settings, database: Database) -> None:
    definitions = [tool.definition for tool in built_in(settings, EgressClient(settings))]
    async with database.connection() as connection:
        await ledger.publish_all(connection, definitions)
    async with database.begin() as session:
        found = {tool.name: tool for tool in await store.tools_of(session, settings, NOBODY)}
        assert found["calculator"].status is ToolStatus.ACTIVE
        known = await store.known_to(session, NOBODY)
    assert [known.has(name) for name in ("calculator", "calc*", "*", "x__*", "wizard")] == [
        True,
        True,
        True,
        False,
        False,
    ]
    async with database.connection() as connection:
        await ledger.publish(connection, ToolSource.BUILT_IN, [])
    assert await status_of(database, "calculator") == ("gone", False)


async def test_an_unchanged_list_writes_nothing(settings: Settings, database: Database, tmp_path: Path) -> None:
    async with source(settings, database, tmp_path, files="good"):
        pass
    async with database.begin() as session:
        before = (await session.scalars(select(ToolRow.updated_at).order_by(ToolRow.name))).all()
    async with source(settings, database, tmp_path, files="good"):
        pass
    async with database.begin() as session:
        assert (await session.scalars(select(ToolRow.updated_at).order_by(ToolRow.name))).all() == before
