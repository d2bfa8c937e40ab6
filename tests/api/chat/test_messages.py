"""Messages of chat sessions: sending, branches, pages and streams."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.api.chat.conftest import branch, new_session, send
from tests.runs import Runs

pytestmark = pytest.mark.usefixtures("runs")
TEXT = "Tell me about tea."


async def test_a_message_gets_a_reply(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice, instructions="Be brief.")
    sent = await send(alice, session, TEXT, wait_s=30)
    assert sent["message"]["text"] == TEXT
    assert sent["reply"]["text"].startswith("[simulated]")
    state = sent["reply"]["reply"]
    assert (state["status"], state["model"], state["simulated"]) == ("completed", "simulator/fast", True)
    assert state["cost_micro_usd"] > 0
    assert [each["id"] for each in await branch(alice, session)] == [sent["message"]["id"], sent["reply"]["id"]]
    shown = (await alice.get(session)).json()
    assert (shown["title"], shown["leaf_id"]) == (TEXT, sent["reply"]["id"])


async def test_a_reply_knows_the_conversation(alice: httpx2.AsyncClient, runs: Runs) -> None:
    session = await new_session(alice)
    first = await send(alice, session, TEXT, wait_s=30)
    second = await send(alice, session, "And about coffee?", wait_s=30)
    tokens = [each["reply"]["reply"]["input_tokens"] for each in (first, second)]
    assert tokens[1] > tokens[0]


async def test_a_key_sends_one_message(alice: httpx2.AsyncClient) -> None:
    session, headers = await new_session(alice), {"Idempotency-Key": uuid4().hex}
    answers = await asyncio.gather(
        *(alice.post(f"{session}/messages", json={"text": TEXT}, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["reply"]["reply"]["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    assert len(await branch(alice, session)) == 2
    other = await alice.post(f"{session}/messages", json={"text": "Other"}, headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    elsewhere = await alice.post(f"{await new_session(alice)}/messages", json={"text": TEXT}, headers=headers)
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")


async def test_a_key_covers_the_place_of_a_message(alice: httpx2.AsyncClient) -> None:
    session, headers = await new_session(alice), {"Idempotency-Key": uuid4().hex}
    bodies: list[dict[str, Any]] = [{"text": TEXT}, {"text": TEXT, "parent_id": None}]
    answers = [await alice.post(f"{session}/messages", json=body, headers=headers) for body in bodies]
    assert [answer.status_code for answer in answers] == [202, 422]
    assert answers[1].json()["code"] == "idempotency_key_reused"
    other = {"Idempotency-Key": uuid4().hex}
    again = [await alice.post(f"{session}/messages", json=bodies[1], headers=other) for _ in range(2)]
    assert again[0].json()["message"] == again[1].json()["message"]


async def test_an_edit_begins_a_branch(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    first = await send(alice, session, "One", wait_s=30)
    second = await send(alice, session, "Two", wait_s=30)
    edited = await send(alice, session, "Two, edited", wait_s=30, parent_id=first["reply"]["id"])
    restarted = await send(alice, session, "One, edited", wait_s=30, parent_id=None)

    assert [each["text"] for each in (await branch(alice, session))[::2]] == ["One, edited"]
    there = await branch(alice, session, branch=edited["reply"]["id"])
    assert [each["text"] for each in there[::2]] == ["One", "Two, edited"]
    assert [(each["sibling"], each["siblings"]) for each in there] == [(1, 2), (1, 1), (2, 2), (1, 1)]
    assert there[2]["previous_sibling_id"] == second["message"]["id"]
    assert there[0]["next_sibling_id"] == restarted["message"]["id"]

    chosen = await alice.put(f"{session}/leaf", json={"message_id": first["message"]["id"]})
    assert chosen.json()["leaf_id"] == edited["reply"]["id"]
    assert await branch(alice, session) == there


async def test_an_outdated_choice_of_branch_is_rejected(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    empty = await alice.get(f"{session}/leaf")
    assert empty.json() == {"message_id": None}
    first = await send(alice, session, "One", wait_s=30)
    leaf = await alice.get(f"{session}/leaf")
    assert leaf.json() == {"message_id": first["reply"]["id"]}
    unchanged = await alice.get(f"{session}/leaf", headers={"If-None-Match": leaf.headers["ETag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    edited = await send(alice, session, "One, edited", wait_s=30, parent_id=None)

    choice = {"message_id": first["message"]["id"]}
    for tag in (empty, leaf):
        outdated = await alice.put(f"{session}/leaf", json=choice, headers={"If-Match": tag.headers["ETag"]})
        assert (outdated.status_code, outdated.json()["code"]) == (412, "outdated")
    assert (await alice.get(f"{session}/leaf")).json() == {"message_id": edited["reply"]["id"]}

    newest = (await alice.get(f"{session}/leaf")).headers["ETag"]
    answers = await asyncio.gather(
        *(alice.put(f"{session}/leaf", json=choice, headers={"If-Match": newest}) for _ in range(2))
    )
    assert sorted(each.status_code for each in answers) == [200, 412]
    assert [each.headers["ETag"] for each in answers if each.is_success] == [leaf.headers["ETag"]]
    assert (await alice.put(f"{session}/leaf", json=choice)).status_code == 200


async def test_a_reply_is_regenerated_as_sibling(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    sent = await send(alice, session, TEXT, wait_s=30)
    again = [
        await alice.post(f"{session}/messages/{message['id']}/regenerate", headers={"Prefer": "wait=30"})
        for message in (sent["reply"], sent["message"])
    ]
    assert [(answer.status_code, answer.json()["message"]["id"]) for answer in again] == [
        (200, sent["message"]["id"])
    ] * 2
    replies = [each for each in await branch(alice, session) if each["role"] == "assistant"]
    assert [(each["sibling"], each["siblings"]) for each in replies] == [(3, 3)]
    assert replies[0]["id"] == again[-1].json()["reply"]["id"]


async def test_pages_lead_in_both_directions(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    for number in range(4):
        await send(alice, session, f"Message {number}", wait_s=30)
    whole = await branch(alice, session)
    pages, cursor = [], None
    while True:
        page = await _page(alice, session, limit=3, **({"cursor": cursor} if cursor else {}))
        pages.append(page)
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert [each["id"] for page in pages for each in page["items"]] == [each["id"] for each in reversed(whole)]
    assert pages[0]["previous_cursor"] is None
    back = await _page(alice, session, limit=3, cursor=pages[-1]["previous_cursor"])
    assert back["items"] == pages[-2]["items"]
    first = await _page(alice, session, limit=3, cursor=back["previous_cursor"])
    assert (first["items"], first["previous_cursor"]) == (pages[0]["items"], None)
    forged = await alice.get(f"{await new_session(alice)}/messages", params={"cursor": pages[0]["next_cursor"]})
    assert forged.status_code == 422


async def _page(client: httpx2.AsyncClient, session: str, **parameters: Any) -> dict[str, Any]:
    page: dict[str, Any] = (await client.get(f"{session}/messages", params=parameters)).json()
    return page


async def test_a_reply_is_streamed(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    answer = await alice.post(f"{session}/messages", json={"text": TEXT, "stream": True})
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    events = _events_in(answer.text)
    assert events[0][0] == "message"
    assert events[-1][0] == "run.completed"
    text = "".join(data["text"] for name, data in events if name == "tokens")
    shown = (await branch(alice, session))[-1]
    assert shown["id"] == events[0][1]["reply"]["id"]
    assert text in ("", shown["text"])


def _events_in(stream: str) -> list[tuple[str, dict[str, Any]]]:
    blocks = [
        dict(line.split(": ", 1) for line in block.splitlines()) for block in stream.split("\n\n") if block.strip()
    ]
    return [(block["event"], json.loads(block["data"])) for block in blocks if "event" in block]


async def test_attachments_are_named(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    file = (await alice.post("/api/v1/files", files={"file": ("tea.txt", b"Tea is hot.", "text/plain")})).json()
    sent = await send(alice, session, "What is this?", wait_s=30, attachments=[file["id"]])
    assert [each["name"] for each in sent["message"]["attachments"]] == ["tea.txt"]
    await alice.delete(f"/api/v1/files/{file['id']}")
    assert (await branch(alice, session))[0]["attachments"][0] == {
        "id": file["id"],
        "name": None,
        "media_type": None,
        "size_bytes": None,
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": "\x01"}, "text"),
        ({"text": "x" * 100_001}, "text"),
        ({"text": "x", "attachments": ["6c1f0b1e-0000-4000-8000-000000000001"] * 11}, "attachments"),
        ({"text": "x", "double_texting": "maybe"}, "double_texting"),
        ({"text": "x", "parent": None}, "parent"),
    ],
)
async def test_a_bad_message_is_refused(alice: httpx2.AsyncClient, body: dict[str, Any], field: str) -> None:
    answer = await alice.post(f"{await new_session(alice)}/messages", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, field), answer.text


async def test_a_text_keeps_its_white_space(alice: httpx2.AsyncClient) -> None:
    sent = await send(alice, await new_session(alice), "  indented\n")
    assert sent["message"]["text"] == "  indented\n"


async def test_a_message_follows_an_answer(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice)
    sent = await send(alice, session, TEXT, wait_s=30)
    body = {"text": "x", "parent_id": sent["message"]["id"]}
    answer = await alice.post(f"{session}/messages", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "parent_id")


async def test_an_agent_replies(alice: httpx2.AsyncClient) -> None:
    session = await new_session(alice, agent="writer")
    sent = await send(alice, session, TEXT, wait_s=30)
    assert sent["reply"]["reply"]["agent"] == "writer"
