"""Answers to conversations from a client's point of view: through the API, a worker and the simulator."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from fastapi import FastAPI

from api.deps import Parts
from chimera.db.engine import Database
from tests.api.conftest import SignUp, administrator
from tests.api.replies.conftest import API, COMPLETIONS, FAST, SLOW, Streamed, ended, in_state, said, streamed
from tests.api.routes.test_streams import received, signed_in
from tests.statements import statements_with

pytestmark = pytest.mark.usefixtures("runs")

WEATHER = {
    "name": "weather",
    "description": "Tells the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


async def test_a_model_answers_a_conversation(alice: httpx2.AsyncClient) -> None:
    answer = await alice.post(COMPLETIONS, json=said("Say a word. [[sim: tokens=10]]"))
    assert answer.status_code == 200, answer.text
    reply = answer.json()
    assert (reply["status"], reply["kind"], reply["agent"]) == ("completed", "completion", None)
    assert reply["text"].startswith("[simulated]")
    assert (reply["finish_reason"], reply["simulated"], reply["model"]) == ("stop", True, FAST)
    assert reply["model_calls"] == 1
    assert reply["cost_micro_usd"] > 0
    assert (await alice.get(answer.headers["Location"])).json() == reply


async def test_a_stream_has_the_whole_answer(alice: httpx2.AsyncClient) -> None:
    stream = await streamed(alice, said("Tell me about tea. [[sim: tokens=60; drip=200]]"))
    assert stream.types[0] == "run.accepted"
    assert stream.types[-1] == "run.completed"
    reply = (await alice.get(f"{API}/replies/{stream.reply_id}")).json()
    assert stream.text == reply["text"]
    assert len(reply["text"]) > 100


async def test_a_stream_resumes_after_an_event(alice: httpx2.AsyncClient) -> None:
    first = await streamed(alice, said("Hello. [[sim: tokens=5]]"))
    again = Streamed()
    headers = {"Last-Event-ID": "1"}
    async with alice.stream("GET", f"{API}/replies/{first.reply_id}/events", headers=headers) as response:
        await again.read(response)
    assert again.types == first.types[1:]


async def test_an_agent_answers_with_its_tools(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"sums-{uuid4().hex[:6]}", "prompt": "You do sums.", "tools": ["calculator"]}
    assert (await alice.post(f"{API}/agents", json=spec)).status_code == 201
    body = said("How much is 17 * 23?", agent=spec["name"])
    reply = (await alice.post(COMPLETIONS, json=body)).json()
    assert (reply["agent"], reply["agent_version"], reply["status"]) == (spec["name"], 1, "completed")
    assert "391" in reply["text"]
    assert reply["model_calls"] == 2
    first = (await alice.get(f"{API}/replies/{reply['id']}/messages", params={"limit": 2})).json()
    rest = {"cursor": first["next_cursor"]}
    last = (await alice.get(f"{API}/replies/{reply['id']}/messages", params=rest)).json()
    assert [each["role"] for each in (*first["items"], *last["items"])] == ["assistant", "tool", "assistant"]
    assert (last["items"][-1]["content"], last["next_cursor"]) == (reply["text"], None)


async def test_calls_of_client_tools_end_the_reply(alice: httpx2.AsyncClient) -> None:
    body = said('Weather? [[sim: call=weather; args={"city": "Rome"}]]', tools=[WEATHER])
    reply = (await alice.post(COMPLETIONS, json=body)).json()
    assert (reply["status"], reply["finish_reason"]) == ("completed", "tool_calls")
    (call,) = reply["tool_calls"]
    assert call["name"] == "weather"
    assert "Rome" in call["arguments"]
    # The next request brings the result along.
    messages = [
        *body["messages"],
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "Sunny"},
    ]
    answer = (await alice.post(COMPLETIONS, json={**body, "messages": messages})).json()
    assert (answer["status"], answer["finish_reason"]) == ("completed", "stop")
    assert answer["tool_calls"] == []


async def test_own_tools_run_before_client_tools(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"both-{uuid4().hex[:6]}", "prompt": "You help.", "tools": ["calculator"]}
    await alice.post(f"{API}/agents", json=spec)
    both = 'call=calculator; args={"expression": "1 + 1"}; call=weather; args={"city": "Rome"}'
    body = said(f'Both. [[sim: {both}; then; call=weather; args={{"city": "Rome"}}]]', agent=spec["name"])
    stream = await streamed(alice, {**body, "tools": [WEATHER]})
    reply = (await alice.get(f"{API}/replies/{stream.reply_id}")).json()
    assert (reply["finish_reason"], [call["name"] for call in reply["tool_calls"]]) == ("tool_calls", ["weather"])
    finished = [event for event in stream.events if event["type"] == "tool_call.finished"]
    assert [(event["tool"], event["failed"]) for event in finished] == [("calculator", False), ("weather", True)]


async def test_a_choice_of_none_forbids_tools(alice: httpx2.AsyncClient) -> None:
    body = said("Weather? [[sim: say={None.}]]", tools=[WEATHER], tool_choice="none")
    reply = (await alice.post(COMPLETIONS, json=body)).json()
    assert (reply["finish_reason"], reply["tool_calls"]) == ("stop", [])


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"tool_choice": "unknown"}, "tool_choice"),
        ({"tools": [WEATHER, WEATHER]}, "tools.1.name"),
        ({"tools": [{**WEATHER, "name": "auto"}]}, "tools.0.name"),
        ({"model": "nobody/nothing"}, "model"),
        ({"fallbacks": ["nobody/nothing"]}, "fallbacks.0"),
        ({"agent": "nobody"}, "agent"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages.0"),
        ({"messages": [{"role": "assistant", "content": [{"type": "file", "file_id": str(uuid4())}]}]}, "messages.0"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image", "file_id": str(uuid4())}]}]},
            "messages.0.content.0.file_id",
        ),
        ({"output_schema": {"type": "nonsense"}}, "output_schema"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_field_is_named(alice: httpx2.AsyncClient, fields: dict[str, Any], named: str) -> None:
    answer = await alice.post(COMPLETIONS, json={**said("Hello"), **fields})
    assert answer.status_code in (404, 422), answer.text
    assert named in answer.text


async def test_all_files_are_looked_up_at_once(
    app: FastAPI, alice: httpx2.AsyncClient, bob: httpx2.AsyncClient
) -> None:
    async def stored(user: httpx2.AsyncClient, name: str) -> str:
        answer = await user.post(f"{API}/files", files={"file": (name, name.encode(), "text/plain")})
        return str(answer.json()["id"])

    parts = [{"type": "file", "file_id": await stored(alice, f"{number}.txt")} for number in range(3)]
    messages = [{"role": "user", "content": parts * 20}] * 2
    with statements_with(app, "FROM files") as statements:
        answer = await alice.post(COMPLETIONS, json={"model": FAST, "messages": messages})
    assert answer.status_code == 200, answer.text
    assert len(statements) == 1
    foreign = {"type": "file", "file_id": await stored(bob, "b.txt")}
    refused = await alice.post(COMPLETIONS, json={"model": FAST, "messages": [{"role": "user", "content": [foreign]}]})
    assert refused.status_code == 404
    assert refused.json()["errors"][0]["field"] == "messages.0.content.0.file_id"


async def test_a_key_answers_once(alice: httpx2.AsyncClient) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    bodies = [said("Once. [[sim: tokens=5]]", stream=False) for _ in range(20)]
    answers = await asyncio.gather(*(alice.post(COMPLETIONS, json=body, headers=headers) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert sum("Idempotent-Replayed" not in answer.headers for answer in answers) == 1
    other = await alice.post(COMPLETIONS, json=said("Something else"), headers=headers)
    assert other.status_code == 422 or other.status_code == 409


async def test_a_long_reply_is_answered_with_202(alice: httpx2.AsyncClient) -> None:
    body = said("Wait. [[sim: tokens=20; delay=1.5]]")
    answer = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    assert (answer.status_code, answer.json()["text"]) == (202, None)
    assert (await ended(alice, answer.headers["Location"]))["status"] == "completed"


async def test_a_cancelled_reply_keeps_what_was_seen(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    body = said("A long story. [[sim: tokens=2000; drip=60]]", model=SLOW)
    accepted = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    stream, reply_id = Streamed(), accepted.json()["id"]
    async with signed_in(app, alice) as socket:
        await socket.send_json({"type": "subscribe", "topic": f"run:{reply_id}"})
        assert (await received(socket))["type"] == "subscribed"
        while len(stream.text) < 100:
            stream.take(await received(socket))
        assert (await alice.post(f"{API}/replies/{reply_id}/cancel")).status_code == 202
        while (message := await received(socket))["type"] != "ended":
            stream.take(message)
    reply = (await alice.get(f"{API}/replies/{reply_id}")).json()
    assert (reply["status"], reply["finish_reason"]) == ("cancelled", "interrupted")
    assert reply["text"] == stream.text
    assert reply["cost_micro_usd"] > 0
    assert stream.types[-1] == "run.cancelled"


async def test_a_conversation_that_is_too_long_costs_nothing(alice: httpx2.AsyncClient) -> None:
    body = said("word " * 20_000, model="simulator/standard")
    answer = await alice.post(COMPLETIONS, json=body)
    assert answer.status_code >= 400
    assert "context_too_long" in answer.text
    reply = (await alice.get(answer.headers.get("Location") or answer.json()["remedy"]["href"])).json()
    assert (reply["status"], reply["error_code"]) == ("failed", "context_too_long")
    assert (reply["model_calls"], reply["cost_micro_usd"]) == (0, 0)


async def test_an_agents_conversation_is_cut_in_the_middle(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"cuts-{uuid4().hex[:6]}", "prompt": "You help.", "model": "simulator/standard"}
    await alice.post(f"{API}/agents", json=spec)
    messages = [{"role": "user", "content": "word " * 2_000} for _ in range(10)]
    messages.append({"role": "user", "content": "And now? [[sim: tokens=5]]"})
    reply = (await alice.post(COMPLETIONS, json={"agent": spec["name"], "messages": messages})).json()
    assert reply["status"] == "completed", reply
    assert reply["usage"]["input_tokens"] < 8_192


async def test_an_answer_follows_its_schema(alice: httpx2.AsyncClient) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    reply = (await alice.post(COMPLETIONS, json=said("A city.", output_schema=schema))).json()
    assert isinstance(reply["output"]["city"], str)


async def test_a_person_decides_about_a_call(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient) -> None:
    spec = {"name": f"asks-{uuid4().hex[:6]}", "prompt": "You ask.", "tools": ["ask_person"]}
    await alice.post(f"{API}/agents", json=spec)
    body = said('Ask. [[sim: ask="Which color?"]]', agent=spec["name"])
    accepted = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    reply = await in_state(alice, accepted.headers["Location"], "waiting")
    (approval,) = reply["waiting"]["approvals"]
    assert (approval["agent"], approval["question"]) == (spec["name"], "Which color?")
    shown = (await alice.get(f"{API}/approvals/{approval['id']}")).json()
    assert (shown["task_id"], shown["run_kind"]) == (reply["id"], "completion")
    listed = f"{API}/replies/{reply['id']}/approvals"
    assert (await alice.get(listed)).json()["items"] == [shown]
    assert (await bob.get(listed)).status_code == 404
    answered = await alice.post(f"{API}/approvals/{approval['id']}/answer", json={"answer": "green"})
    assert answered.status_code == 200, answered.text
    assert (await ended(alice, accepted.headers["Location"]))["status"] == "completed"
    (decided,) = (await alice.get(listed)).json()["items"]
    assert (decided["id"], decided["status"], decided["answer"]) == (shown["id"], "answered", "green")
    assert (await alice.get(listed, params={"status": "pending"})).json()["items"] == []


ASKING = 'Ask. [[sim: ask="Which color?"]]'


async def test_an_unsaved_agent_answers_with_its_tools(alice: httpx2.AsyncClient) -> None:
    draft = {"name": f"draft-{uuid4().hex[:6]}", "prompt": "You ask.", "tools": ["ask_person"], "model": FAST}
    body = {"messages": said(ASKING)["messages"], "agent_draft": draft}
    accepted = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    reply = await in_state(alice, accepted.headers["Location"], "waiting")
    assert (reply["agent"], reply["agent_version"], reply["model"]) == ("(draft)", None, FAST)
    (approval,) = reply["waiting"]["approvals"]
    await alice.post(f"{API}/approvals/{approval['id']}/answer", json={"answer": "green"})
    assert (await ended(alice, accepted.headers["Location"]))["status"] == "completed"
    cost = (await alice.get(f"{API}/replies/{reply['id']}/cost")).json()
    assert {each["agent"] for each in cost["by_agent"]} == {"(draft)"}
    assert (await alice.get(f"{API}/agents/{draft['name']}")).status_code == 404


async def test_rules_for_an_agent_count_for_its_draft(sign_up: SignUp) -> None:
    carol = await sign_up()
    draft = {"name": "asker", "prompt": "You ask.", "tools": ["ask_person"], "model": FAST}
    rule = {"tool": "ask_person", "agent": "asker", "verdict": "deny", "reason": "Not now."}
    assert (await carol.put(f"{API}/policy", json={"rules": [rule]})).status_code == 200
    reply = (await carol.post(COMPLETIONS, json={**said(ASKING), "agent_draft": draft})).json()
    messages = (await carol.get(f"{API}/replies/{reply['id']}/messages")).json()["items"]
    assert any("Not now." in each["content"] for each in messages if each["role"] == "tool"), messages


async def test_an_old_version_answers(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"old-{uuid4().hex[:6]}", "prompt": "You ask.", "tools": ["ask_person"], "model": FAST}
    await alice.post(f"{API}/agents", json=spec)
    changed = await alice.put(f"{API}/agents/{spec['name']}", json={**spec, "tools": []})
    assert changed.json()["version"] == 2
    body = said(ASKING, agent=spec["name"])
    assert (await alice.post(COMPLETIONS, json=body)).json()["agent_version"] == 2
    accepted = await alice.post(COMPLETIONS, json={**body, "agent_version": 1}, headers={"Prefer": "wait=0"})
    reply = await in_state(alice, accepted.headers["Location"], "waiting")
    assert (reply["agent"], reply["agent_version"]) == (spec["name"], 1)
    await alice.post(f"{accepted.headers['Location']}/cancel")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"agent": "writer", "agent_version": 1}, "agent_version"),
        ({"agent_version": 1}, "body"),
        ({"agent": "writer", "agent_draft": {"name": "a", "prompt": "x"}}, "body"),
        ({"agent_draft": {"name": "a"}}, "agent_draft.prompt"),
        ({"agent_draft": {"name": "a", "prompt": "x", "tools": ["nothing"]}}, "agent_draft.tools.0"),
        ({"agent_draft": {"name": "a", "prompt": "x", "model": "openai/gpt-5-mini"}}, "agent_draft.model"),
    ],
)
async def test_an_unusable_trial_is_refused_by_field(
    alice: httpx2.AsyncClient, fields: dict[str, Any], field: str
) -> None:
    answer = await alice.post(COMPLETIONS, json=said("Hello.", **fields))
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_an_unknown_version_is_named(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"one-{uuid4().hex[:6]}", "prompt": "You answer."}
    await alice.post(f"{API}/agents", json=spec)
    answer = await alice.post(COMPLETIONS, json=said("Hello.", agent=spec["name"], agent_version=9))
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "has no version 9" in answer.json()["detail"]


async def test_an_agent_delegates_within_a_reply(alice: httpx2.AsyncClient) -> None:
    spec = {"name": f"gives-{uuid4().hex[:6]}", "prompt": "You delegate.", "tools": ["delegate"]}
    await alice.post(f"{API}/agents", json=spec)
    body = said('Delegate. [[sim: delegate=analyst; instruction="Compare"; sub={tokens=5}]]', agent=spec["name"])
    reply = (await alice.post(COMPLETIONS, json=body)).json()
    assert (reply["status"], reply["subtasks_total"]) == ("completed", 1), reply
    assert reply["model_calls"] == 3


async def test_a_reply_waits_for_a_higher_budget(alice: httpx2.AsyncClient) -> None:
    body = said("Hello. [[sim: tokens=5]]", budget={"max_tokens": 10})
    accepted = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    reply = await in_state(alice, accepted.headers["Location"], "waiting")
    remedy = reply["waiting"]["remedy"]
    assert (remedy["action"], remedy["target"]) == ("raise_reply_budget", reply["id"])
    raised = await alice.post(f"{API}/replies/{reply['id']}/budget", json={"max_tokens": 100_000})
    assert raised.status_code == 200, raised.text
    assert (await ended(alice, accepted.headers["Location"]))["status"] == "completed"


async def test_other_users_find_no_reply(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, anonymous: httpx2.AsyncClient
) -> None:
    reply_id = (await alice.post(COMPLETIONS, json=said("Hello. [[sim: tokens=5]]"))).json()["id"]
    addresses = [("GET", ""), ("GET", "/events"), ("GET", "/cost"), ("GET", "/messages"), ("POST", "/cancel")]
    for method, rest in addresses:
        unknown = await bob.request(method, f"{API}/replies/{uuid4()}{rest}")
        foreign = await bob.request(method, f"{API}/replies/{reply_id}{rest}")
        assert (foreign.status_code, unknown.status_code) == (404, 404)
        assert (await anonymous.request(method, f"{API}/replies/{reply_id}{rest}")).status_code == 401
    # A reply isn't a task.
    assert (await alice.get(f"{API}/tasks/{reply_id}")).status_code == 404
    assert (await alice.get(f"{API}/tasks/{reply_id}/events")).status_code == 404


async def test_administrators_see_no_text_of_others(
    alice: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    reply_id = (await alice.post(COMPLETIONS, json=said("Hello. [[sim: tokens=5]]"))).json()["id"]
    admin = await administrator(sign_up, database)
    reply = (await admin.get(f"{API}/replies/{reply_id}")).json()
    assert (reply["status"], reply["text"]) == ("completed", None)
    assert (await admin.get(f"{API}/replies/{reply_id}/events")).status_code == 404


async def test_the_number_of_open_replies_is_limited(app: FastAPI, alice: httpx2.AsyncClient) -> None:
    parts: Parts = app.state.parts
    limited = parts.settings.model_copy(update={"max_open_replies": 1})
    app.state.parts = replace(parts, settings=limited)
    try:
        body = said("Wait. [[sim: tokens=5; delay=2]]")
        first = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
        second = await alice.post(COMPLETIONS, json=body, headers={"Prefer": "wait=0"})
    finally:
        app.state.parts = parts
    assert (first.status_code, second.status_code) == (202, 429)
    assert "max_open_replies" in second.text.lower()
    await ended(alice, first.headers["Location"])
