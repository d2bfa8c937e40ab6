"""Streams on the wire: the WebSocket protocol with its limits, and SSE."""

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from httpx2.websockets import ASGIWebSocketTransport, AsyncWebSocketSession, WebSocketDisconnect
from sqlalchemy import func, insert, text, update
from sqlalchemy.exc import OperationalError
from starlette.datastructures import Headers

from api.deps import Parts
from api.live import rights, sockets
from api.live.sse import while_allowed
from api.live.topics import MAX_TOPICS, Topics
from chimera.db.tables import EventRow, Run, Ticket
from chimera.security import sessions
from chimera.security.sessions import AUDIENCE, ISSUER, SignedIn
from chimera.store import task_views
from chimera.store.tickets import MAX_UNUSED
from models.errors import ApiKeyRefused, KeyCannotRead, NotSignedIn, TicketRefused, TokenRefused, TwoCredentials
from models.events import RunCompleted, RunResumed
from models.ids import TaskId
from tests.api.conftest import SECRET, SignUp, new_task, publish
from tests.until import LIMIT_S, until


async def test_a_topic_is_followed_from_where_the_client_stood(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    await publish(app, task_id, RunResumed())
    topic = f"run:{task_id}"
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "topic": topic, "after": 1})
        assert await received(socket) == {
            "type": "subscribed",
            "id": None,
            "topic": topic,
            "after": 1,
            "last_seq": 2,
        }
        event = await received(socket)
        assert (event["type"], event["topic"], event["seq"], event["event"]["type"]) == (
            "event",
            topic,
            2,
            "run.resumed",
        )
        await publish(app, task_id, RunCompleted(preview="done"))
        assert (await received(socket))["event"]["preview"] == "done"
        assert await received(socket) == {"type": "ended", "topic": topic}
        await socket.send_json({"type": "subscribe", "topic": topic, "after": 3})
        assert (await received(socket))["type"] == "subscribed"
        assert await received(socket) == {"type": "ended", "topic": topic}


async def test_stored_events_are_read_in_pages(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    task_id = (await new_task(alice))["id"]
    path = f"/api/v1/tasks/{task_id}/events/stored"
    await publish(app, task_id, RunResumed(), RunCompleted(preview="done"))
    whole = (await alice.get(path)).json()
    assert [each["event"]["type"] for each in whole["items"]] == ["run.accepted", "run.resumed", "run.completed"]
    assert (whole["next_after"], whole["last_seq"]) == (None, 3)
    first = (await alice.get(path, params={"limit": 2})).json()
    assert ([each["seq"] for each in first["items"]], first["next_after"], first["last_seq"]) == ([1, 2], 2, 3)
    second = (await alice.get(path, params={"limit": 2, "after": 2})).json()
    assert (second["items"], second["next_after"]) == (whole["items"][2:], None)
    assert (await alice.get(path, params={"after": 3})).json() == {"items": [], "next_after": None, "last_seq": 3}
    assert (await bob.get(path)).status_code == 404
    await alice.delete(f"/api/v1/tasks/{task_id}")
    assert (await alice.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_an_authorization_header_signs_in_at_the_handshake(
    app: FastAPI, alice: httpx2.AsyncClient, path: str
) -> None:
    async with opened(app, {"Authorization": alice.headers["Authorization"]}, path) as socket:
        assert await received(socket) == {"type": "authenticated"}


@pytest.mark.parametrize(
    "first",
    [
        {"type": "authenticate", "token": "x"},
        {"type": "authenticate"},
        {"type": "subscribe", "topic": f"run:{uuid4()}"},
        {"type": "ping"},
        "nonsense",
    ],
)
@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_without_a_valid_token_first_the_socket_is_closed(app: FastAPI, first: Any, path: str) -> None:
    async with opened(app, path=path) as socket:
        await socket.send_json(first)
        assert await close_code(socket) == 4401


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Authorization": "Bearer x"}, "access token is invalid or has expired"),
        ({"X-Api-Key": f"ck_{'0' * 11}_x"}, "API key is invalid, has expired or was deleted"),
        ({"Authorization": "Bearer x", "X-Api-Key": f"ck_{'0' * 11}_x"}, "different access tokens or API keys"),
    ],
    ids=["token", "key", "both"],
)
@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_a_refused_credential_is_the_reason(
    app: FastAPI, headers: dict[str, str], reason: str, path: str
) -> None:
    async with opened(app, headers, path) as socket:
        assert reason in await close_reason(socket)


