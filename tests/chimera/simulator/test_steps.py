"""Directives for tool calls: which calls are made in which turn, with which arguments."""

import json
from collections.abc import AsyncIterator

import pytest

from chimera.providers.base import ChatMessage, Image
from models import errors
from tests.chimera.simulated import CALCULATOR, Running, answer_of, ask, running_simulator
from tests.chimera.simulator.conversing import READ, SEARCH, converse


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


async def test_a_tool_is_called_and_quoted(simulator: Running) -> None:
    done = await converse(
        simulator, 'Task:\nTea [[sim: call=search; args={"query": "green; \\"tea\\", [[1]]"}]]', lambda _: "CANARY-1"
    )
    assert done.called() == [[("search", {"query": 'green; "tea", [[1]]'})]]
    assert done.text.startswith("[simulated] The tool search returned: CANARY-1. On “Tea”.")


async def test_several_calls_are_made_at_once(simulator: Running) -> None:
    prompt = 'x [[sim: call=search; args={"query": "a"}; call=read; args={"path": "b", "lines": 2}]]'
    done = await converse(simulator, prompt)
    assert done.called() == [[("search", {"query": "a"}), ("read", {"path": "b", "lines": 2})]]
    assert len({call.id for call in done.turns[0]}) == 2
    assert "search returned: result of search. The tool read returned: result of read." in done.text


async def test_several_tools_share_their_arguments(simulator: Running) -> None:
    done = await converse(simulator, 'x [[sim: call=search, read; args={"query": "a"}]]')
    assert done.called() == [[("search", {"query": "a"}), ("read", {"query": "a"})]]


async def test_turns_follow_each_other(simulator: Running) -> None:
    prompt = 'x [[sim: call=search; args={"query": "a"}; then; call=read,search; then; ask="Why?"]]'
    done = await converse(simulator, prompt)
    assert [[name for name, _ in turn] for turn in done.called()] == [["search"], ["read", "search"], ["ask_person"]]
    assert done.text.count("returned:") == 4


@pytest.mark.parametrize(
    ("directives", "queries"),
    [
        ('call=search; args={"query": "tea"}; turns=3', ["tea", "tea", "tea"]),
        ('call=search; args={"query": "tea $turn"}; turns=3', ["tea 1", "tea 2", "tea 3"]),
        ('call=search; args={"query": "tea $turn"}; turns=3; same=1', ["tea 1", "tea 1", "tea 1"]),
        ("call=search; turns=2", ["[simulated] query 1", "[simulated] query 2"]),
        (
            'call=search; args={"query": "a"}; then; call=search; args={"query": "b"}; turns=5',
            ["a", "b", "a", "b", "a"],
        ),
    ],
    ids=["the same", "different", "the first", "generated", "in rotation"],
)
async def test_calls_are_repeated(simulator: Running, directives: str, queries: list[str]) -> None:
    done = await converse(simulator, f"x [[sim: {directives}]]")
    assert [turn[0][1]["query"] for turn in done.called()] == queries


async def test_a_model_may_never_stop(simulator: Running) -> None:
    done = await converse(simulator, 'x [[sim: ask="And now?"; turns=forever]]', lambda _: "Go on.", at_most=12)
    assert done.called() == [[("ask_person", {"question": "And now?"})]] * 12


async def test_a_person_is_asked(simulator: Running) -> None:
    prompt = 'x [[sim: ask="Which color, please?"; options=red, green; default=red; wait=60]]'
    done = await converse(simulator, prompt, lambda _: "green")
    wanted = {"question": "Which color, please?", "options": ["red", "green"], "default": "red", "wait_s": 60}
    assert done.called() == [[("ask_person", wanted)]]
    assert "The tool ask_person returned: green." in done.text


async def test_details_may_be_given_as_arguments(simulator: Running) -> None:
    done = await converse(simulator, 'x [[sim: ask="Why?"; args={"urgent": true}]]')
    assert done.called() == [[("ask_person", {"question": "Why?", "urgent": True})]]


async def test_a_result_is_passed_on(simulator: Running) -> None:
    prompt = (
        'x [[sim: call=read; then; call=read; then; call=search; args={"query": "$result"}; call=search;'
        ' args={"query": "all: $results"}]]'
    )
    texts = iter(['first "$turn"', "second\nline", "", ""])
    done = await converse(simulator, prompt, lambda _: next(texts))
    assert done.called()[2] == [
        ("search", {"query": "second\nline"}),
        ("search", {"query": 'all: first "$turn"\nsecond\nline'}),
    ]


