"""List topics: each change once, in whatever order transactions commit, and only for those who may see it."""

import asyncio
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from httpx2.websockets import AsyncWebSocketSession
from sqlalchemy import insert

from api.deps import Parts
from api.live import changes, rights
from chimera.db.engine import Database
from chimera.db.tables import ChatSession
from chimera.ledger import events
from chimera.ledger.acceptance import NewReply, NewRun, accept_reply
from models.events import ModelCallStarted, RunAccepted, RunCompleted, RunPaused, RunResumed, TokensFrame
from models.ids import ROOT, RunId, TaskId, UserId
from models.model_calls import Purpose
from models.runs import RunKind, RunStatus
from tests.api.conftest import SignUp, administrator, new_task, publish, set_task
from tests.api.routes.test_streams import received, signed_in
from tests.parts import serving
from tests.until import LIMIT_S, until


async def followed(socket: AsyncWebSocketSession, topic: str, after: object = None) -> dict[str, Any]:
    await socket.send_json({"type": "subscribe", "id": topic, "topic": topic, "after": after})
    answer = await received(socket)
    assert (answer["type"], answer["id"], answer["topic"]) == ("subscribed", topic, topic), answer
    return answer


async def kinds(socket: AsyncWebSocketSession, count: int) -> list[tuple[str, str, int]]:
    """Read frames until `count` changes have arrived; return topic, event type and sequence of each."""
    found: list[tuple[str, str, int]] = []
    while len(found) < count:
        frame = await received(socket)
        assert frame["type"] == "changes", frame
        found += [(frame["topic"], each["event"]["type"], each["seq"]) for each in frame["changes"]]
    return found


async def is_quiet(socket: AsyncWebSocketSession) -> None:
    await asyncio.sleep(2 * changes.LOOK_SECONDS)
    await socket.send_json({"type": "ping", "id": "quiet"})
    answer = await received(socket)
    assert (answer["type"], answer["id"]) == ("pong", "quiet"), answer


