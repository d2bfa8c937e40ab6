"""Chat sessions: creating, listing, changing and deleting them, and whose they are."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from chimera.db.engine import Database
from models.ids import RunId
from tests.api.chat.conftest import SESSIONS, branch, changed, new_session, send
from tests.api.conftest import SignUp, administrator
from tests.gate import Gate
from tests.runs import Runs
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")
UNKNOWN = "6c1f0b1e-0000-4000-8000-000000000001"
ROUTES = [
    ("GET", "", None),
    ("PUT", "", {"title": "Mine"}),
    ("DELETE", "", None),
    ("POST", "/archive", None),
    ("POST", "/restore", None),
    ("GET", "/leaf", None),
    ("PUT", "/leaf", {"message_id": UNKNOWN}),
    ("GET", "/messages", None),
    ("GET", f"/messages/{UNKNOWN}", None),
    ("POST", "/messages", {"text": "Hello"}),
    ("POST", f"/messages/{UNKNOWN}/regenerate", None),
    ("POST", "/tasks", {"task": {"goal": "Find out."}}),
    ("GET", "/summary", None),
    ("GET", "/suggestions", None),
    ("GET", "/export", None),
]
CONTENT = [each for each in ROUTES if each[:2] not in [("GET", ""), ("GET", "/leaf"), ("DELETE", "")]]


def name_of(value: object) -> str | None:
    return (value.replace(UNKNOWN, "id") or "session") if isinstance(value, str) else ""


async def test_a_session_lives_and_ends(alice: httpx2.AsyncClient) -> None:
    fields = {"agent": "writer", "title": "Letters", "double_texting": "interrupt", "metadata": {"a": 1}}
    created = await alice.post(SESSIONS, json=fields)
    assert created.status_code == 201, created.text
    address = created.headers["Location"]
    assert created.json() | fields == created.json()
    assert (await alice.get(address)).json() == created.json()

    changed = (await alice.put(address, json={"model": "simulator/fast", "instructions": "Be brief."})).json()
    assert (changed["title"], changed["agent"], changed["metadata"]) == ("Letters", None, {})
    assert (changed["double_texting"], changed["instructions"]) == ("queue", "Be brief.")
    assert (await alice.put(address, json={"title": "Notes"})).json()["title"] == "Notes"

    assert (await alice.post(f"{address}/archive")).json()["archived"]
    assert address not in await _listed(alice)
    assert address in await _listed(alice, archived=True)
    assert not (await alice.post(f"{address}/restore")).json()["archived"]
    assert (await alice.delete(address)).status_code == 204
    assert (await alice.get(address)).status_code == 404


async def test_an_outdated_change_is_refused(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    tag = (await alice.get(session)).headers["ETag"]
    await send(alice, session, "Hello", wait_s=30, parent_id=None)
    changes = [
        alice.put(
            session, json={"title": f"Title {n}"}, headers={"If-Match": (await alice.get(session)).headers["ETag"]}
        )
        for n in range(10)
    ]
    answers = await asyncio.gather(*changes)
    assert sorted(answer.status_code for answer in answers) == [200] + [412] * 9
    for method in ("PUT", "DELETE"):
        body = {"title": "Old"} if method == "PUT" else None
        assert (await alice.request(method, session, json=body, headers={"If-Match": tag})).status_code == 412
    kept = next(answer for answer in answers if answer.status_code == 200)
    assert (await alice.delete(session, headers={"If-Match": kept.headers["ETag"]})).status_code == 204


async def test_a_key_creates_one_session(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    first, again = [await alice.post(SESSIONS, json={"title": "Once"}, headers=headers) for _ in range(2)]
    assert first.json() == again.json()
    assert again.headers["Idempotent-Replayed"] == "true"


async def test_a_message_restores_its_session(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    await alice.post(f"{session}/archive")
    await send(alice, session, "Hello", wait_s=30)
    assert session in await _listed(alice)


async def test_lists_are_filtered_sorted_and_paged(sign_up: SignUp) -> None:
    carol = await sign_up()
    sessions = [await new_session(carol, title=f"Session {n}", agent=None) for n in range(5)]
    with_agent = await new_session(carol, agent="writer", title="100% tea")
    await send(carol, sessions[0], "Hello", wait_s=30)
    assert await _listed(carol) == [sessions[0], with_agent, *reversed(sessions[1:])]
    assert await _listed(carol, sort="created_at") == [*sessions, with_agent]
    assert await _listed(carol, agent="writer") == await _listed(carol, q="0% T") == [with_agent]
    found, cursor = [], None
    while True:
        page = (await carol.get(SESSIONS, params={"limit": 4, **({"cursor": cursor} if cursor else {})})).json()
        found += [f"{SESSIONS}/{each['id']}" for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == await _listed(carol)
    assert (await carol.get(SESSIONS, params={"sort": "title"})).status_code == 422


async def _listed(client: httpx2.AsyncClient, **parameters: Any) -> list[str]:
    items = (await client.get(SESSIONS, params={"limit": 100, **parameters})).json()["items"]
    return [f"{SESSIONS}/{each['id']}" for each in items]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"agent": "nobody"}, "agent"),
        ({"agent": "Not a name"}, "agent"),
        ({"model": "acme/one"}, "model"),
        ({"title": ""}, "title"),
        ({"double_texting": "x"}, "double_texting"),
        ({"metadata": {"a": "x" * 17_000}}, "metadata"),
        ({"name": "x"}, "name"),
    ],
)
async def test_a_bad_session_is_refused(alice: httpx2.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await alice.post(SESSIONS, json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=name_of)
async def test_anothers_session_looks_missing(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    session, unknown_id, request_id = await new_session(alice), str(uuid4()), {"X-Request-ID": uuid4().hex}
    theirs = await bob.request(method, f"{session}{path}", headers=request_id, json=body)
    unknown = await bob.request(method, f"{SESSIONS}/{unknown_id}{path}", headers=request_id, json=body)
    assert theirs.status_code == unknown.status_code == 404, theirs.text
    assert theirs.text.replace(session.rpartition("/")[2], "") == unknown.text.replace(unknown_id, "")
    assert (await alice.get(session)).status_code == 200


@pytest.mark.parametrize(("method", "path", "body"), ROUTES, ids=name_of)
async def test_a_session_needs_a_caller(
    alice: httpx2.AsyncClient, anonymous: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    answer = await anonymous.request(method, f"{await new_session(alice)}{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, database: Database) -> httpx2.AsyncClient:
    return await administrator(sign_up, database)


@pytest.mark.parametrize(("method", "path", "body"), CONTENT, ids=name_of)
async def test_administrators_see_no_content(
    alice: httpx2.AsyncClient, admin: httpx2.AsyncClient, method: str, path: str, body: dict[str, Any] | None
) -> None:
    answer = await admin.request(method, f"{await new_session(alice)}{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), answer.text


async def test_administrators_see_metadata(alice: httpx2.AsyncClient, admin: httpx2.AsyncClient) -> None:
    session = await new_session(alice, title="Private", instructions="Secret", metadata={"a": "b"})
    shown = (await admin.get(session)).json()
    assert (shown["title"], shown["instructions"], shown["metadata"]) == ("", None, {})
    assert session in await _listed(admin, sort="-created_at")
    assert session not in await _listed(admin, q="Private")
    assert (await admin.delete(session)).status_code == 204
    assert (await alice.get(session)).status_code == 404


async def test_foreign_ids_look_unknown(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    theirs = await send(bob, await new_session(bob), "Hello", wait_s=30)
    file = (await bob.post("/api/v1/files", files={"file": ("tea.txt", b"Tea", "text/plain")})).json()
    session = await new_session(alice)
    mine = await send(alice, session, "Hello", wait_s=30)
    for foreign_id, unknown_id in ((theirs["reply"]["id"], UNKNOWN), (file["id"], UNKNOWN)):
        for path, body in (
            ("/leaf", {"message_id": "ID"}),
            ("/messages", {"text": "x", "parent_id": "ID"}),
            ("/messages", {"text": "x", "attachments": ["ID"]}),
            ("/messages/ID/regenerate", {}),
        ):
            answers = [await _asked(alice, session, path, body, each) for each in (foreign_id, unknown_id)]
            assert {answer.status_code for answer in answers} == {404}
            assert len({answer.json()["detail"].replace(foreign_id, UNKNOWN) for answer in answers}) == 1
        listed = await alice.get(f"{session}/messages", params={"branch": foreign_id})
        assert listed.status_code == 404
    assert [each["id"] for each in await branch(alice, session)] == [mine["message"]["id"], mine["reply"]["id"]]


async def _asked(
    client: httpx2.AsyncClient, session: str, path: str, body: dict[str, Any], given_id: str
) -> httpx2.Response:
    filled = {
        name: given_id if value == "ID" else [given_id] if value == ["ID"] else value for name, value in body.items()
    }
    method = "PUT" if path == "/leaf" else "POST"
    return await client.request(method, f"{session}{path.replace('ID', given_id)}", json=filled)


async def test_a_deleted_session_leaves_only_costs(alice: httpx2.AsyncClient, runs: Runs) -> None:
    session = await new_session(alice, instructions="Talk about zanzibar.")
    sent = await send(alice, session, "Tell me about zanzibar.", wait_s=30)
    await alice.get(f"{session}/summary")
    run_id = sent["reply"]["reply"]["id"]
    assert (await alice.delete(session)).status_code == 204

    async def is_empty() -> bool:
        return await _content_left(runs, session, run_id) == []

    await until_true(is_empty)
    row = (await runs.rows("SELECT * FROM runs WHERE id = :id", RunId(run_id)))[0]
    assert (row["result"], row["deleted_at"] is None) == (None, False)
    assert row["spent_micro_usd"] == sent["reply"]["reply"]["cost_micro_usd"]


async def _content_left(runs: Runs, session: str, run_id: str) -> list[str]:
    """Return the tables that still have content of a session."""
    session_id = session.rpartition("/")[2]
    queries = {
        "chat_sessions": "SELECT 1 FROM chat_sessions WHERE id = :session_id",
        "chat_messages": "SELECT 1 FROM chat_messages WHERE session_id = :session_id",
        "messages": "SELECT 1 FROM messages WHERE run_id = :id",
        "events": "SELECT 1 FROM events WHERE run_id = :id",
        "replies": "SELECT 1 FROM replies WHERE conversation::text LIKE '%zanzibar%' OR instructions LIKE '%zanzibar%'",
        "runs": "SELECT 1 FROM runs WHERE result LIKE '%zanzibar%'",
    }
    return [name for name, query in queries.items() if await runs.rows(query, RunId(run_id), session_id=session_id)]


async def test_deleting_cancels_an_open_reply(
    alice: httpx2.AsyncClient, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await new_session(alice)
    Gate(monkeypatch)
    sent = await send(alice, session, "Tell me about zanzibar.")
    await send(alice, session, "And more about zanzibar.")
    assert (await alice.delete(session)).status_code == 204
    assert (await alice.get(session)).status_code == 404
    run_id = sent["reply"]["reply"]["id"]

    async def is_empty() -> bool:
        return await _content_left(runs, session, run_id) == []

    await until_true(is_empty)
    assert (await runs.rows("SELECT status FROM runs WHERE id = :id", RunId(run_id)))[0]["status"] == "cancelled"


async def test_sessions_have_a_limit(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    with changed(app, max_chat_sessions=3):
        answers = await asyncio.gather(*(carol.post(SESSIONS, json={}) for _ in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 17
