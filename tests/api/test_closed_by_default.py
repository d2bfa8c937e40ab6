import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from starlette.routing import BaseRoute, Route

from api.deps import PUBLIC, SOCKETS, ClosedRoute
from api.lean import LeanRead
from models.openai.errors import is_openai
from tests.api.routes.test_streams import close_code, opened

ROOT = Path(__file__).parents[2]


def test_every_route_needs_a_caller_or_is_public(app: FastAPI) -> None:
    open_routes = {
        (method, path)
        for path, route in _routes_of(app)
        if not isinstance(route, ClosedRoute | LeanRead)
        for method in _methods_of(route)
    }
    assert open_routes == PUBLIC | {("WS", path) for path in SOCKETS}


@pytest.mark.parametrize("path", sorted(SOCKETS))
@pytest.mark.parametrize("first", [{"type": "ping"}, {"type": "authenticate", "token": "x"}])
async def test_no_socket_answers_before_it_signs_in(app: FastAPI, path: str, first: object) -> None:
    async with opened(app, path=path) as socket:
        await socket.send_json(first)
        assert await close_code(socket) == 4401


def test_every_public_route_has_its_reason_in_the_docs() -> None:
    text = (ROOT / "docs/reference/security.md").read_text()
    table = text.partition("## Public addresses")[2].partition("\n## ")[0]
    named = {(method, path) for method, path in re.findall(r"`(GET|POST|WS) ([^`]+)`", table)}
    assert named == PUBLIC | {("WS", path) for path in SOCKETS}


async def test_requests_need_a_token(app: FastAPI, anonymous: httpx2.AsyncClient) -> None:
    closed = [
        (method, path)
        for path, route in _routes_of(app)
        if isinstance(route, ClosedRoute | LeanRead)
        for method in _methods_of(route)
    ]
    assert len(closed) >= 25
    for method, path in closed:
        address = re.sub(r"\{\w+_id\}", "0" * 32, path).replace("{name}", "writer")
        answer = await anonymous.request(
            method, address, content=b"{not json", headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 401, (method, path)
        code = answer.json()["error"]["code"] if is_openai(path) else answer.json()["code"]
        assert code == ("invalid_api_key" if is_openai(path) else "not_signed_in")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/docs", "/openapi.json", "/health/live", "/nothing", "/api/v1/nothing", "/api/v1/tasks"]
)
async def test_every_answer_has_the_security_headers(anonymous: httpx2.AsyncClient, path: str) -> None:
    headers = (await anonymous.get(path)).headers
    assert "object-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "Strict-Transport-Security" not in headers
    assert "Server" not in headers
    assert headers["X-Request-ID"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://console.example.evil.example", "http://console.example"],
)
async def test_a_foreign_page_may_not_read_answers(anonymous: httpx2.AsyncClient, origin: str) -> None:
    answer = await anonymous.get("/health/live", headers={"Origin": origin})
    assert "Access-Control-Allow-Origin" not in answer.headers


async def test_the_listed_page_may_read_answers(anonymous: httpx2.AsyncClient) -> None:
    answer = await anonymous.get("/health/live", headers={"Origin": "https://console.example"})
    assert answer.headers["Access-Control-Allow-Origin"] == "https://console.example"


def _routes_of(app: FastAPI) -> Iterator[tuple[str, BaseRoute]]:
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        yield route.path if isinstance(route, LeanRead) else context.path or "", route


def _methods_of(route: BaseRoute) -> set[str]:
    if isinstance(route, APIWebSocketRoute):
        return {"WS"}
    if isinstance(route, LeanRead):
        return {"GET"}
    assert isinstance(route, Route), f"{route!r} is of a kind that nobody has thought of"
    return set(route.methods or ()) - {"HEAD"}
