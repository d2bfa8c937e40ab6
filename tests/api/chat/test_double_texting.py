"""Messages that arrive while a reply is open: each policy, also with many messages at once."""

import asyncio
from itertools import pairwise
from typing import Any

import httpx2
import pytest

from models.ids import RunId
from tests.api.chat.conftest import all_ended, branch, new_session, send
from tests.gate import Gate
from tests.runs import Runs
from tests.until import until_true

pytestmark = pytest.mark.usefixtures("runs")
TEXT = "Tell me about tea."
AT_ONCE = 20


async def test_reject_refuses_a_second_message(alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await new_session(alice, double_texting="reject")
    gate = Gate(monkeypatch)
    answers = await asyncio.gather(
        *(alice.post(f"{session}/messages", json={"text": f"Message {n}"}) for n in range(AT_ONCE))
    )
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * (AT_ONCE - 1)
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "session_busy"
    assert refused["remedy"]["method"]
    assert len(await branch(alice, session)) == 2
    gate.open()
    await all_ended(alice, session)
    await send(alice, session, "And now?", wait_s=30)


async def test_queue_answers_one_after_another(alice: httpx2.AsyncClient, runs: Runs) -> None:
    session = await new_session(alice)
    await asyncio.gather(*(send(alice, session, f"Message {n}") for n in range(AT_ONCE)))
    await all_ended(alice, session)
    messages = await branch(alice, session)
    assert len(messages) == 2 * AT_ONCE
    replies = [each for each in messages if each["role"] == "assistant"]
    assert {each["reply"]["status"] for each in replies} == {"completed"}
    spans = [await _span_of(runs, each["reply"]["id"]) for each in replies]
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(spans))
    assert await _attempts(runs, replies) == [1] * AT_ONCE


async def _span_of(runs: Runs, run_id: str) -> tuple[Any, Any]:
    row = (await runs.rows("SELECT started_at, ended_at FROM runs WHERE id = :id", RunId(run_id)))[0]
    return row["started_at"], row["ended_at"]


async def _attempts(runs: Runs, replies: list[dict[str, Any]]) -> list[int]:
    query = "SELECT count(*) AS n FROM call_attempts WHERE run_id = :id"
    return [(await runs.rows(query, RunId(each["reply"]["id"])))[0]["n"] for each in replies]


async def test_interrupt_cancels_and_keeps_the_text(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice, model="simulator/slow", double_texting="interrupt")
    first = await send(alice, session, "Write. [[sim: tokens=2000; drip=20]]")
    await _streams(alice, session, first)
    second = await send(alice, session, "Stop. Something else.", parent_id=first["reply"]["id"])
    shown = await branch(alice, session)
    assert [each["id"] for each in shown] == [
        each["id"] for each in (first["message"], first["reply"], second["message"], second["reply"])
    ]
    await _is_over(alice, session, first)
    interrupted = (await branch(alice, session))[1]
    assert interrupted["reply"]["status"] == "cancelled"
    assert interrupted["text"].startswith("[simulated]")
    assert interrupted["reply"]["finish_reason"] == "interrupted"
    await all_ended(alice, session)
    assert (await branch(alice, session))[-1]["reply"]["status"] == "completed"


async def test_rollback_leaves_the_branch(alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await new_session(alice)
    kept = await send(alice, session, "Hello.", wait_s=30)
    gate = Gate(monkeypatch)
    for text in ("One", "Two"):
        await send(alice, session, text)
    last = await send(alice, session, "Three", double_texting="rollback")
    shown = await branch(alice, session)
    assert [each["id"] for each in shown] == [
        each["id"] for each in (kept["message"], kept["reply"], last["message"], last["reply"])
    ]
    assert (shown[2]["sibling"], shown[2]["siblings"]) == (2, 2)
    gate.open()
    await all_ended(alice, session)
    assert (await branch(alice, session))[-1]["reply"]["status"] == "completed"


@pytest.mark.parametrize("policy", ["interrupt", "rollback"])
async def test_the_last_of_many_is_answered(alice: httpx2.AsyncClient, policy: str) -> None:
    session = await new_session(alice, double_texting=policy)
    await asyncio.gather(*(send(alice, session, f"Message {n}") for n in range(AT_ONCE)))
    await all_ended(alice, session)
    messages = await branch(alice, session)
    assert messages[-1]["reply"]["status"] == "completed"
    exported = (await alice.get(f"{session}/export", params={"format": "json", "branches": "all"})).json()["messages"]
    assert len(exported) == 2 * AT_ONCE
    assert {each["reply"]["status"] for each in exported if each["reply"]} <= {"completed", "cancelled"}


async def test_a_regeneration_waits_too(alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await new_session(alice)
    gate = Gate(monkeypatch)
    sent = await send(alice, session, TEXT)
    again = await alice.post(f"{session}/messages/{sent['reply']['id']}/regenerate")
    opened = (await alice.get(session)).json()["open_replies"]
    assert [each["id"] for each in opened] == [each["reply"]["reply"]["id"] for each in (sent, again.json())]
    assert opened[1]["status"] == "queued"
    gate.open()
    await all_ended(alice, session)


async def test_a_waiting_reply_can_be_cancelled(alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    session = await new_session(alice)
    gate = Gate(monkeypatch)
    sent = [await send(alice, session, f"Message {n}") for n in range(3)]
    await _cancelled(alice, session, sent[1])
    gate.open()
    await all_ended(alice, session)
    statuses = [each["reply"]["status"] for each in (await branch(alice, session))[1::2]]
    assert statuses == ["completed", "cancelled", "completed"]


async def _streams(client: httpx2.AsyncClient, session: str, sent: dict[str, Any]) -> None:
    """Wait until a reply's call has begun, and a moment longer, so that text has arrived."""
    address = f"{session}/messages/{sent['reply']['id']}"

    async def has_begun() -> bool:
        return bool((await client.get(address)).json()["reply"]["last_seq"] >= 3)

    await until_true(has_begun)
    await asyncio.sleep(1.5)


async def _is_over(client: httpx2.AsyncClient, session: str, sent: dict[str, Any]) -> None:
    async def is_over() -> bool:
        state = (await client.get(f"{session}/messages/{sent['reply']['id']}")).json()["reply"]
        return state["status"] not in ("queued", "running", "cancelling")

    await until_true(is_over)


async def _cancelled(client: httpx2.AsyncClient, session: str, sent: dict[str, Any]) -> None:
    answer = await client.post(f"/api/v1/replies/{sent['reply']['reply']['id']}/cancel")
    assert answer.status_code == 202, answer.text
    await _is_over(client, session, sent)
