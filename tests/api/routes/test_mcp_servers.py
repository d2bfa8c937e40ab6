"""Users' own MCP servers, and the tools that agents can use."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from chimera.config import payload_keys
from chimera.db.engine import Database
from chimera.db.tables import McpServer, ToolRow, User
from chimera.ledger import tools as ledger
from chimera.security import sessions
from chimera.tools.built_in import definitions_of
from chimera.tools.mcp.servers import HttpServer
from models.tools import ToolSource
from tests.api.conftest import SignUp
from tests.chimera.tools.mcp.servers import changed, good
from tests.chimera.tools.mcp.test_http import good_server
from tests.parts import serving
from tests.ports import free_port
from tests.until import LIMIT_S

POET = {"name": "poet", "prompt": "You write verse."}


@pytest.fixture(scope="module", autouse=True)
async def _connecting(app: FastAPI, database: Database) -> AsyncIterator[None]:
    """Let this API connect to users' servers on the loopback interface, and store headers."""

    def client(server: HttpServer) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S)

    parts = app.state.parts
    with_key = parts.settings.model_copy(update={"payload_keys": SecretStr(payload_keys.made())})
    app.state.parts = replace(parts, mcp_clients=client, settings=with_key)
    async with database.connection() as connection:
        await ledger.publish(connection, ToolSource.BUILT_IN, list(definitions_of(parts.settings).values()))
    yield
    app.state.parts = parts
    async with database.begin() as session:
        await session.execute(delete(ToolRow))


def spec(url: str, **fields: Any) -> dict[str, Any]:
    return {"name": f"s{uuid4().hex[:8]}", "url": url, **fields}


async def test_a_server_is_added_and_removed(sign_up: SignUp, bob: httpx2.AsyncClient) -> None:
    alice = await sign_up()
    async with good_server() as url:
        body = spec(url)
        created = await alice.post("/api/v1/mcp-servers", json=body)
        name = body["name"]
        assert (created.status_code, created.headers["Location"]) == (201, f"/api/v1/mcp-servers/{name}")
        assert (created.json()["tools"], created.json()["waiting"], created.json()["error"]) == (10, 0, None)
        assert (await alice.get("/api/v1/mcp-servers")).json()["items"] == [created.json()]
        again = await alice.post("/api/v1/mcp-servers", json=body)
        assert (again.status_code, again.json()["errors"][0]["field"]) == (409, "name")

    tools = {tool["name"]: tool for tool in (await alice.get("/api/v1/tools")).json()["items"]}
    assert {"calculator", f"{name}__add"} <= tools.keys()
    add = tools[f"{name}__add"]
    assert (add["own"], add["source"], add["server"], add["status"]) == (True, "mcp", name, "active")
    # The server's own word that its world is closed doesn't count.
    assert (add["kind"], add["reads_only"], add["untrusted"], add["egress"]) == ("pure", True, True, True)

    assert (await bob.get("/api/v1/mcp-servers")).json()["items"] == []
    assert f"{name}__add" not in [tool["name"] for tool in (await bob.get("/api/v1/tools")).json()["items"]]
    for method, path in (
        ("GET", f"mcp-servers/{name}"),
        ("DELETE", f"mcp-servers/{name}"),
        ("POST", f"mcp-servers/{name}/refresh"),
        ("GET", f"tools/{name}__add"),
        ("POST", f"tools/{name}__add/accept"),
    ):
        assert (await bob.request(method, f"/api/v1/{path}")).status_code == 404

    assert (await alice.delete(f"/api/v1/mcp-servers/{name}")).status_code == 204
    assert f"{name}__add" not in [tool["name"] for tool in (await alice.get("/api/v1/tools")).json()["items"]]


async def test_headers_are_stored_encrypted(alice: httpx2.AsyncClient, database: Database) -> None:
    async with good_server() as url:
        body = spec(url, headers={"Authorization": "Bearer very-secret"})
        created = await alice.post("/api/v1/mcp-servers", json=body)
        refreshed = await alice.post(f"/api/v1/mcp-servers/{body['name']}/refresh")
    assert created.json()["has_headers"]
    assert "very-secret" not in created.text
    assert refreshed.status_code == 200
    async with database.begin() as session:
        stored = await session.scalar(select(McpServer.headers).where(McpServer.name == body["name"]))
    assert stored is not None
    assert b"very-secret" not in stored


