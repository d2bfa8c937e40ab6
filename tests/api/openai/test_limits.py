"""Requests at the limits of a conversation: what is too large is named, before anything is paid."""

from typing import Any

import httpx2
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from chimera.db.engine import Database
from chimera.db.tables import Reply
from models.replies import MAX_CLIENT_TOOLS, MAX_MESSAGES, MAX_TEXT_CHARS
from tests.api.openai.conftest import FAST
from tests.api.openai.test_chat import said
from tests.statements import statements_with

pytestmark = pytest.mark.usefixtures("runs")

LONG = "x" * (MAX_TEXT_CHARS + 1)
MANY = MAX_CLIENT_TOOLS + 1
CALLS = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": "{}"} for n in range(MANY)]
RESULTS = [{"type": "function_call_output", "call_id": f"c{n}", "output": "1"} for n in range(MANY)]


async def refused(user: httpx2.AsyncClient, path: str, **body: Any) -> tuple[int, str]:
    """Send a request that can't be accepted. Return the status and the field of its error."""
    answer = await user.post(f"/v1/{path}", json={"model": FAST, **body})
    return answer.status_code, str(answer.json()["error"]["param"])


@pytest.mark.parametrize(
    ("message", "param"),
    [
        ({"role": "user", "content": LONG}, "messages[1].content"),
        ({"role": "user", "content": [{"type": "text", "text": LONG}]}, "messages[1].content"),
        ({"role": "assistant", "content": LONG}, "messages[1].content"),
        ({"role": "assistant", "refusal": LONG}, "messages[1].refusal"),
    ],
    ids=["text", "part", "answer", "refusal"],
)
async def test_a_text_that_is_too_long_is_named(alice: httpx2.AsyncClient, message: Any, param: str) -> None:
    messages = [*said("Hello."), message]
    assert await refused(alice, "chat/completions", messages=messages) == (400, param)


@pytest.mark.parametrize(
    ("items", "param"),
    [
        ([{"role": "user", "content": LONG}], "input[0].content"),
        ([{"type": "reasoning", "id": "rs_1", "summary": []}], "input"),
        ([{"role": "user", "content": "Hi."}, *CALLS, *RESULTS], f"input[{MANY}]"),
    ],
    ids=["text", "only reasoning", "calls"],
)
async def test_items_that_cannot_be_answered_are_named(alice: httpx2.AsyncClient, items: Any, param: str) -> None:
    assert await refused(alice, "responses", input=items) == (400, param)


async def test_a_conversation_can_become_too_long(alice: httpx2.AsyncClient) -> None:
    most = [{"role": "user", "content": "a"}] * (MAX_MESSAGES - 1)
    first = await alice.post("/v1/responses", json={"model": FAST, "input": most})
    assert first.status_code == 200, first.text
    assert await refused(alice, "responses", input="b", previous_response_id=first.json()["id"]) == (400, "input")


@pytest.mark.parametrize("path", ["chat/completions", "responses"])
async def test_files_are_looked_up_at_once(app: FastAPI, alice: httpx2.AsyncClient, path: str) -> None:
    parts = []
    for number in range(3):
        stored = await alice.post("/api/v1/files", files={"file": (f"{number}.txt", b"text", "text/plain")})
        parts.append({"type": "input_file", "file_id": f"file-{stored.json()['id']}"})
    asked = [{"role": "user", "content": parts * 20}] * 2
    body = {"messages": asked} if path == "chat/completions" else {"input": asked}
    with statements_with(app, "FROM files") as statements:
        answer = await alice.post(f"/v1/{path}", json={"model": FAST, **body})
    assert answer.status_code == 200, answer.text
    # When the request is translated, and when it is accepted.
    assert len(statements) == 2


async def test_an_answer_of_many_calls_names_the_response(alice: httpx2.AsyncClient, database: Database) -> None:
    first = (await alice.post("/v1/responses", json={"model": FAST, "input": "Call."})).json()
    # More calls than the simulator makes.
    calls = [{"id": f"c{number}", "name": "f", "arguments": "{}"} for number in range(MANY)]
    async with database.begin() as session:
        reply = update(Reply).where(Reply.run_id == first["id"].removeprefix("resp_"))
        await session.execute(reply.values(tool_calls=calls))
    seen = await refused(alice, "responses", input=RESULTS, previous_response_id=first["id"])
    assert seen == (409, "previous_response_id")
