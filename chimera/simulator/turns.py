"""The tool calls of a turn: those of directives, of instructions that an obedient model follows, and arithmetic."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chimera.simulator.answers import ToolCall
from chimera.simulator.conversation import Conversation
from chimera.simulator.directives import is_balanced, written
from chimera.simulator.expressions import balanced, expression_in
from chimera.simulator.obedience import Instruction
from chimera.simulator.prose import topic_of
from chimera.simulator.samples import sample_of
from chimera.simulator.script import Script
from chimera.simulator.steps import RESULT, RESULTS, TURN, ScriptedCall
from chimera.simulator.values import count_text, one_less

CALCULATOR = "calculator"
MAX_WIDTH = 100
_RESULT_CHARS = 4_000
_PLACEHOLDER = re.compile("|".join(map(re.escape, (RESULTS, RESULT, TURN))))
_BROKEN = '{"expression": "1 +'


@dataclass(frozen=True, slots=True)
class _Call:
    tool: str
    arguments: str


def calls_of(conversation: Conversation, script: Script, told: Sequence[Instruction]) -> tuple[ToolCall, ...]:
    """Return the tool calls of this turn; none if the request doesn't allow any. `told` are instructions to obey."""
    if not conversation.tools:
        return ()
    calls = [*_scripted(conversation, script), *(_Call(each.tool, each.arguments) for each in told)]
    if script.badargs and conversation.turn == script.since:
        calls = _with_broken_arguments(conversation, calls)
    calls = calls or _arithmetic(conversation, script)
    number = conversation.turn
    return tuple(
        ToolCall(f"call_{number}{f'_{place}' if place > 1 else ''}", call.tool, _filled(call, conversation, script))
        for place, call in enumerate(calls, start=1)
    )


def _scripted(conversation: Conversation, script: Script) -> list[_Call]:
    passed = conversation.turn - script.since
    steps = script.steps or ([(ScriptedCall("call", _any_tool(conversation)),)] if script.turns else [])
    if passed < 0 or passed >= (script.turns or len(steps)):
        return []
    return [call for scripted in steps[passed % len(steps)] for call in _calls(scripted, conversation, script)]


def _calls(scripted: ScriptedCall, conversation: Conversation, script: Script) -> list[_Call]:
    """Return a scripted call; a delegation as often as its width demands."""
    if scripted.text is not None:
        return [_Call(scripted.tool, scripted.text)]
    if scripted.key == "delegate":
        count = min(scripted.width, MAX_WIDTH)
        return [
            _Call(scripted.tool, json.dumps(_delegation(scripted, number, count, conversation, script)))
            for number in range(1, count + 1)
        ]
    arguments = scripted.arguments
    if arguments is None:
        arguments = _default_arguments(scripted.tool, conversation)
    return [_Call(scripted.tool, json.dumps(arguments))]


def _default_arguments(tool: str, conversation: Conversation) -> dict[str, Any]:
    """Return arguments that match the tool's schema, and that differ in each turn if they contain text."""
    if tool == CALCULATOR:
        return {"expression": f"{TURN} * 7"}
    sample = sample_of(conversation.tools.get(tool, {}), mark=f" {TURN}")
    return sample if isinstance(sample, dict) else {}


def _delegation(
    scripted: ScriptedCall, number: int, count: int, conversation: Conversation, script: Script
) -> dict[str, Any]:
    """Return the arguments of a delegation. Each level's instruction contains the directives for the next one.

    Only the number of levels becomes smaller, so the text doesn't grow with the tree.
    """
    arguments = scripted.arguments or {}
    part = f"Part {number} of {count}: " if count > 1 else ""
    instruction = str(arguments.get("instruction", f"Look into {topic_of(conversation.subject)}."))
    items = [script.sub]
    if scripted.grow > 1:
        given = arguments.get("instruction")
        items = [
            f"delegate={arguments.get('agent', '')}",
            f"grow={count_text(one_less(scripted.grow))}",
            f"width={count}" if count > 1 else "",
            f"instruction={{{given}}}" if given and is_balanced(str(given)) else "",
            f"sub={{{script.sub}}}" if script.sub else "",
            script.sub,
        ]
    directives = written("", "; ".join(filter(None, items)))
    return arguments | {"instruction": f"{part}{instruction}{directives}"}


def _with_broken_arguments(conversation: Conversation, calls: list[_Call]) -> list[_Call]:
    """Cut the arguments of the first call in the middle."""
    if not calls:
        return [_Call(next(iter(conversation.tools)), _BROKEN)]
    first = calls[0]
    return [_Call(first.tool, first.arguments[: max(1, len(first.arguments) // 2)]), *calls[1:]]


def _arithmetic(conversation: Conversation, script: Script) -> list[_Call]:
    if conversation.turn > 1 or script.steps or CALCULATOR not in conversation.tools:
        return []
    expression = expression_in(conversation.subject)
    return [_Call(CALCULATOR, json.dumps({"expression": balanced(expression)}))] if expression else []


def _filled(call: _Call, conversation: Conversation, script: Script) -> str:
    """Replace the placeholders in a call's arguments. `same` demands the first turn's arguments in every turn."""
    number = 1 if script.same else conversation.turn - script.since + 1
    results = [result.text[:_RESULT_CHARS] for result in conversation.tool_results]
    values = {RESULTS: "\n".join(results), RESULT: results[-1] if results else "", TURN: str(number)}
    # In one pass, because results may contain placeholders themselves.
    return _PLACEHOLDER.sub(lambda found: json.dumps(values[found[0]])[1:-1], call.arguments)


def _any_tool(conversation: Conversation) -> str:
    return CALCULATOR if CALCULATOR in conversation.tools else next(iter(conversation.tools))