async def test_wrong_arguments_are_sent_as_written(simulator: Running) -> None:
    prompt = 'x [[sim: call=read; args={"path": 7, "lines": "many"}; call=search; args="[1, 2"]]'
    reply = await answer_of(simulator.provider, ask(prompt, tools=(READ, SEARCH)))
    assert [call.arguments for call in reply.end.tool_calls] == ['{"path": 7, "lines": "many"}', "[1, 2"]


async def test_scripted_arguments_can_be_broken(simulator: Running) -> None:
    reply = await answer_of(
        simulator.provider, ask('x [[sim: call=read; args={"path": "tea"}; badargs=1]]', tools=(READ,))
    )
    (call,) = reply.end.tool_calls
    assert call.name == "read"
    with pytest.raises(ValueError, match=r"Expecting|Unterminated"):
        json.loads(call.arguments)


async def test_generated_arguments_match_the_schema(simulator: Running) -> None:
    done = await converse(simulator, "x [[sim: call=read]]")
    assert done.called() == [[("read", {"path": "[simulated] path 1", "lines": 1})]]


async def test_guidance_may_demand_calls(simulator: Running) -> None:
    prompt = ChatMessage("user", "Task:\nTea [[sim: call=search; turns=2]]")
    request = ask("", messages=(prompt,), tools=(SEARCH, READ))
    for _ in range(2):
        (call,) = (await answer_of(simulator.provider, request)).end.tool_calls
        done = (ChatMessage("assistant", "", (call,)), ChatMessage("tool", "7", (), call.id))
        request = ask("", messages=(*request.messages, *done), tools=(SEARCH, READ))
    guided = ChatMessage("user", "Guidance:\nRead first [[sim: call=read]]")
    reply = await answer_of(simulator.provider, ask("", messages=(*request.messages, guided), tools=(SEARCH, READ)))
    assert [(call.id, call.name) for call in reply.end.tool_calls] == [("call_3", "read")]
    done = (ChatMessage("assistant", "", reply.end.tool_calls), ChatMessage("tool", "7", (), "call_3"))
    last = ask("", messages=(*request.messages, guided, *done), tools=(SEARCH, READ))
    assert (await answer_of(simulator.provider, last)).end.tool_calls == ()


async def test_arithmetic_shows_its_expression(simulator: Running) -> None:
    done = await converse(simulator, "Task:\nWhat is 17 * 23?", lambda _: "391", tools=(CALCULATOR,))
    assert "The calculation for 17 * 23 gives 391." in done.text


async def test_images_are_identified(simulator: Running) -> None:
    message = ChatMessage("user", "Task:\nLook", images=(Image("image/png", b"abc"),))
    reply = await answer_of(simulator.provider, ask("", messages=(message,)))
    expected = "1 image attached (image/png, 3 bytes, SHA-256 ba7816bf), but no model looked at it."
    assert reply.text.startswith(f"[simulated] {expected}")


async def test_an_answer_can_be_dictated(simulator: Running) -> None:
    said = '[[obey: call search {"query": "x; y"}]] is "quoted"'
    reply = await answer_of(simulator.provider, ask(f"Task:\nTea [[sim: say={{{said}}}]]", tools=(SEARCH,)))
    assert reply.text == f"[simulated] {said}"


@pytest.mark.parametrize(
    ("directives", "advice"),
    [
        ("tool=x", "Did you mean 'call'?"),
        ("cal=x", "Did you mean 'call'?"),
        ("call=a; thn; call=b", "Did you mean 'then'?"),
        ("call=a; args=5", 'args={"query": "tea"}'),
        ('call=a; args={"a": }', 'args={"query": "tea"}'),
        ('call=a; args={"a": 1', "Add a closing brace"),
        ('args={"a": 1}', "'args' has to follow call, ask or delegate"),
        ("call=a; options=b", "'options' has to follow ask"),
        ("ask=b; grow=2", "'grow' has to follow delegate"),
        ("ask=b; wait=soon", "Use a positive number"),
        ("delegate=b; width=0", "Use a positive number"),
        ("turns=-1", "Use a number or forever"),
        ("call=", "'call' needs a value"),
        ("then; call=a", "has to follow call, ask or delegate"),
        ("call=a; then", "add the calls of the next turn"),
        ("turns=ever", "Use a number or forever"),
        ("sub={tokens=5", "Add a closing brace"),
    ],
)
async def test_misspelt_calls_are_refused_with_advice(simulator: Running, directives: str, advice: str) -> None:
    with pytest.raises(errors.BadRequest) as raised:
        await answer_of(simulator.provider, ask(f"x [[sim: {directives}]]", tools=(SEARCH,)))
    assert advice in raised.value.message
