"""S19: limits, cursors and sort orders of every list, and how long pages of a million rows take."""

import asyncio
import re
import statistics
import tempfile
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx2

from benchmarks.security import million
from benchmarks.security.accounts import signed_in, user_id
from benchmarks.security.finding import API, Finding, Seen
from tests.stack import Stack, running_stack

ROWS = 1_000_000
FEW = 250
"""Rows that are written first. Later, half of the million are older, so the cursors behind the first page are deep."""
REQUESTS = 100
"""Requests of each kind, of which one may take longer than the limit."""
MOST = 100
"""Items per page."""
MOST_MS = 300.0
BAD_LIMITS = ("-1", "0", "101", "1000000000", "1e3", "1.5", "0x10", "ten", "", "1 OR 1=1", "100;--", "9" * 400)
BAD_SORTS = (
    "password_hash",
    "-password_hash",
    "(SELECT 1)",
    "created_at,password_hash",
    "created_at DESC",
    "length(email)",
    "created_at;--",
    "owner_id",
    "1",
    "",
)
UNKNOWN = ({"offset": "1000000"}, {"page": "100000"}, {"skip": "1"}, {"order_by": "password_hash"}, {"limit[]": "5"})


class List(NamedTuple):
    """A list of the API, and a client that may read it."""

    path: str
    client: httpx2.AsyncClient
    params: Mapping[str, str] = {}
    who: str = "own"

    async def get(self, **params: str) -> httpx2.Response:
        return await self.client.get(self.path, params={**self.params, **params})


async def lists(stack: Stack) -> Seen:
    """Send odd parameters to every list, then read pages of a million rows."""
    seen = Seen()
    async with (
        signed_in(stack, address="127.0.19.1") as one,
        signed_in(stack, address="127.0.19.2") as other,
    ):
        await _several(other)
        found = [each async for each in _every_list(seen, stack, one)]
        seen.figures["lists"] = len(found)
        known = {each.path: cursor for each in found if (cursor := await _cursor_of(each))}
        seen.figures["lists with a second page"] = len(known)
        foreign = [await _cursor_of(List(f"{API}/{path}", other)) for path in ("tasks", "agents", "chat/sessions")]
        for each in found:
            await _odd_parameters(seen, each)
            others = [cursor for path, cursor in known.items() if path != each.path]
            await _odd_cursors(seen, each, known.get(each.path), [*others, *filter(None, foreign)])
    with tempfile.TemporaryDirectory(prefix="chimera-pages-") as folder:
        async with running_stack(Path(folder), report=lambda line: None) as large:
            seen.take(await _large(large))
    return seen