async def test_headers_need_a_key(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    parts = app.state.parts
    app.state.parts = replace(parts, settings=parts.settings.model_copy(update={"payload_keys": None}))
    try:
        refused = await alice.post("/api/v1/mcp-servers", json=spec("http://127.0.0.1:9/mcp", headers={"X-Key": "abc"}))
    finally:
        app.state.parts = parts
    assert (refused.status_code, refused.json()["code"]) == (422, "no_payload_key")
    assert "Set CHIMERA_PAYLOAD_KEYS" in refused.json()["detail"]
    assert refused.json()["errors"][0]["field"] == "headers"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"command": "rm"}, "command"),
        ({"args": ["-rf", "/"]}, "args"),
        ({"env": {"A": "b"}}, "env"),
        ({"type": "stdio"}, "type"),
        ({"url": "file:///bin/sh"}, "url"),
        ({"url": "http://me:secret@127.0.0.1/mcp"}, "url"),
        ({"name": "a__b"}, "name"),
        ({"name": "../x"}, "name"),
        ({"headers": {"Host": "x"}}, "headers"),
        ({"headers": {"X-Key": "a\r\nB: c"}}, "headers"),
        ({"headers": {"X Key": "a"}}, "headers"),
    ],
    ids=[
        "command", "args", "env", "type", "file", "password", "separator", "path", "host", "break", "space",
    ],
)  # fmt: skip
async def test_users_cannot_define_programs_or_break_headers(
    alice: httpx2.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    refused = await alice.post("/api/v1/mcp-servers", json=spec("http://127.0.0.1:9/mcp") | fields)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["field"].partition(".")[0] == field


async def test_an_unreachable_server_is_not_added(alice: httpx2.AsyncClient) -> None:
    body = spec(f"http://127.0.0.1:{free_port()}/mcp")
    refused = await alice.post("/api/v1/mcp-servers", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "url")
    assert "can't be reached" in refused.json()["detail"]
    assert (await alice.get(f"/api/v1/mcp-servers/{body['name']}")).status_code == 404


async def test_an_address_may_have_an_at_sign_in_its_path(alice: httpx2.AsyncClient) -> None:
    for host, problem in (("127.0.0.1", "is unavailable"), ("key@127.0.0.1", "contains a user name or password")):
        url = f"http://{host}:{free_port()}/@scope/server/mcp"
        refused = await alice.post("/api/v1/mcp-servers", json=spec(url))
        assert problem in refused.json()["errors"][0]["message"]


async def test_a_changed_tool_waits_for_its_owner(alice: httpx2.AsyncClient) -> None:
    port = free_port()
    body = spec(f"http://127.0.0.1:{port}/mcp")
    first, second = good(), changed()
    listening = first.streamable_http_app()
    async with first.session_manager.run(), serving(listening, port):
        assert (await alice.post("/api/v1/mcp-servers", json=body)).status_code == 201
    listening = second.streamable_http_app()
    async with second.session_manager.run(), serving(listening, port):
        view = (await alice.post(f"/api/v1/mcp-servers/{body['name']}/refresh")).json()
    assert view["waiting"] == 2
    tool = f"/api/v1/tools/{body['name']}__add"
    shown = (await alice.get(tool)).json()
    assert (shown["status"], shown["description"]) == ("changed", "Add two numbers.")
    assert "evil.example" in shown["offered"]["description"]
    stale = await alice.post(f"{tool}/accept", json={"sha256": shown["sha256"]})
    assert (stale.status_code, stale.json()["remedy"]["action"]) == (409, "show_tool")
    accepted = await alice.post(f"{tool}/accept", json={"sha256": shown["offered"]["sha256"]})
    assert (accepted.json()["status"], accepted.json()["offered"]) == ("active", None)
    assert (await alice.post(f"{tool}/accept")).status_code == 409


async def test_a_failed_refresh_is_noted(alice: httpx2.AsyncClient) -> None:
    async with good_server() as url:
        body = spec(url)
        await alice.post("/api/v1/mcp-servers", json=body)
    refused = await alice.post(f"/api/v1/mcp-servers/{body['name']}/refresh")
    assert (refused.status_code, refused.json()["code"]) == (503, "tool_unavailable")
    view = (await alice.get(f"/api/v1/mcp-servers/{body['name']}")).json()
    assert "can't be reached" in view["error"]
    assert view["tools"] == 10


async def test_a_name_of_the_installation_is_taken(alice: httpx2.AsyncClient, database: Database) -> None:
    definition = {"name": "files__a", "description": "", "parameters": {}, "kind": "once", "source": "mcp"}
    async with database.begin() as session:
        row = {"source": "mcp", "server": "files", "definition": definition, "sha256": "1", "status": "active"}
        session.add(ToolRow(name="files__a", **row))
    refused = await alice.post("/api/v1/mcp-servers", json=spec("http://127.0.0.1:9/mcp") | {"name": "files"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "name")


async def test_only_administrators_accept_installed_tools(
    sign_up: SignUp, database: Database, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    definition = {"name": "docs__a", "description": "old", "parameters": {}, "kind": "once", "source": "mcp"}
    offered = definition | {"description": "new", "sha256": "2"}
    row = {"source": "mcp", "server": "docs", "definition": definition, "sha256": "1", "status": "changed"}
    async with database.begin() as session:
        session.add(ToolRow(name="docs__a", offered=offered, **row))
    refused = await alice.post("/api/v1/tools/docs__a/accept")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    admin = await sign_up()
    newest = select(User.id).order_by(User.created_at.desc()).limit(1).scalar_subquery()
    async with database.begin() as session:
        await session.execute(update(User).where(User.id == newest).values(role="admin"))
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 3600)
    assert (await admin.get("/api/v1/users")).status_code == 200
    for role, status in (("user", 403), ("admin", 200)):
        # What this process knows of the account may be old.
        async with database.begin() as session:
            await session.execute(update(User).where(User.id == newest).values(role=role))
        answer = await admin.post("/api/v1/tools/docs__a/accept")
        assert answer.status_code == status
    assert (await admin.get("/api/v1/tools/docs__a")).json()["description"] == "new"


async def test_agents_name_tools_and_patterns_that_exist(sign_up: SignUp) -> None:
    alice = await sign_up()
    async with good_server() as url:
        body = spec(url)
        await alice.post("/api/v1/mcp-servers", json=body)
    name = body["name"]
    tools = ["calculator", f"{name}__add", f"{name}__s*", f"{name}__not_yet_*"]
    created = await alice.post("/api/v1/agents", json=POET | {"tools": tools})
    assert created.status_code == 201
    found = [tool["name"] for tool in (await alice.get("/api/v1/tools", params={"agent": "poet"})).json()["items"]]
    assert found == ["calculator", f"{name}__add", f"{name}__slow", f"{name}__store"]
    for index, wrong in enumerate(("wizard", "other__*", f"{name}__ad")):
        refused = await alice.put("/api/v1/agents/poet", json=POET | {"tools": ["calculator", wrong]})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "tools.1"), index
        assert f"Unknown tool {wrong!r}." in refused.json()["detail"]
        assert refused.json()["remedy"]["href"] == "/api/v1/tools"


async def test_tools_show_the_rule_for_an_agent(alice: httpx2.AsyncClient) -> None:
    rules = [
        {"tool": "fetch_page", "agent": "researcher", "verdict": "allow", "after_untrusted": True},
        {"tool": "fetch_page", "verdict": "deny", "reason": "Only researchers read the web."},
    ]
    await alice.put("/api/v1/policy", json={"rules": rules})
    for query, verdict, rule, varies in (("", "deny", 1, True), ("?agent=researcher", "allow", 0, False)):
        listed = {tool["name"]: tool["ruling"] for tool in (await alice.get(f"/api/v1/tools{query}")).json()["items"]}
        page = listed["fetch_page"]
        assert (page["verdict"], page["decided_by"], page["rule"], page["varies"]) == (verdict, "own", rule, varies)
        search = listed["web_search"]
        assert (search["verdict"], search["after_untrusted"], search["decided_by"]) == ("allow", "allow", "default")
    await alice.put("/api/v1/policy", json={"rules": []})
    page = (await alice.get("/api/v1/tools/fetch_page")).json()["ruling"]
    assert (page["verdict"], page["after_untrusted"]) == ("allow", "ask")
