"""Valid directives without effect: the simulator reports them in its own name."""

import json
from collections.abc import AsyncIterator

import httpx2
import pytest

from chimera.providers.base import ChatMessage, ToolRequest
from models import errors
from models.plans import Plan
from tests.chimera.simulated import CALCULATOR, Running, answer_of, ask, running_simulator
from tests.until import LIMIT_S

NOTE = "[simulated] Note from the simulator: "
NO_TOOL = "had no effect, because this request doesn't allow tool calls."


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


@pytest.mark.parametrize(
    ("directives", "named"),
    [
        ("call=rocket", "'call'"),
        ("badargs=1", "'badargs'"),
        ("turns=3; same=1", "'turns', 'same'"),
        ("cut=in_tool_args", "'cut=in_tool_args'"),
        ("call=a; turns=2; badargs=1; cut=in_tool_args:length; times=1", "'call', 'turns', 'badargs', 'cut=in"),
    ],
)
async def test_ineffective_tool_directives_are_noted(simulator: Running, directives: str, named: str) -> None:
    reply = await answer_of(simulator.provider, ask(f"Task:\nTides [[sim: {directives}]]"))
    note, _, answer = reply.text.partition("\n\n")
    assert note.startswith(f"{NOTE}{named}")
    assert note.endswith(NO_TOOL)
    assert answer.startswith("[simulated] On “Tides”")


async def test_uncallable_tools_count_as_missing(simulator: Running) -> None:
    request = ask("Task:\nTides [[sim: turns=3]]", tools=(CALCULATOR,), tool_choice="none")
    assert (await answer_of(simulator.provider, request)).text.startswith(NOTE)


async def test_directives_that_had_their_effect_are_not_mentioned(simulator: Running) -> None:
    question = ChatMessage("user", "Task:\nTides [[sim: turns=1; cut=in_tool_args; times=1; model=slow; tokens=9]]")
    request = ask("", messages=(question,), tools=(CALCULATOR,))
    reply = await answer_of(simulator.provider, request)
    assert NOTE not in reply.text
    (call,) = reply.end.tool_calls
    later = (question, ChatMessage("assistant", "", (call,)), ChatMessage("tool", "7", (), call.id))
    for tools in ((CALCULATOR,), ()):
        last = await answer_of(simulator.provider, ask("", messages=later, tools=tools))
        assert len(last.text.split(" ")) == 9


@pytest.mark.parametrize(
    ("directives", "note"),
    [
        (
            "split=3; agent=writer",
            "'split', 'agent' had no effect, because only [[sim plan: …]] in a goal supports this.",
        ),
        ("code=insufficient_quota", "'code' had no effect, because it also needs status."),
        ("times=2; tokens=5", "'times' had no effect, because it also needs a fault."),
        (
            "same=1; split=2",
            "'split' had no effect, because only [[sim plan: …]] in a goal supports this. 'same' had no effect,",
        ),
    ],
)
async def test_directives_without_their_place_are_named(simulator: Running, directives: str, note: str) -> None:
    request = ask(f"Task:\nTides [[sim: {directives}]]", tools=(CALCULATOR,))
    assert (await answer_of(simulator.provider, request)).text.startswith(NOTE + note)


async def test_ineffective_stream_directives_are_noted(simulator: Running) -> None:
    body = {"model": "fast", "messages": [{"role": "user", "content": "Tides [[sim: cut=after:5; drip=9]]"}]}
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        answer = (await client.post(f"{simulator.url}/v1/chat/completions", json=body)).json()
    text = answer["choices"][0]["message"]["content"]
    assert text.startswith(f"{NOTE}'drip', 'cut' had no effect, because this request is not streamed.")


@pytest.mark.parametrize("directives", ["split=2; turns=2; tokens=9", "agent=writer", "cut=in_tool_args"])
async def test_plan_requests_refuse_ineffective_directives(simulator: Running, directives: str) -> None:
    question = f"Goal:\nTides [[sim plan: {directives}]]\n\nAgents:\n- writer: Writes."
    with pytest.raises(errors.BadRequest, match=r"Simulator: '.+ had no effect, because "):
        await answer_of(simulator.provider, ask(question, response_schema=Plan.model_json_schema()))


async def test_embedding_requests_refuse_ineffective_directives(simulator: Running) -> None:
    body = {"model": "embedding", "input": "Tides [[sim: turns=3; cut=in_tool_args]]"}
    async with httpx2.AsyncClient(trust_env=False, timeout=LIMIT_S) as client:
        refused = await client.post(f"{simulator.url}/v1/embeddings", json=body)
    assert refused.status_code == 400
    assert "'turns', 'cut=in_tool_args' had no effect" in json.loads(refused.content)["error"]["message"]


async def test_an_answered_tool_call_counts_as_a_turn(simulator: Running) -> None:
    call = ToolRequest("call_2", "calculator", "{}")
    messages = (
        ChatMessage("user", "Task:\nTides [[sim: turns=9; tokens=7]]"),
        ChatMessage("assistant", "", (call,)),
        ChatMessage("tool", "7", (), "call_2"),
    )
    assert len((await answer_of(simulator.provider, ask("", messages=messages))).text.split(" ")) == 7