@pytest.mark.parametrize(
    ("first", "reason"),
    [
        ({"type": "authenticate", "token": "x"}, "access token is invalid or has expired"),
        ({"type": "authenticate", "ticket": "x"}, "ticket is invalid, has expired or was used before"),
        ({"type": "ping"}, 'First send {"type": "authenticate"'),
    ],
    ids=["token", "ticket", "ping"],
)
async def test_a_refused_first_message_is_the_reason(app: FastAPI, first: dict[str, str], reason: str) -> None:
    async with opened(app) as socket:
        await socket.send_json(first)
        assert reason in await close_reason(socket)


@pytest.mark.parametrize("error", [TokenRefused, ApiKeyRefused, TicketRefused, KeyCannotRead, TwoCredentials])
def test_a_close_reason_fits_into_its_frame(error: type[NotSignedIn]) -> None:
    assert len(str(error()).encode()) <= 123


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
async def test_silence_is_not_waited_for(app: FastAPI, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.setattr(sockets, "SIGN_IN_SECONDS", 0.1)
    async with opened(app, path=path) as socket:
        assert await close_code(socket) == 4401


async def test_a_token_in_the_address_counts_for_nothing(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SIGN_IN_SECONDS", 0.1)
    async with opened(app, path=f"/ws?token={token_of(alice)}") as socket:
        assert await close_code(socket) == 4401


@pytest.mark.parametrize("path", ["/ws", "/ws/test"])
@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://sub.chimera.localhost",
        "file://",
        "http://chimera.localhost:81",
        "http://[",
        "http://chimera.localhost]",
    ],
)
async def test_a_foreign_page_may_not_open_a_socket(app: FastAPI, path: str, origin: str) -> None:
    refused = pytest.RaisesExc(WebSocketDisconnect, check=lambda error: error.code == sockets.POLICY_VIOLATION)
    with pytest.RaisesGroup(refused, flatten_subgroups=True):
        async with opened(app, {"Origin": origin}, path):
            pass


@pytest.mark.parametrize("origin", ["http://chimera.localhost", "https://console.example"])
async def test_own_and_listed_origins_may_connect(app: FastAPI, alice: httpx2.AsyncClient, origin: str) -> None:
    async with signed_in(app, alice, {"Origin": origin}):
        pass


