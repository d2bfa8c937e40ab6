"""A conversation moves from one provider to another and back, including tools.

Each server checks its requests as its vendor does (`Wire.parse`): valid IDs, exactly one result per call, and no
signatures but its own.
"""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import permutations

import pytest

from chimera.providers.base import ChatMessage, ChatRequest, Provider, ToolRequest
from tests.chimera.providers.asking import asked, provider_at
from tests.chimera.simulated import CALCULATOR, answer_of
from tests.wires.base import ModelAnswer, ReceivedRequest, Wire
from tests.wires.scripted import Scripted, running_script
from tests.wires.server import Script
from tests.wires.vendors import WIRES

MOVERS = [wire for wire in WIRES if wire.name != "simulator"]
FIRST, SECOND, THIRD = ('{"expression": "17 * 23"}', '{"expression": "2 + 2"}', '{"expression": "391 + 4"}')
TALK = (
    ("user", "What is 17 * 23, and with 2 + 2 added?"),
    ("assistant", "I work it out."),
    ("call", "calculator", FIRST),
    ("call", "calculator", SECOND),
    ("result", FIRST, "391"),
    ("result", SECOND, "4"),
    ("user", "Hurry."),
    ("call", "calculator", THIRD),
    ("result", THIRD, "395"),
)


@pytest.fixture(scope="module")
async def other_server() -> AsyncIterator[Scripted]:
    async with running_script() as running:
        yield running


class Run:
    """A conversation that grows turn by turn, as an agent's does, with one provider after another."""

    def __init__(self, wire: Wire) -> None:
        self.messages: tuple[ChatMessage, ...] = asked(wire, TALK[0][1]).messages

    async def turn(self, wire: Wire, provider: Provider, server: Scripted, answer: ModelAnswer) -> ReceivedRequest:
        """Make one turn, add the answer and its tools' results, and return what the server understood."""
        server.answers(Script(wire.frames_of(answer)))
        request: ChatRequest = asked(wire, reasoning_effort="low", tools=(CALCULATOR,), messages=self.messages)
        reply = await answer_of(provider, request)
        # The transcript stores the state as JSON.
        state = json.loads(json.dumps(reply.end.state))
        turn = ChatMessage("assistant", reply.text, reply.end.tool_calls, state=state)
        results = (ChatMessage("tool", _computed(call), tool_call_id=call.id) for call in reply.end.tool_calls)
        self.messages = (*self.messages, turn, *results)
        return wire.parse(server.bodies[0], server.targets[0])

    def add_user_message(self, text: str) -> None:
        self.messages = (*self.messages, ChatMessage("user", text))


def _computed(call: ToolRequest) -> str:
    return {FIRST: "391", SECOND: "4", THIRD: "395"}[json.dumps(json.loads(call.arguments))]


def _calls(wire: Wire) -> tuple[ToolRequest, ToolRequest, ToolRequest]:
    one, two, three = (ToolRequest(id, "calculator", "") for id in wire.call_ids)
    return replace(one, arguments=FIRST), replace(two, arguments=SECOND), replace(three, arguments=THIRD)


@pytest.mark.parametrize(("mine", "other"), list(permutations(MOVERS, 2)), ids=lambda wire: wire.name)
async def test_a_conversation_moves_to_another_provider_and_back(
    mine: Wire, other: Wire, server: Scripted, other_server: Scripted
) -> None:
    one, two, three = _calls(mine)
    run = Run(mine)
    async with provider_at(mine, server.url) as first, provider_at(other, other_server.url) as second:
        thoughts = ModelAnswer(thoughts=("Two sums.",), signed=mine.sends_state)
        answer = replace(thoughts, pieces=("I work it out.",), calls=(one, two))
        await run.turn(mine, first, server, answer)
        run.add_user_message("Hurry.")
        await run.turn(mine, first, server, replace(thoughts, calls=(three,)))

        moved = await run.turn(other, second, other_server, ModelAnswer(pieces=("It is 395.",)))
        assert moved.model == other.model
        assert moved.system == "You are helpful."
        assert moved.items == TALK
        assert moved.may_call
        assert moved.state == "", "another vendor's reasoning means nothing here"
        assert "Two sums." not in json.dumps(other_server.bodies)

        run.add_user_message("Sure?")
        back = await run.turn(mine, first, server, ModelAnswer(pieces=("Sure.",)))
        assert back.items == (*TALK, ("assistant", "It is 395."), ("user", "Sure?"))
        assert bool(back.state) == mine.sends_state, "its own reasoning is still worth something"


@pytest.mark.parametrize(("mine", "other"), list(permutations(MOVERS, 2)), ids=lambda wire: wire.name)
async def test_both_may_call_tools_in_one_conversation(
    mine: Wire, other: Wire, server: Scripted, other_server: Scripted
) -> None:
    run = Run(mine)
    async with provider_at(mine, server.url) as first, provider_at(other, other_server.url) as second:
        one, two, _ = _calls(mine)
        await run.turn(mine, first, server, ModelAnswer(pieces=("I work it out.",), calls=(one, two), signed=True))
        run.add_user_message("Hurry.")
        _, _, three = _calls(other)
        moved = await run.turn(other, second, other_server, ModelAnswer(calls=(three,), signed=True))
        assert moved.items == TALK[:-2]
        back = await run.turn(mine, first, server, ModelAnswer(pieces=("It is 395.",)))
        assert back.items == TALK
