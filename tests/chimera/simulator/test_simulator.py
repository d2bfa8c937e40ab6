"""The simulator: its answers, its directives, and what its journal records."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from chimera.providers.base import ChatMessage
from chimera.simulator.journal import Journal
from models import errors
from models.agents import BUILT_IN
from models.plans import Plan, check_plan
from tests.chimera.simulated import CALCULATOR, Running, SimulatedReply, answer_of, ask, running_simulator
from tests.until import LIMIT_S

AGENTS = tuple(agent.name for agent in BUILT_IN)


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


@pytest.mark.parametrize(
    ("directives", "count", "first_layer"),
    [("", (3, 4), None), ("[[sim plan: split=7]]", (7,), 7), ("[[sim plan: chain=5]]", (5,), 1)],
)
async def test_a_goal_is_planned(
    simulator: Running, directives: str, count: tuple[int, ...], first_layer: int | None
) -> None:
    plan = await _plan(simulator, f"Compare tea and coffee. {directives}")

    assert check_plan(plan.subtasks, agents=AGENTS) == []
    assert len(plan.subtasks) in count
    assert "tea and coffee" in plan.subtasks[0].instruction
    assert "[[" not in plan.subtasks[0].instruction
    if first_layer is not None:
        assert sum(not subtask.depends_on for subtask in plan.subtasks) == first_layer


async def test_subtasks_are_given_directives_of_their_own(simulator: Running) -> None:
    plan = await _plan(simulator, 'Anything [[sim plan: split=2; sub="tokens=50,drip=20"]]')
    assert all(subtask.instruction.endswith("[[sim: tokens=50; drip=20]]") for subtask in plan.subtasks)


async def test_the_first_subtask_is_planned_further(simulator: Running) -> None:
    plan = await _plan(simulator, 'Deep [[sim plan: split=2; nest=2; sub="tokens=9"]]')
    assert [subtask.decompose for subtask in plan.subtasks] == [True, False]

    deeper = await _plan(simulator, plan.subtasks[0].instruction)
    assert [subtask.decompose for subtask in deeper.subtasks] == [True, False]
    deepest = await _plan(simulator, deeper.subtasks[0].instruction)
    assert not any(subtask.decompose for subtask in deepest.subtasks)


async def test_a_bad_plan_is_repaired_in_the_next_round(simulator: Running) -> None:
    goal = "Anything [[sim plan: badplan=cyclic; times=1]]"
    first = await _plan(simulator, goal)
    assert "cyclic" in check_plan(first.subtasks, agents=AGENTS)[0]

    second = await _plan(simulator, goal, ChatMessage("assistant", "…"), ChatMessage("user", "It is cyclic."))
    assert check_plan(second.subtasks, agents=AGENTS) == []


async def test_an_agent_uses_as_many_turns_as_requested(simulator: Running) -> None:
    request = ask("Task:\nWork [[sim: turns=5; tokens=30]]", tools=(CALCULATOR,))
    first, *rest = request.messages[1:]
    history: list[ChatMessage] = list(rest)
    replies: list[SimulatedReply] = []
    while not replies or replies[-1].end.tool_calls:
        # A client whose context window is full sends only the question and the newest turn.
        trimmed = ask("", messages=(first, *history[-2:]), tools=(CALCULATOR,))
        replies.append(await answer_of(simulator.provider, trimmed))
        calls = replies[-1].end.tool_calls
        history += [ChatMessage("assistant", "…", calls), *(ChatMessage("tool", "7", (), call.id) for call in calls)]

    assert len(replies) == 6
    assert len({reply.end.tool_calls[0].arguments for reply in replies[:-1]}) == 5
    assert all(len(reply.text.split()) == 30 for reply in replies)


async def test_without_tools_it_answers(simulator: Running) -> None:
    assert (await answer_of(simulator.provider, ask("Task:\nWork [[sim: turns=5]]"))).text


async def test_a_tool_that_may_not_be_called_is_not(simulator: Running) -> None:
    request = ask("Task:\nWork on 17 * 23 [[sim: turns=5]]", tools=(CALCULATOR,), tool_choice="none")
    reply = await answer_of(simulator.provider, request)
    assert (reply.end.tool_calls, reply.end.finish_reason) == ((), "stop")


async def test_any_tool_can_be_asked_for(simulator: Running) -> None:
    reply = await answer_of(simulator.provider, ask("[[sim: call=telephone]]", tools=(CALCULATOR,)))
    assert reply.end.tool_calls[0].name == "telephone"


async def test_guidance_is_followed_and_may_direct(simulator: Running) -> None:
    request = ask("Task:\nWrite about tea")
    messages = (*request.messages, ChatMessage("user", "Guidance:\nmention biscuits [[sim: tokens=40]]"))
    reply = await answer_of(simulator.provider, ask("", messages=messages))
    assert "Following the guidance: mention biscuits" in reply.text
    assert reply.end.usage is not None
    assert reply.end.usage.output_tokens == 40


async def test_results_are_built_on_and_cannot_direct(simulator: Running) -> None:
    results = "## facts (Facts)\n[simulated] Tea is hot. [[sim: status=500]]\n\n## taste\nGood."
    turn = await answer_of(simulator.provider, ask(f"Task:\nJudge tea\n\nResults you build on:\n{results}"))
    assert "Building on facts, taste." in turn.text

    goal = f"Goal:\nJudge tea [[sim plan: split=9]]\n\nResults of the subtasks:\n{results}\n\nWrite the answer."
    whole = await answer_of(simulator.provider, ask(goal))
    assert "- facts: Tea is hot." in whole.text
    assert "[[" not in whole.text


async def test_scopes_select_the_calls_of_a_directive(simulator: Running) -> None:
    goal = "Goal:\nx [[sim: tokens=20]] [[sim aggregate: tokens=25]] [[sim turn: tokens=99]]"
    aggregate = await answer_of(simulator.provider, ask(f"{goal}\n\nResults of the subtasks:\n## a\nb"))
    assert aggregate.end.usage is not None
    assert aggregate.end.usage.output_tokens == 25


async def test_the_same_request_gets_the_same_answer(simulator: Running) -> None:
    texts = [(await answer_of(simulator.provider, ask(f"Task:\nTea {n}"))).text for n in (1, 1, 2)]
    assert texts[0] == texts[1]
    assert texts[0] != texts[2]


async def test_bytes_are_exact(simulator: Running) -> None:
    assert len((await answer_of(simulator.provider, ask("[[sim: bytes=123456]]"))).text) == 123456


async def test_the_same_share_of_calls_always_fails(simulator: Running) -> None:
    async def fails(call_id: str) -> bool:
        try:
            await answer_of(simulator.provider, ask("[[sim: status=500; share=0.3; tokens=3]]", call_id=call_id))
        except errors.Overloaded:
            return True
        return False

    first = [await fails(f"share-{number}") for number in range(40)]
    assert 4 <= sum(first) <= 20
    assert first == [await fails(f"share-{number}") for number in range(40)]


async def test_it_speaks_without_streaming_too(simulator: Running) -> None:
    async with httpx2.AsyncClient(base_url=simulator.url, trust_env=False, timeout=LIMIT_S) as client:
        body = {"model": "fast", "messages": [{"role": "user", "content": [{"type": "text", "text": "Say tea"}]}]}
        answer = (await client.post("/v1/chat/completions", json=body)).json()
        assert "tea" in answer["choices"][0]["message"]["content"]
        assert answer["usage"]["completion_tokens"] > 0
        names = [model["id"] for model in (await client.get("/v1/models")).json()["data"]]
        assert names == ["standard", "fast", "slow", "obedient"]
        assert (await client.get("/health")).is_success
        assert (await client.post("/v1/chat/completions", content=b"{")).status_code == 400


async def test_the_journal_counts_per_call(simulator: Running) -> None:
    request = ask("[[sim: status=500; times=1]]", call_id="counted")
    with pytest.raises(errors.Overloaded):
        await answer_of(simulator.provider, request)
    await answer_of(simulator.provider, request)
    async with httpx2.AsyncClient(base_url=simulator.url, trust_env=False, timeout=LIMIT_S) as client:
        counts = (await client.get("/journal", params={"call_id": "counted"})).json()
    assert counts["calls"] == {"counted": {"arrivals": 2, "finished": 2, "cut": 0}}


def test_a_journal_is_read_again_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    journal = Journal(path, fsync=True)
    journal.end(journal.arrive("a#turn.1", "1", "fast", 9), "finished", 5)
    journal.close()
    with path.open("a") as half:
        half.write('{"t": 1, "call_id": "a#tu')

    lines = [json.loads(line) for line in path.read_text().splitlines()[:2]]
    assert [(line["phase"], line["input_tokens"], line["output_tokens"]) for line in lines] == [
        ("arrived", 9, 0),
        ("finished", 9, 5),
    ]
    again = Journal(path)
    assert again.arrive("a#turn.1", "2", "fast", 9).number == 2
    again.close()


async def _plan(simulator: Running, goal: str, *later: ChatMessage) -> Plan:
    known = "\n".join(f"- {agent.name}: {agent.description}" for agent in BUILT_IN)
    question = f"Goal:\n{goal}\n\nAgents:\n{known}\n\nPlan at most 12 subtasks."
    request = ask(question, response_schema=Plan.model_json_schema())
    reply = await answer_of(
        simulator.provider,
        ask("", messages=(*request.messages, *later), response_schema=Plan.model_json_schema()),
    )
    return Plan.model_validate_json(reply.text)
