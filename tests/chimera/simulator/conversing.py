"""A conversation with the simulator: its tool calls are answered until it stops calling tools."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from chimera.providers.base import ChatMessage, ToolRequest, ToolSpec
from tests.chimera.simulated import Running, SimulatedReply, answer_of, ask

Answer = Callable[[ToolRequest], str]


@dataclass
class Conversed:
    """The tool calls of each turn, and the last reply."""

    turns: list[tuple[ToolRequest, ...]] = field(default_factory=list)
    last: SimulatedReply = field(default_factory=SimulatedReply)

    @property
    def text(self) -> str:
        return self.last.text

    def called(self) -> list[list[tuple[str, Any]]]:
        """Return the name and the arguments of each call, by turn."""
        return [[(call.name, json.loads(call.arguments)) for call in turn] for turn in self.turns]


def a_tool(name: str, description: str = "A tool.", **properties: dict[str, Any]) -> ToolSpec:
    """Return a tool that requires all of these arguments."""
    return ToolSpec(name, description, {"type": "object", "properties": properties, "required": list(properties)})


SEARCH = a_tool("search", query={"type": "string"})
READ = a_tool("read", path={"type": "string"}, lines={"type": "integer", "minimum": 1})


async def converse(
    simulator: Running,
    prompt: str,
    answer: Answer = lambda call: f"result of {call.name}",
    *,
    tools: tuple[ToolSpec, ...] = (SEARCH, READ),
    at_most: int = 20,
    **changes: Any,
) -> Conversed:
    """Ask, answer every tool call, and repeat. After `at_most` turns, the conversation is left."""
    request = ask(prompt, tools=tools, **changes)
    conversed = Conversed()
    for _ in range(at_most):
        conversed.last = await answer_of(simulator.provider, request)
        calls = conversed.last.end.tool_calls
        if not calls:
            break
        conversed.turns.append(calls)
        results = [ChatMessage("tool", answer(call), (), call.id) for call in calls]
        said = ChatMessage("assistant", conversed.last.text, calls)
        request = replace(request, messages=(*request.messages, said, *results))
    return conversed