async def test_cookies_without_an_origin_are_refused(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    headers = {"Authorization": alice.headers["Authorization"], "Cookie": "session=1"}
    with pytest.RaisesGroup(WebSocketDisconnect, flatten_subgroups=True):
        async with opened(app, headers):
            pass


async def test_a_ticket_opens_one_socket(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    for in_address in (True, False):
        ticket = await _ticket(alice)
        async with opened(app, path=f"/ws?ticket={ticket}" if in_address else "/ws") as socket:
            if not in_address:
                await socket.send_json({"type": "authenticate", "ticket": ticket})
            assert await received(socket) == {"type": "authenticated"}
        async with opened(app, path=f"/ws?ticket={ticket}") as socket:
            assert await close_code(socket) == 4401


async def test_of_two_uses_of_a_ticket_one_wins(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    parts: Parts = app.state.parts
    ticket = await _ticket(alice)
    uses = await asyncio.gather(*(parts.tickets.redeem(ticket) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(use, SignedIn) for use in uses) == 1


async def test_tickets_expire_and_end_with_sessions(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    old, of_ended = [await _ticket(carol) for _ in range(2)]
    async with parts.database.begin() as session:
        digest = hashlib.sha256(old.encode()).hexdigest()
        await session.execute(update(Ticket).where(Ticket.sha256 == digest).values(expires_at=func.now()))
    await carol.post("/api/v1/auth/logout")
    for ticket in (old, of_ended, "", "x" * 10_000):
        async with opened(app, path=f"/ws?ticket={ticket}") as socket:
            assert await close_code(socket) == 4401


async def test_unused_tickets_stay_few(app: FastAPI, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    carol = await sign_up()
    first = await _ticket(carol)
    newest = [await _ticket(carol) for _ in range(MAX_UNUSED)][-1]
    async with opened(app, path=f"/ws?ticket={first}") as socket:
        assert await close_code(socket) == 4401
    assert isinstance(await parts.tickets.redeem(newest), SignedIn)


async def _ticket(client: httpx2.AsyncClient) -> str:
    answer = await client.post("/api/v1/auth/ws-ticket")
    assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
    ticket: str = answer.json()["ticket"]
    return ticket


async def test_the_socket_survives_refused_topics(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    theirs = (await new_task(bob))["id"]
    mine = (await new_task(alice))["id"]
    async with signed_in(app, alice) as socket:
        for topic in (f"run:{theirs}", f"run:{uuid4()}"):
            await socket.send_json({"type": "subscribe", "topic": topic})
            assert (await received(socket))["code"] == "not_found"
        odd_topics: list[Any] = ["run:*", "run:../x", "*", "runs:*", "run:" + "0" * 31 + "-", 7]
        for topic in odd_topics:
            await socket.send_json({"type": "subscribe", "topic": topic})
            assert (await received(socket))["code"] in ("invalid_message", "not_found"), topic
        odd_messages: list[Any] = [{"type": "cancel", "task_id": mine}, {"type": "ping", "scope": "admin"}, [], "x"]
        for message in odd_messages:
            await socket.send_json(message)
            assert (await received(socket))["code"] == "invalid_message"
        await socket.send_text("{")
        assert (await received(socket))["code"] == "invalid_message"
        await socket.send_bytes(b'{"type": "ping"}')
        assert "in a text message" in (await received(socket))["detail"]
        await socket.send_json({"type": "authenticate", "token": token_of(bob)})
        assert (await received(socket))["code"] == "already_authenticated"
        await socket.send_json({"type": "ping"})
        assert (await received(socket))["type"] == "pong"


async def test_an_error_frame_has_the_problems_fields(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    theirs = (await new_task(bob))["id"]
    problem = (await alice.get(f"/api/v1/tasks/{theirs}")).json()
    assert problem["remedy"]["href"] == "/api/v1/tasks"
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"run:{theirs}"})
        frame = await received(socket)
    assert {name: frame[name] for name in ("code", "detail", "remedy")} == {
        name: problem[name] for name in ("code", "detail", "remedy")
    }


async def test_an_unreadable_event_ends_its_subscription(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    topic = f"run:{task_id}"
    parts: Parts = app.state.parts
    async with parts.database.begin() as session:
        await session.execute(update(Run).where(Run.id == task_id).values(event_seq=2))
        later = {"type": "run.of_a_later_version", "path": ""}
        await session.execute(insert(EventRow).values(run_id=task_id, seq=2, payload=later))
    async with signed_in(app, alice) as socket:
        for _ in range(2):
            await socket.send_json({"type": "subscribe", "topic": topic})
            assert (await received(socket))["type"] == "subscribed"
            failed = await received(socket)
            assert (failed["type"], failed["code"], failed["topic"]) == ("error", "internal_error", topic)


async def test_a_failed_snapshot_is_reported(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = f"run:{(await new_task(alice))['id']}"

    async def lost(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("server closed the connection"))

    monkeypatch.setattr(task_views, "subtasks", lost)
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "topic": topic, "after": 99})
        assert (await received(socket))["type"] == "subscribed"
        failed = await received(socket)
        assert (failed["type"], failed["code"], failed["topic"]) == ("error", "unavailable", topic)


async def test_a_socket_has_at_most_fifty_topics(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    ids = [(await new_task(alice))["id"] for _ in range(MAX_TOPICS + 1)]
    async with signed_in(app, alice) as socket:
        for task_id in ids:
            await socket.send_json({"type": "subscribe", "topic": f"run:{task_id}", "after": 1})
        kinds = [(await received(socket))["type"] for _ in ids]
        assert kinds == ["subscribed"] * MAX_TOPICS + ["error"]
        await socket.send_json({"type": "unsubscribe", "topic": f"run:{ids[0]}"})
        assert (await received(socket))["type"] == "unsubscribed"
        await socket.send_json({"type": "subscribe", "topic": f"run:{ids[-1]}", "after": 1})
        assert (await received(socket))["type"] == "subscribed"


async def test_a_topic_that_was_left_is_silent(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    task_id, other_id = [(await new_task(alice))["id"] for _ in range(2)]
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"run:{task_id}", "after": 1})
        await socket.send_json({"type": "subscribe", "topic": f"run:{task_id}", "after": 1})
        assert [(await received(socket))["type"] for _ in range(2)] == ["subscribed", "error"]
        await socket.send_json({"type": "unsubscribe", "topic": f"run:{task_id}"})
        assert (await received(socket))["type"] == "unsubscribed"
        await socket.send_json({"type": "subscribe", "topic": f"run:{other_id}", "after": 1})
        assert (await received(socket))["type"] == "subscribed"
        await publish(app, task_id, RunResumed())
        await publish(app, other_id, RunResumed())
        assert (await received(socket))["topic"] == f"run:{other_id}"
        await socket.send_json({"type": "ping"})
        assert (await received(socket))["type"] == "pong"


async def test_signing_out_closes_the_socket_within_five_seconds(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert rights.RECHECK_SECONDS + sessions.ACCOUNT_STATE_SECONDS <= 5
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0.05)
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        await carol.post("/api/v1/auth/logout")
        assert await close_code(socket) == 4401


@pytest.mark.parametrize(
    "change",
    ["UPDATE users SET role = 'user'", "UPDATE users SET disabled_at = now()", "DELETE FROM users"],
    ids=["demoted", "disabled", "deleted"],
)
async def test_lost_rights_end_sockets_and_streams(
    app: FastAPI, alice: httpx2.AsyncClient, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    monkeypatch.setattr(sessions, "ACCOUNT_STATE_SECONDS", 0)
    parts: Parts = app.state.parts
    task_id = (await new_task(alice))["id"]
    admin = await sign_up()
    me = (await admin.get("/api/v1/auth/me")).json()["id"]
    await _run(parts, "UPDATE users SET role = 'admin'", me)
    signed = await parts.auth.signed_in(token_of(admin))
    frames = while_allowed(parts.rights, signed, parts.hub.follow(signed.caller, task_id))
    assert (await anext(frames)).frame.kind == "event"
    async with signed_in(app, admin) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"run:{task_id}", "after": 1})
        assert (await received(socket))["type"] == "subscribed"
        await _run(parts, change, me)
        assert await close_code(socket) == 4401
    async with asyncio.timeout(LIMIT_S):
        assert [frame async for frame in frames] == []


async def _run(parts: Parts, change: str, user_id: str) -> None:
    async with parts.database.begin() as session:
        await session.execute(text(f"{change} WHERE id = :id"), {"id": user_id})


async def test_the_end_of_the_token_closes_the_socket(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 600)
    async with opened(app, {"Authorization": f"Bearer {ending_token(alice)}"}) as socket:
        assert await received(socket) == {"type": "authenticated"}
        monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 0)
        assert await close_code(socket) == 4401


async def test_a_client_that_does_not_read_is_let_go(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sockets, "SEND_SECONDS", 0.2)
    stuck = _StuckSocket(token_of(alice), f"run:{(await new_task(alice))['id']}")
    parts: Parts = app.state.parts
    async with asyncio.timeout(LIMIT_S):
        await Topics(stuck, parts).serve()  # type: ignore[arg-type]
    assert stuck.closed_with == 4408
    assert not parts.hub._channels


async def test_the_echo_returns_request_and_time(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    async with signed_in(app, alice, path="/ws/test") as socket:
        await socket.send_text("héllo")
        answer = await received(socket)
        assert (answer["type"], answer["text"]) == ("echo", "héllo")
        assert answer["server_time"].endswith("+00:00")
        await socket.send_bytes(b"bytes")
        assert await close_code(socket) == 1003


async def test_sse_replays_and_continues_after_the_last_event(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    task_id = (await new_task(alice))["id"]
    await publish(app, task_id, RunResumed(), RunCompleted(preview="done"))
    path = f"/api/v1/tasks/{task_id}/events"
    answer = await alice.get(path)
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = [event async for event in httpx2.EventSource(answer)]
    assert [(event.id, event.event) for event in events] == [
        ("1", "run.accepted"),
        ("2", "run.resumed"),
        ("3", "run.completed"),
    ]
    assert '"preview":"done"' in events[2].data
    for resumed in (
        await alice.get(path, headers={"Last-Event-ID": "2"}),
        await alice.get(path, params={"after": 2}),
    ):
        assert [event.id async for event in httpx2.EventSource(resumed)] == ["3"]


@pytest.mark.parametrize("last_id", ["x", "-1", "1e3", "9" * 21, "²"])
async def test_sse_names_a_bad_last_event_id(alice: httpx2.AsyncClient, last_id: str) -> None:
    task_id = (await new_task(alice))["id"]
    headers = [(b"Last-Event-ID", last_id.encode("latin-1"))]
    answer = await alice.get(f"/api/v1/tasks/{task_id}/events", headers=headers)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "Last-Event-ID")


async def test_sse_ends_when_the_token_does(
    app: FastAPI, alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 600)
    task_id = (await new_task(alice))["id"]
    headers = {"Authorization": f"Bearer {ending_token(alice)}"}
    asking = asyncio.create_task(alice.get(f"/api/v1/tasks/{task_id}/events", headers=headers))
    parts: Parts = app.state.parts
    await until(lambda: TaskId(task_id) in parts.hub._channels)
    monkeypatch.setattr(sessions, "LEEWAY_SECONDS", 0)
    async with asyncio.timeout(LIMIT_S):
        answer = await asking
    assert [event.id async for event in httpx2.EventSource(answer)] == ["1"]


@asynccontextmanager
async def opened(
    app: FastAPI, headers: dict[str, str] | None = None, path: str = "/ws", address: str = "127.0.0.1"
) -> AsyncIterator[AsyncWebSocketSession]:
    async with (
        httpx2.AsyncClient(transport=ASGIWebSocketTransport(app, client=(address, 1))) as client,
        client.websocket(
            f"ws://chimera.localhost{path}", headers=headers, keepalive_ping_interval_seconds=None
        ) as socket,
    ):
        yield socket


@asynccontextmanager
async def signed_in(
    app: FastAPI, client: httpx2.AsyncClient, headers: dict[str, str] | None = None, path: str = "/ws"
) -> AsyncIterator[AsyncWebSocketSession]:
    async with opened(app, headers, path) as socket:
        await socket.send_json({"type": "authenticate", "token": token_of(client)})
        assert await received(socket) == {"type": "authenticated"}
        yield socket


def ending_token(client: httpx2.AsyncClient) -> str:
    """Make a token that expired a minute ago, which is valid only if the leeway is longer than that."""
    claims = jwt.decode(token_of(client), SECRET, ["HS256"], audience=AUDIENCE, issuer=ISSUER)
    return jwt.encode(claims | {"exp": time.time() - 60}, SECRET, "HS256")


def token_of(client: httpx2.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


async def received(socket: AsyncWebSocketSession) -> dict[str, Any]:
    message: dict[str, Any] = await socket.receive_json(timeout=LIMIT_S)
    return message


async def close_reason(socket: AsyncWebSocketSession) -> str:
    with pytest.raises(WebSocketDisconnect) as closed:
        await socket.receive(timeout=LIMIT_S)
    assert closed.value.code == 4401
    return closed.value.reason or ""


async def close_code(socket: AsyncWebSocketSession) -> int:
    with pytest.raises(WebSocketDisconnect) as closed:
        await socket.receive(timeout=LIMIT_S)
    return closed.value.code


class _StuckSocket:
    """A client that signs in, subscribes, and then reads nothing."""

    def __init__(self, token: str, topic: str) -> None:
        self.headers, self.scope = Headers({"authorization": f"Bearer {token}"}), dict[str, Any]()
        self.closed_with: int | None = None
        self._messages = iter([f'{{"type": "subscribe", "topic": "{topic}"}}'])
        self._read = 0

    async def receive_text(self) -> str:
        for sent in self._messages:
            return sent
        return await asyncio.Future()

    async def send_text(self, text: str) -> None:
        self._read += 1
        if self._read > 2:
            await asyncio.Future()

    async def send(self, message: dict[str, Any]) -> None:
        await self.send_text(message["text"])

    async def close(self, code: int, reason: str) -> None:
        self.closed_with = code