async def _every_list(seen: Seen, stack: Stack, one: httpx2.AsyncClient) -> AsyncIterator[List]:
    """Yield every list in the OpenAPI document, with objects of the user `one`, as a user who may read it."""
    ids = {**await _several(one), "user_id": await user_id(one)}
    document = (await one.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        parameters = operations.get("get", {}).get("parameters", ())
        asked = {each["name"]: each for each in parameters if each["in"] == "query"}
        if not {"limit", "cursor"} <= asked.keys():
            continue
        named = re.findall(r"{(\w+)}", path)
        if unknown := set(named) - ids.keys():
            seen.expect(False, f"{path}: the trial has no {', '.join(unknown)}")
            continue
        address = re.sub(r"{(\w+)}", lambda found: ids[found[1]], path)
        params = {name: "tea" for name, each in asked.items() if each.get("required")}
        mine = List(address, one, params)
        is_allowed = (await mine.get()).status_code != httpx2.codes.FORBIDDEN
        yield mine if is_allowed else List(address, stack.api, params)


async def _several(client: httpx2.AsyncClient) -> dict[str, str]:
    """Create three objects of each kind, and return the IDs of the last ones by path parameter."""
    ids: dict[str, str] = {}
    for number in range(3):
        daily = {"name": "Daily", "interval_s": 86400, "paused": True, "task": {"goal": "Report."}}
        for name, path, body in (
            ("task_id", "/tasks", {"goal": "Find out.", "start": False}),
            ("schedule_id", "/schedules", daily),
            ("session_id", "/chat/sessions", {"title": "About tea"}),
            ("agent", "/agents", {"name": f"poet{number}", "prompt": "Rhyme."}),
            ("group_id", "/groups", {"name": f"Group {number} of {await user_id(client)}"}),
            ("key_id", "/auth/api-keys", {"name": "A key", "scopes": ["read"]}),
        ):
            made = (await client.post(f"{API}{path}", json=body)).raise_for_status().json()
            ids[name] = made["name"] if name == "agent" else made["id"]
        file = await client.post(f"{API}/files", files={"file": (f"{number}.txt", f"tea {number}".encode())})
        ids["file_id"] = file.raise_for_status().json()["id"]
    chat = f"{API}/chat/sessions/{ids['session_id']}/messages"
    sent = (await client.post(chat, json={"text": "Tell me about tea."})).raise_for_status().json()
    return {**ids, "reply_id": sent["reply"]["reply"]["id"]}


async def _cursor_of(each: List) -> str | None:
    answer = await each.get(limit="1")
    return answer.json().get("next_cursor") if answer.is_success else None


async def _odd_parameters(seen: Seen, each: List) -> None:
    for limit in BAD_LIMITS:
        answer = await each.get(limit=limit)
        is_short = answer.is_success and len(answer.json()["items"]) <= MOST
        seen.expect(_is_refused(answer) or is_short, f"{each.path}: limit={limit[:20]} gives {answer.status_code}")
    for sort in BAD_SORTS:
        answer = await each.get(sort=sort)
        seen.expect(_is_refused(answer), f"{each.path}: sort={sort} gives {answer.status_code}")
    for params in UNKNOWN:
        answer = await each.get(**params)
        seen.expect(_is_refused(answer), f"{each.path}: {params} gives {answer.status_code}")


async def _odd_cursors(seen: Seen, each: List, own: str | None, foreign: list[str]) -> None:
    for cursor in [*foreign, *_forged(own or foreign[0])]:
        answer = await each.get(cursor=cursor)
        seen.expect(_is_refused(answer), f"{each.path}: cursor {cursor[:20]!r} gives {answer.status_code}")
    if own is not None:
        seen.expect((await each.get(limit="1", cursor=own)).is_success, f"{each.path}: its own cursor is rejected")


def _forged(cursor: str) -> Iterator[str]:
    """Yield changed cursors, and texts that never were cursors."""
    sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    for place in (0, 15, 16, len(sealed) - 1):
        yield _encoded(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
    yield from (_encoded(each) for each in (sealed[16:], sealed[:16], bytes(16) + sealed[16:], sealed + sealed[16:]))
    yield from ("x", "0", "-1", "null", "'; DROP TABLE runs; --", "../..", "9" * 200, "eyJpZCI6MX0")


def _encoded(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")


def _is_refused(answer: httpx2.Response) -> bool:
    return answer.status_code == httpx2.codes.UNPROCESSABLE_ENTITY


async def _large(stack: Stack) -> Seen:
    """Measure the first pages, deep ones and filters that find nothing, as the rows' owner and as an administrator."""
    seen, middle = Seen(), datetime.now(UTC) - timedelta(days=10)
    async with signed_in(stack, address="127.0.19.3") as one:
        owner = await user_id(one)
        await million.write(stack, owner, FEW, middle.isoformat(), (middle + timedelta(minutes=1)).isoformat())
        measured = [*_of_owner(one), *_of_administrator(stack.api, owner)]
        deep = [await _cursor_of(each) for each in measured]
        half, days = ROWS // 2, timedelta(days=9)
        await million.write(stack, owner, half, (middle - days).isoformat(), middle.isoformat())
        await million.write(stack, owner, ROWS - half, (middle + timedelta(minutes=1)).isoformat(), _now())
        await million.settle(stack)
        seen.figures["rows"] = ROWS + FEW
        for each, cursor in zip(measured, deep, strict=True):
            await _measure(seen, each, {} if cursor is None else {"cursor": cursor})
        for each in (List(f"{API}/tasks", one), List(f"{API}/chat/sessions", one), List(f"{API}/users", stack.api)):
            began = time.perf_counter()
            found = (await each.get(q="zebra")).raise_for_status().json()["items"]
            seen.expect(found == [], f"{each.path}: a text that no row contains was found")
            seen.figures[f"{each.path.removeprefix(API)} q=zebra, ms"] = round((time.perf_counter() - began) * 1000)
    seen.decisions.append("no index finds a part of a text, so the time of the filter q is only reported")
    return seen


def _of_owner(one: httpx2.AsyncClient) -> list[List]:
    asked: list[tuple[str, dict[str, str]]] = [
        ("tasks", {}),
        ("tasks", {"sort": "created_at"}),
        ("tasks", {"status": "failed"}),
        ("tasks", {"status": "cancelled"}),
        ("tasks", {"shared": "all"}),
        ("files", {}),
        ("chat/sessions", {}),
        ("chat/sessions", {"sort": "created_at"}),
        ("system/notifications", {}),
        ("system/notifications", {"unread": "true"}),
    ]
    return [List(f"{API}/{path}", one, params) for path, params in asked]


def _of_administrator(admin: httpx2.AsyncClient, owner: str) -> list[List]:
    asked: list[tuple[str, dict[str, str]]] = [
        ("tasks", {}),
        ("tasks", {"status": "cancelled"}),
        ("files", {}),
        ("chat/sessions", {}),
        ("audit", {}),
        ("audit", {"actor_id": owner}),
        ("audit", {"action": "api_key.created"}),
        ("users", {}),
        ("users", {"sort": "email"}),
    ]
    return [List(f"{API}/{path}", admin, params, who="all") for path, params in asked]


async def _measure(seen: Seen, each: List, deep: Mapping[str, str]) -> None:
    """Read the first page and the deep one in turns, then pages from the deep one on."""
    taken: list[float] = []
    following = dict(deep)
    for number in range(REQUESTS):
        params = (following, deep, {})[number % 3]
        began = time.perf_counter()
        answer = await each.get(limit=str(MOST), **params)
        taken.append((time.perf_counter() - began) * 1000)
        problem = f"{each.path} {dict(each.params)}: {answer.status_code}"
        seen.expect(answer.is_success and len(answer.json()["items"]) <= MOST, problem)
        if number % 3 == 0 and (cursor := answer.json().get("next_cursor")):
            following = {"cursor": cursor}
        await asyncio.sleep(0)
    p99 = statistics.quantiles(taken, n=100)[98]
    seen.expect(p99 < MOST_MS, f"{each.path} {dict(each.params)}: p99 {p99:.0f} ms")
    name = " ".join([each.path.removeprefix(API), *(f"{key}={value[:20]}" for key, value in each.params.items())])
    seen.figures[f"p99 of {name} ({each.who}), ms"] = round(p99)


def _now() -> str:
    return datetime.now(UTC).isoformat()


FINDINGS = (
    Finding(
        "S19",
        "lists reject odd limits, foreign and forged cursors and unknown sort orders; p99 < 300 ms in a million rows",
        lists,
    ),
)