async def test_new_and_changed_runs_arrive_once(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        await followed(socket, "tasks")
        task_id = (await new_task(carol))["id"]
        assert await kinds(socket, 1) == [("tasks", "run.accepted", 1)]
        await publish(app, task_id, RunPaused(), RunResumed())
        assert await kinds(socket, 2) == [("tasks", "run.paused", 2), ("tasks", "run.resumed", 3)]
        await is_quiet(socket)


async def test_a_client_resumes_after_its_cursor(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        cursor = (await followed(socket, "runs"))["cursor"]
    task_id = (await new_task(carol))["id"]
    async with signed_in(app, carol) as socket:
        await followed(socket, "runs", cursor)
        frame = await received(socket)
        assert [each["event"]["type"] for each in frame["changes"]] == ["run.accepted"]
    await publish(app, task_id, RunPaused())
    async with signed_in(app, carol) as socket:
        await followed(socket, "runs", frame["cursor"])
        assert await kinds(socket, 1) == [("runs", "run.paused", 2)]
        await is_quiet(socket)


async def test_late_commits_are_never_skipped(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    early, late = [(await new_task(carol))["id"] for _ in range(2)]
    async with signed_in(app, carol) as socket:
        await followed(socket, "runs")
        async with database.begin() as slow:
            await events.append(slow, TaskId(late), RunPaused())
            await publish(app, early, RunPaused(), RunCompleted(preview=""))
            frame = await received(socket)
            assert {each["run_id"] for each in frame["changes"]} == {early}
        assert [each["run_id"] for each in (await received(socket))["changes"]] == [late]
        await is_quiet(socket)
    async with signed_in(app, carol) as socket:
        await followed(socket, "runs", frame["cursor"])
        assert [each["run_id"] for each in (await received(socket))["changes"]] == [late]


async def test_a_reconnecting_client_misses_no_commit(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    ids = [(await new_task(carol))["id"] for _ in range(5)]
    seen: list[tuple[str, int]] = []
    async with signed_in(app, carol) as socket:
        cursor = (await followed(socket, "runs"))["cursor"]

    async def change(number: int) -> None:
        async with database.begin() as session:
            await events.append(session, TaskId(ids[number % 5]), RunPaused())
            await asyncio.sleep(0.01 * (number % 7))

    changing = asyncio.gather(*(change(number) for number in range(40)))
    while len(seen) < 40:
        async with signed_in(app, carol) as socket:
            await followed(socket, "runs", cursor)
            for _ in range(1 if changing.done() else 2):
                frame = await received(socket)
                cursor = frame["cursor"]
                seen += [(each["run_id"], each["seq"]) for each in frame["changes"]]
                if len(seen) >= 40:
                    break
    await changing
    assert len(seen) == len(set(seen)) == 40
    for task_id in ids:
        own = [seq for run_id, seq in seen if run_id == task_id]
        assert own == list(range(2, 10))


async def test_nobody_sees_changes_of_others(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    carol, dave = await sign_up(), await sign_up()
    admin = await administrator(sign_up, database)
    async with signed_in(app, dave) as theirs, signed_in(app, admin) as all_of_them:
        for topic in ("runs", "tasks", "approvals", "notifications"):
            await followed(theirs, topic)
        await followed(all_of_them, "tasks")
        await new_task(carol)
        assert await kinds(all_of_them, 1) == [("tasks", "run.accepted", 1)]
        await is_quiet(theirs)


async def test_administrators_read_no_replies_of_others(
    app: FastAPI, alice: httpx2.AsyncClient, session_id: str, sign_up: SignUp, database: Database
) -> None:
    admin = await administrator(sign_up, database)
    async with signed_in(app, admin) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"chat:{session_id}"})
        assert (await received(socket))["code"] == "not_found"
        await followed(socket, "approvals")
        cursor = (await followed(socket, "runs"))["cursor"]
        run_id = await new_reply(app, alice, session_id)
        await publish(app, run_id, RunCompleted(preview="A secret."))
        task_id = (await new_task(alice))["id"]
        await publish(app, task_id, RunCompleted(preview="A result."))
        assert await _previews(socket) == {run_id: "", task_id: "A result."}
    async with signed_in(app, admin) as socket:
        await followed(socket, "runs", cursor)
        assert await _previews(socket) == {run_id: "", task_id: "A result."}
    async with signed_in(app, alice) as socket:
        await followed(socket, "runs", cursor)
        assert await _previews(socket) == {run_id: "A secret.", task_id: "A result."}


async def _previews(socket: AsyncWebSocketSession) -> dict[str, str]:
    found: dict[str, str] = {}
    while len(found) < 2:
        changed = (await received(socket))["changes"]
        found |= {each["run_id"]: each["event"]["preview"] for each in changed if "preview" in each["event"]}
    return found


@pytest.mark.parametrize(
    ("topic", "after", "code"),
    [
        ("runs", 3, "invalid_input"),
        ("runs", "forged", "invalid_input"),
        ("agents", "x", "invalid_input"),
        ("system", None, "forbidden"),
        ("chat:00000000-0000-0000-0000-000000000000", None, "not_found"),
    ],
)
async def test_wrong_places_and_foreign_topics_are_refused(
    app: FastAPI, alice: httpx2.AsyncClient, topic: str, after: object, code: str
) -> None:
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "id": "1", "topic": topic, "after": after})
        refused = await received(socket)
        assert (refused["type"], refused["code"], refused["id"], refused["topic"]) == ("error", code, "1", topic)


async def test_an_unknown_reply_is_not_called_a_task(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    run_id = "00000000-0000-0000-0000-000000000000"
    details = []
    async with signed_in(app, alice) as socket:
        for noun in ("reply", "task"):
            await socket.send_json({"type": "subscribe", "topic": f"{noun}:{run_id}"})
            details.append((await received(socket))["detail"])
    assert details == [
        f"There is no reply {run_id!r}.",
        f"There is no task {run_id!r}. Choose one from the list of tasks.",
    ]


async def test_too_many_missed_changes_are_named(
    app: FastAPI, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "MAX_CHANGES", 2)
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        cursor = (await followed(socket, "runs"))["cursor"]
    task_id = (await new_task(carol))["id"]
    await publish(app, task_id, RunPaused(), RunResumed())
    async with signed_in(app, carol) as socket:
        await followed(socket, "runs", cursor)
        missed = await received(socket)
        assert (missed["type"], missed["topic"]) == ("missed", "runs")


async def test_agents_begin_with_their_state(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with signed_in(app, carol) as socket:
        await followed(socket, "agents")
        first = await received(socket)
        assert {each["status"] for each in first["agents"]} == {"idle"}
        body = {"name": "editor", "role": "writer", "prompt": "Edit."}
        created = await carol.post("/api/v1/agents", json=body)
        assert created.status_code == 201, created.text
        assert [each["name"] for each in (await received(socket))["agents"]] == ["editor"]
        await carol.post("/api/v1/agents/editor/deactivate")
        [changed] = (await received(socket))["agents"]
        assert (changed["name"], changed["active"]) == ("editor", False)
        await carol.delete("/api/v1/agents/editor")
        assert (await received(socket))["removed"] == ["editor"]


async def test_administrators_follow_the_installation(app: FastAPI, sign_up: SignUp, database: Database) -> None:
    async with signed_in(app, await administrator(sign_up, database)) as socket:
        await followed(socket, "system")
        state = (await received(socket))["system"]
    assert state["database"]["state"] == state["redis"]["state"] == "up"
    assert state["workers"]["state"] == "none"
    assert set(state["queue"]) == {"running", "queued"}


async def test_a_run_that_vanishes_ends_its_subscription(
    app: FastAPI, sign_up: SignUp, bob: httpx2.AsyncClient, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rights, "RECHECK_SECONDS", 0.05)
    carol = await sign_up()
    mine, given = [(await new_task(carol))["id"] for _ in range(2)]
    them = (await bob.get("/api/v1/auth/me")).json()["id"]
    async with signed_in(app, carol) as socket:
        for task_id in (mine, given):
            await followed(socket, f"run:{task_id}", 1)
        await set_task(database, given, owner_id=them)
        gone = await received(socket)
        assert (gone["type"], gone["code"], gone["topic"]) == ("error", "not_found", f"run:{given}")
        await publish(app, given, RunPaused())
        await publish(app, mine, RunPaused())
        assert (await received(socket))["topic"] == f"run:{mine}"
    parts: Parts = app.state.parts
    assert not parts.feed._followers


@pytest.fixture
async def session_id(app: FastAPI, alice: httpx2.AsyncClient, database: Database) -> str:
    """Return a chat session of Alice."""
    me = (await alice.get("/api/v1/auth/me")).json()["id"]
    async with database.begin() as session:
        found = await session.scalar(insert(ChatSession).values(owner_id=me, model="x/y").returning(ChatSession.id))
    assert found is not None
    return str(found)


async def new_reply(app: FastAPI, alice: httpx2.AsyncClient, session_id: str) -> RunId:
    me = UserId((await alice.get("/api/v1/auth/me")).json()["id"])
    parts: Parts = app.state.parts
    run = NewRun(
        owner_id=me,
        kind=RunKind.REPLY,
        body_sha256="",
        idempotency_key=None,
        events=(RunAccepted(),),
        status=RunStatus.RUNNING,
        starts=False,
    )
    async with parts.database.begin() as session:
        run_id = await accept_reply(session, run, NewReply(model="x/y", session_id=session_id))
    assert run_id is not None
    return RunId(run_id)


def piece(run_id: RunId, text: str, offset: int = 0) -> TokensFrame:
    return TokensFrame(run_id=run_id, path=ROOT, purpose=Purpose.TURN, step=1, attempt=1, offset=offset, text=text)


async def write_reply(app: FastAPI, run_id: RunId, *texts: str, ends: bool = True) -> None:
    """Stream a reply as a worker does."""
    parts: Parts = app.state.parts
    begun = ModelCallStarted(purpose=Purpose.TURN, agent="", model="x/y", simulated=True, step=1, attempt=1)
    await publish(app, run_id, begun)
    for number, text in enumerate(texts):
        parts.bus.publish_tokens(piece(run_id, text, sum(map(len, texts[:number]))))
        await asyncio.sleep(0.05)
    if ends:
        await publish(app, run_id, RunCompleted(preview="".join(texts)))


async def test_a_session_shows_replies_as_they_are_written(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, session_id: str
) -> None:
    topic = f"chat:{session_id}"
    async with signed_in(app, bob) as socket:
        await socket.send_json({"type": "subscribe", "topic": topic})
        assert (await received(socket))["code"] == "not_found"
    async with signed_in(app, alice) as socket:
        cursor = (await followed(socket, topic))["cursor"]
        run_id = await new_reply(app, alice, session_id)
        accepted = await received(socket)
        assert [(each["event"]["type"], each["run_id"]) for each in accepted["changes"]] == [("run.accepted", run_id)]
        writing = asyncio.create_task(write_reply(app, run_id, "Hello", ", you"))
        frames: list[dict[str, Any]] = []
        while not frames or frames[-1]["type"] != "changes":
            frames.append(await received(socket))
        await writing
        assert {frame["topic"] for frame in frames} == {topic}
        assert "".join(frame["text"] for frame in frames if frame["type"] == "tokens") == "Hello, you"
        assert frames[-1]["changes"][0]["event"]["type"] == "run.completed"
    async with signed_in(app, alice) as socket:
        await followed(socket, topic, cursor)
        types = [each["event"]["type"] for each in (await received(socket))["changes"]]
        assert types == ["run.accepted", "run.completed"]


async def test_a_session_follows_replies_it_missed(
    app: FastAPI, alice: httpx2.AsyncClient, session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = app.state.parts.hub
    async with signed_in(app, alice) as socket:
        await followed(socket, f"chat:{session_id}")
        with monkeypatch.context() as few:
            few.setattr(changes, "MAX_CHANGES", 0)
            run_id = await new_reply(app, alice, session_id)
            assert (await received(socket))["type"] == "missed"
            await until(lambda: run_id in hub._channels and hub._channels[run_id]._has_begun)
        writing = asyncio.create_task(write_reply(app, run_id, "Hel", "lo", ends=False))
        text = ""
        while text != "Hello":
            text += (await received(socket)).get("text", "")
        await writing


async def test_joining_a_session_shows_the_text_so_far(
    app: FastAPI, alice: httpx2.AsyncClient, session_id: str
) -> None:
    run_id, hub = await new_reply(app, alice, session_id), app.state.parts.hub
    async with signed_in(app, alice) as early, signed_in(app, alice) as late:
        await followed(early, f"chat:{session_id}")
        # These replies have no attempts in the database, so text from before the channel began counts as old.
        await until(lambda: run_id in hub._channels and hub._channels[run_id]._has_begun)
        await write_reply(app, run_id, "Hel", "lo", ends=False)
        for socket in (early, late):
            if socket is late:
                await followed(socket, f"chat:{session_id}")
            text = ""
            while text != "Hello":
                text += (await received(socket)).get("text", "")


async def test_sse_follows_and_resumes_lists(app: FastAPI, sign_up: SignUp) -> None:
    carol = await sign_up()
    async with serving(app) as url:
        headers = {"Authorization": carol.headers["Authorization"]}
        async with httpx2.AsyncClient(base_url=url, headers=headers, timeout=LIMIT_S, trust_env=False) as client:
            first = await _read(client, {"topic": ["tasks", "notifications"]}, {}, 1)
            assert [event.event for event in first] == ["cursor"]
            await new_task(carol)
            resumed = await _read(client, {"topic": "tasks"}, {"Last-Event-ID": first[0].id}, 2)
            assert [event.event for event in resumed] == ["cursor", "changes"]
            assert '"run.accepted"' in resumed[1].data
            for params in ({"topic": "runs", "after": "x"}, {"topic": "system"}, {}):
                refused = await client.get("/api/v1/events", params=params)
                assert refused.status_code == 422


async def _read(
    client: httpx2.AsyncClient, params: dict[str, Any], headers: dict[str, str], count: int
) -> list[httpx2.ServerSentEvent]:
    found = []
    async with client.stream("GET", "/api/v1/events", params=params, headers=headers) as answer:
        assert answer.status_code == 200
        async for event in httpx2.EventSource(answer):
            found.append(event)
            if len(found) == count:
                break
    return found
