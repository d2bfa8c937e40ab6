"""B9: the limits of one user, reached with 50 requests at a time; another user must never be affected."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress

import httpx2
from httpx2.websockets import AsyncWebSocketClient, WebSocketDisconnect

from benchmarks.security.accounts import rows, signed_in
from benchmarks.security.finding import API, Finding, Seen
from chimera.ledger.kept_bytes import LEAST_BYTES
from tests.stack import Stack

AT_ONCE = 50
BEYOND = 30
MESSAGES = 20_000
WAIT_S = 30.0

Add = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]


def _draft(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/tasks", json={"goal": f"Find {number}.", "start": False})


def _schedule(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    body = {"name": str(number), "task": {"goal": "Report."}, "cron": "0 7 * * *", "paused": True}
    return client.post(f"{API}/schedules", json=body)


def _agent(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/agents", json={"name": f"own_{number}", "prompt": "Be brief."})


def _file(client: httpx2.AsyncClient, number: int) -> Awaitable[httpx2.Response]:
    return client.post(f"{API}/files", files={"file": ("a.txt", f"number {number}".encode())})


async def kept(stack: Stack) -> Seen:
    """Check that exactly as many tasks, schedules, agents and bytes of files as the limits permit are accepted."""
    seen, settings = Seen(), stack.settings
    limits: dict[str, tuple[Add, int]] = {
        "open tasks": (_draft, settings.max_open_tasks),
        "schedules": (_schedule, settings.max_schedules),
        "agents": (_agent, settings.max_agents),
    }
    async with signed_in(stack, address="127.0.30.1") as one, signed_in(stack, address="127.0.30.2") as other:
        for what, (add, most) in limits.items():
            await _reach(seen, what, add, most, most + BEYOND, one, other)
        # In the database, one file is made to use nearly all of the limit; 16,384 small files would show no more.
        file_id = (await _file(one, -1)).json()["id"]
        room = 20
        nearly = settings.max_kept_bytes - room * LEAST_BYTES
        await rows(stack, "UPDATE files SET size_bytes = :size WHERE id = :id", size=nearly, id=file_id)
        await _reach(seen, "files near the size limit", _file, room, room + BEYOND, one, other)
    return seen


async def _reach(
    seen: Seen, what: str, add: Add, most: int, tries: int, one: httpx2.AsyncClient, other: httpx2.AsyncClient
) -> None:
    answers = Counter[int]()
    for first in range(0, tries, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, tries))
        answers.update(answer.status_code for answer in await asyncio.gather(*(add(one, n) for n in numbers)))
    taken = sum(number for status, number in answers.items() if status < 300)
    seen.trials += tries
    seen.expect(taken == most, f"{what}: {taken} of {most} were accepted")
    seen.expect(answers[429] == tries - most, f"{what}: {dict(answers)}")
    seen.expect((await add(other, 0)).is_success, f"{what}: another user is rejected too")
    seen.figures[what] = taken


async def open_at_once(stack: Stack) -> Seen:
    """Check the limits on sockets, streams, one socket's messages, and sockets that never sign in."""
    seen, settings = Seen(), stack.settings
    async with signed_in(stack, address="127.0.30.3") as one, signed_in(stack, address="127.0.30.4") as other:
        for path in ("/ws", "/ws/test"):
            async with AsyncExitStack() as sockets:
                taken = [await _opens(one, path, sockets) for _ in range(settings.max_sockets + BEYOND)]
                seen.trials += len(taken)
                seen.expect(sum(taken) == settings.max_sockets, f"{path}: {sum(taken)} sockets are open")
                seen.expect(await _opens(other, path, sockets), f"{path}: another user's socket is rejected too")
                seen.figures[f"sockets, {path}"] = sum(taken)
        task = (await _draft(one, 0)).json()["id"]
        async with AsyncExitStack() as streams:
            codes = [await _follows(one, task, streams) for _ in range(settings.max_streams + BEYOND)]
        wanted = {200: settings.max_streams, 429: BEYOND}
        seen.trials += len(codes)
        seen.expect(Counter(codes) == wanted, f"streams: {dict(Counter(codes))}")
        seen.figures["streams"] = codes.count(200)
        answered, code = await _flood(one)
        seen.expect(code == 4429 and answered < MESSAGES / 10, f"flood: {answered} responses, then {code}")
        seen.figures["responses to a flood"] = answered
    async with AsyncExitStack() as sockets:
        silent = httpx2.AsyncClient(base_url=stack.api.base_url)
        await sockets.enter_async_context(silent)
        code = await _unsigned(silent)
        seen.expect(code == 4401, f"a socket without a sign-in is closed with {code}")
    return seen


async def _opens(client: httpx2.AsyncClient, path: str, sockets: AsyncExitStack) -> bool:
    """Return whether one more socket is accepted; it stays open until `sockets` ends."""
    socket = await sockets.enter_async_context(AsyncWebSocketClient(client).connect(path))
    try:
        return bool((await socket.receive_json())["type"] == "authenticated")
    except WebSocketDisconnect:
        return False


async def _follows(client: httpx2.AsyncClient, task: str, streams: AsyncExitStack) -> int:
    answer = await streams.enter_async_context(client.stream("GET", f"{API}/tasks/{task}/events", timeout=None))
    return answer.status_code


async def _flood(client: httpx2.AsyncClient) -> tuple[int, int]:
    """Send messages as fast as possible; return how many were answered, and the socket's close code."""
    answered = 0
    async with AsyncWebSocketClient(client).connect("/ws/test") as socket:
        await socket.receive_json()
        sending = asyncio.create_task(_send(socket))
        try:
            while answered < MESSAGES:
                await socket.receive_json()
                answered += 1
        except WebSocketDisconnect as closed:
            return answered, closed.code
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return answered, 0


async def _send(socket: object) -> None:
    with suppress(Exception):
        for number in range(MESSAGES):
            await socket.send_text(f'{{"type":"ping","n":{number}}}')  # type: ignore[attr-defined]


async def _unsigned(client: httpx2.AsyncClient) -> int:
    """Open a socket and send nothing; return its close code, or 0 if it stays open."""
    async with AsyncWebSocketClient(client).connect("/ws/test") as socket:
        try:
            async with asyncio.timeout(WAIT_S):
                await socket.receive_json()
        except WebSocketDisconnect as closed:
            return closed.code
        except TimeoutError:
            return 0
    return 0


FINDINGS = (
    Finding("B9", "a user's stored data stays within the limits, even with parallel requests", kept),
    Finding(
        "B9a",
        "a user's open tasks and sockets stay within the limits, and a socket without a sign-in is closed",
        open_at_once,
    ),
)
