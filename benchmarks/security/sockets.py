"""S15, S39: foreign topics, guesses and forged rights on WebSockets, and handshakes from foreign pages."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import httpx2
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from benchmarks.security.accounts import rows, signed_in, user_id
from benchmarks.security.finding import API, Finding, Seen
from chimera.local.folder import Folder
from tests.stack import Stack

GUESSES = 10_000
A_SOCKET = 190
"""Guesses per socket: more at once, and the socket would be closed for its message rate."""
SOON_S, BUSY_S = 5.0, 5.0
LATER = f"the limit of {SOON_S:g} s is extended by {BUSY_S:g} s for a busy machine; the longest time is reported"
LISTS = ("runs", "tasks", "approvals", "notifications", "agents")
ODD_TOPICS = ("*", "run:*", "runs:*", "run:../{id}", "run:{id}/../{id}", "run:%2e%2e", "{id}", "run:", "RUN:{id}", "#")
CONTROLS = ("cancel", "pause", "steer", "approve", "publish", "execute", "delete", "authenticate")
ORIGINS = (
    "https://evil.example",
    "null",
    "http://sub.{host}",
    "http://{host}.evil.example",
    "file://",
    "http://{host}:1",
)


async def foreign_topics(stack: Stack, guesses: int = GUESSES) -> Seen:
    """Subscribe to what belongs to others, guess, and send forbidden messages."""
    seen = Seen()
    async with signed_in(stack, address="127.0.15.1") as victim, signed_in(stack, address="127.0.15.2") as attacker:
        theirs = await _draft(victim)
        async with _socket(stack, _token(attacker)) as spy:
            for topic in LISTS:
                await _asked(spy, {"type": "subscribe", "topic": topic})
            await _odd_messages(seen, spy, theirs)
            await _many_topics(seen, stack, attacker)
            await _guess(seen, stack, attacker, theirs, guesses)
            all_of_theirs = {theirs, *[await _draft(victim) for _ in range(20)]}
            await asyncio.sleep(2)
            seen_by_spy = [json.dumps(frame) for frame in await _pending(spy)]
            foreign = [frame for frame in seen_by_spy if any(each in frame for each in all_of_theirs)]
            # The attacker's own tasks show that the lists were alive.
            seen.expect(any('"changes"' in frame for frame in seen_by_spy), "the attacker's own lists were silent")
        seen.expect(foreign == [], f"{len(foreign)} frames about another user's work arrived")
        status = (await victim.get(f"{API}/tasks/{theirs}")).json()["status"]
        seen.expect(status == "draft", f"the other user's task is {status}")
        seen.figures["foreign frames"] = len(foreign)
        await _given_away(seen, stack, victim, attacker)
    seen.decisions.append(LATER)
    return seen


async def _odd_messages(seen: Seen, socket: ClientConnection, theirs: str) -> None:
    for topic in ODD_TOPICS:
        answer = await _asked(socket, {"type": "subscribe", "topic": topic.format(id=theirs)})
        seen.expect(answer["type"] == "error", f"the topic {topic!r} was accepted")
    for topic in (f"run:{theirs}", f"task:{theirs}", f"reply:{theirs}", f"chat:{theirs}", "system"):
        answer = await _asked(socket, {"type": "subscribe", "topic": topic})
        seen.expect(answer["type"] == "error", f"another user's {topic.partition(':')[0]} was accepted")
    for control in CONTROLS:
        message = {"type": control, "topic": f"run:{theirs}", "task_id": theirs, "token": "x"}
        answer = await _asked(socket, message)
        seen.expect(answer["type"] == "error", f"the message {control!r} was accepted")
    for claim in ({"scopes": ["admin"]}, {"role": "admin"}, {"user_id": str(uuid4())}):
        answer = await _asked(socket, {"type": "subscribe", "topic": "system", **claim})
        seen.expect(answer["type"] == "error", f"the claim {claim} was accepted")


async def _many_topics(seen: Seen, stack: Stack, client: httpx2.AsyncClient) -> None:
    ids = [await _draft(client) for _ in range(51)]
    async with _socket(stack, _token(client)) as socket:
        for task_id in ids:
            await socket.send(json.dumps({"type": "subscribe", "topic": f"run:{task_id}", "after": 1}))
        types = [(await _next(socket))["type"] for _ in ids]
    seen.expect(types == ["subscribed"] * 50 + ["error"], f"{types.count('subscribed')} topics on a socket")
    seen.figures["topics on a socket"] = types.count("subscribed")


async def _guess(seen: Seen, stack: Stack, client: httpx2.AsyncClient, theirs: str, guesses: int) -> None:
    """Guess at IDs, as fast as sockets allow; the answers for unknown and for foreign IDs are the same."""
    done, texts = 0, set[str]()
    while done < guesses:
        number = min(A_SOCKET, guesses - done)
        topics = [f"run:{theirs if each % 50 == 0 else uuid4()}" for each in range(number)]
        async with _socket(stack, _token(client)) as socket:
            for topic in topics:
                await socket.send(json.dumps({"type": "subscribe", "topic": topic}))
            for topic in topics:
                answer = await _next(socket)
                seen.expect(answer["type"] == "error", f"a guess was answered {answer['type']}")
                texts.add(json.dumps(answer).replace(topic.removeprefix("run:"), "ID"))
        done += number
    seen.expect(len(texts) == 1, f"{len(texts)} different answers to guesses")
    seen.figures["guesses"] = done
    async with _socket(stack, _token(client)) as socket:
        with suppress(ConnectionClosed):
            for _ in range(1000):
                await socket.send('{"type": "ping"}')
        code = await _closed(socket)
    seen.expect(code == 4429, f"a flood of messages ended with {code}")


async def _given_away(seen: Seen, stack: Stack, victim: httpx2.AsyncClient, attacker: httpx2.AsyncClient) -> None:
    """Change the owner of a run that its former owner follows."""
    task_id = await _draft(attacker)
    async with _socket(stack, _token(attacker)) as socket:
        await _asked(socket, {"type": "subscribe", "topic": f"run:{task_id}", "after": 1})
        owner = await user_id(victim)
        await rows(stack, "UPDATE runs SET owner_id = :owner WHERE id = :id", owner=owner, id=task_id)
        began = time.monotonic()
        try:
            async with asyncio.timeout(SOON_S + BUSY_S):
                answer = await _next(socket)
        except TimeoutError:
            answer = {"type": "nothing"}
        took_s = time.monotonic() - began
    seen.expect(answer.get("code") == "not_found", f"after a change of owner, the socket got {answer['type']}")
    seen.figures["unsubscribed after a change of owner, s"] = round(took_s, 1)


async def hijacked_handshakes(stack: Stack) -> Seen:
    """Open sockets from foreign pages, with cookies, with tokens in the address, and with used tickets."""
    seen, host = Seen(), f"127.0.0.1:{stack.settings.api_port}"
    secrets: list[str] = []
    async with signed_in(stack, address="127.0.39.1") as client:
        token = _token(client)
        for path in ("/ws", "/ws/test"):
            for origin in ORIGINS:
                headers = {"Origin": origin.format(host=host)}
                for more in ({}, {"Authorization": f"Bearer {token}"}, {"Cookie": f"token={token}"}):
                    status = await _handshake(stack, path, {**headers, **more})
                    seen.expect(status == 403, f"{path} from {origin!r} was answered {status}")
            # Even the cookie of a session opens nothing, not even for our own page.
            session = {"Cookie": f"chimera_access_{stack.settings.api_port}={token}", "Chimera-Session": "cookie"}
            for cookie in ({"Cookie": f"token={token}"}, session):
                status = await _handshake(stack, path, cookie)
                seen.expect(status == 403, f"{path} with a cookie and no origin was answered {status}")
            code = await _first_code(
                stack, path, {**session, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
            )
            seen.expect(code == 4401, f"{path} with a cookie of our own page ended with {code}")
            for name in ("token", "access_token", "authorization", "ticket"):
                code = await _first_code(stack, f"{path}?{name}={token}")
                seen.expect(code == 4401, f"a token in the address as {name!r} ended with {code}")
        for in_address in (True, False):
            ticket = await _ticket(client)
            secrets.append(ticket)
            codes = await asyncio.gather(*(_used(stack, ticket, in_address=in_address) for _ in range(20)))
            opened = codes.count(0)
            seen.expect(opened == 1, f"20 uses of a ticket opened {opened} sockets")
        expired, of_ended = await _ticket(client), await _ticket(client)
        secrets += [expired, of_ended, token]
        await rows(stack, "UPDATE tickets SET expires_at = now() WHERE session_id IS NOT NULL")
        seen.expect(await _used(stack, expired) == 4401, "an expired ticket opened a socket")
        lives = await rows(stack, "SELECT max(expires_at - created_at) <= interval '30 s' AS short FROM tickets")
        seen.expect(bool(lives[0]["short"]), "a ticket lives longer than 30 s")
        stored = await rows(stack, "SELECT count(*) AS n FROM tickets WHERE sha256 = ANY(:all)", all=secrets)
        seen.expect(stored[0]["n"] == 0, "a ticket is stored as it is")
        late = await _ticket(client)
        (await client.post(f"{API}/auth/logout")).raise_for_status()
        seen.expect(await _used(stack, late) == 4401, "the ticket of an ended session opened a socket")
        secrets.append(late)
    found = sum(secret in text for text in _logs(stack) for secret in secrets)
    seen.expect(found == 0, f"{found} tokens or tickets are in logs")
    seen.figures |= {"handshakes refused": seen.trials, "tokens and tickets in logs": found}
    return seen


def _logs(stack: Stack) -> list[str]:
    folder = Folder.named(stack.settings.data_dir)
    return [file.read_text(errors="replace") for file in folder.logs.rglob("*") if file.is_file()]


@asynccontextmanager
async def _socket(stack: Stack, token: str) -> AsyncIterator[ClientConnection]:
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(_url(stack, "/ws"), additional_headers=headers, proxy=None) as socket:
        await _next(socket)
        yield socket


async def _asked(socket: ClientConnection, message: dict[str, Any]) -> dict[str, Any]:
    """Send a message and return its answer, past what other topics send meanwhile."""
    await socket.send(json.dumps(message))
    while True:
        answer = await _next(socket)
        if answer["type"] in ("subscribed", "error", "pong", "unsubscribed"):
            return answer


async def _next(socket: ClientConnection) -> dict[str, Any]:
    frame: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), 60))
    return frame


async def _pending(socket: ClientConnection) -> list[dict[str, Any]]:
    found = []
    with suppress(TimeoutError):
        while True:
            found.append(json.loads(await asyncio.wait_for(socket.recv(), 0.5)))
    return found


async def _closed(socket: ClientConnection) -> int:
    with suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 60)
    return socket.close_code or 0


async def _handshake(stack: Stack, path: str, headers: dict[str, str]) -> int:
    """Return the status of a handshake; 101 if the socket was opened."""
    try:
        async with connect(_url(stack, path), additional_headers=headers, proxy=None):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def _first_code(stack: Stack, path: str, headers: dict[str, str] | None = None) -> int:
    """Open a socket without signing in properly, and return the code that it is closed with."""
    async with connect(_url(stack, path), additional_headers=headers, proxy=None) as socket:
        with suppress(ConnectionClosed):
            await socket.send('{"type": "ping"}')
        return await _closed(socket)


async def _used(stack: Stack, ticket: str, *, in_address: bool = True) -> int:
    """Use a ticket; return 0 if it opens a socket, or the code that the socket is closed with."""
    async with connect(_url(stack, f"/ws?ticket={ticket}" if in_address else "/ws"), proxy=None) as socket:
        try:
            if not in_address:
                await socket.send(json.dumps({"type": "authenticate", "ticket": ticket}))
            return 0 if (await _next(socket))["type"] == "authenticated" else 1
        except ConnectionClosed:
            return socket.close_code or 1


async def _ticket(client: httpx2.AsyncClient) -> str:
    return str((await client.post(f"{API}/auth/ws-ticket")).json()["ticket"])


async def _draft(client: httpx2.AsyncClient) -> str:
    answer = await client.post(f"{API}/tasks", json={"goal": "Wait.", "start": False})
    answer.raise_for_status()
    return str(answer.json()["id"])


def _token(client: httpx2.AsyncClient) -> str:
    return client.headers["Authorization"].removeprefix("Bearer ")


def _url(stack: Stack, path: str) -> str:
    return f"ws://127.0.0.1:{stack.settings.api_port}{path}"


FINDINGS = (
    Finding("S15", "sockets show nothing of others, and obey no forged rights", foreign_topics),
    Finding("S39", "foreign pages open no sockets, and tickets work once", hijacked_handshakes),
)
