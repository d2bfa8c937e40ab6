"""The simulator's answers: deterministic, and marked as simulated."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from random import Random
from typing import Any

from chimera.simulator.conversation import Conversation
from chimera.simulator.instances import instance_of
from chimera.simulator.plans import plan_text
from chimera.simulator.prose import LABEL, of_bytes, paragraphs, pieces, poison, topic_of
from chimera.simulator.script import Script, without_directives

# Numbers with at least one operator between them. `-` and `/` need spaces, so that 2026-11-05 and 24/7 don't match.
_NUMBER = r"\d++(?:\.\d++)?\)?"
# Possessive, so that no digit is tried twice: goals can have 100,000 characters, and the server has only this thread.
_EXPRESSION = re.compile(
    rf"(?:\(|(?<!\d)){_NUMBER}(?:(?:\s*+(?:\*\*?|\+)\s*+|\s++[-/]\s++)\(?{_NUMBER})++",
)


@dataclass(frozen=True, slots=True)
class ToolCall:
    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class SimulatedAnswer:
    """An answer before it is sent: its text as tokens, and an optional tool call."""

    tokens: list[str] = field(default_factory=list)
    tool: ToolCall | None = None
    finish: str = "stop"

    @property
    def size_tokens(self) -> int:
        return len(self.tokens) + (len(self.tool.arguments) // 4 + 4 if self.tool else 0)


def answer_to(
    conversation: Conversation, script: Script, *, seed: int, body: dict[str, Any], idle: Sequence[str] = ()
) -> SimulatedAnswer:
    """Generate the answer that `script` demands, or a plausible one.

    A scripted length may exceed the request's limit. The answer begins with a note on the directives without effect
    (`idle`), which doesn't count toward a scripted length.
    """
    random = _random(seed, body)
    answer = _answer(conversation, script, random)
    if idle and not script.null:
        answer = replace(answer, tokens=[*_note_on(idle), *answer.tokens])
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    scripted = script.tokens is not None or script.bytes is not None or conversation.purpose == "plan"
    if isinstance(limit, int) and len(answer.tokens) > limit and not scripted:
        return SimulatedAnswer(answer.tokens[:limit], None, "length")
    if script.finish:
        return SimulatedAnswer(answer.tokens, answer.tool, script.finish)
    return answer


def _answer(conversation: Conversation, script: Script, random: Random) -> SimulatedAnswer:
    if script.null:
        return SimulatedAnswer()
    if script.poison:
        return SimulatedAnswer(poison(script.poison))
    if conversation.purpose == "plan":
        return SimulatedAnswer(pieces(plan_text(random, conversation.subject, conversation.agents, script)))
    tool = _tool_call(conversation, script)
    if tool is not None:
        text = _text(conversation, script, random) if script.tokens or script.bytes else []
        return SimulatedAnswer(text, tool, "tool_calls")
    if conversation.schema is not None and conversation.replies >= script.badjson:
        return SimulatedAnswer(pieces(json.dumps(instance_of(conversation.schema, conversation.schema))))
    return SimulatedAnswer(_text(conversation, script, random))


def _tool_call(conversation: Conversation, script: Script) -> ToolCall | None:
    if not conversation.tools:
        return None
    turn = conversation.turn
    if script.badargs and turn == 1:
        return ToolCall("call_1", conversation.tools[0], '{"expression": "1 +')
    if script.tool and turn == 1:
        return _calls(script.tool, turn, "1 + 1")
    if turn <= script.turns:
        return _calls(_calculator(conversation), turn, "6 * 7" if script.same else f"{turn} * 7")
    expression = _EXPRESSION.search(conversation.subject)
    if expression and turn == 1 and "calculator" in conversation.tools and not script.tool:
        return _calls("calculator", turn, _balanced(expression[0]))
    return None


def _calls(name: str, turn: int, expression: str) -> ToolCall:
    return ToolCall(f"call_{turn}", name, json.dumps({"expression": expression}))


def _calculator(conversation: Conversation) -> str:
    return "calculator" if "calculator" in conversation.tools else conversation.tools[0]


def _balanced(expression: str) -> str:
    return expression if expression.count("(") == expression.count(")") else re.sub(r"[()]", "", expression)


def _text(conversation: Conversation, script: Script, random: Random) -> list[str]:
    if script.bytes is not None:
        return of_bytes(script.bytes)
    opening = _opening(conversation, script)
    count = script.tokens if script.tokens is not None else len(opening.split(" ")) + random.randint(60, 140)
    return paragraphs(random, topic_of(conversation.subject), opening, count, exact=script.tokens is not None)


def _opening(conversation: Conversation, script: Script) -> str:
    """Return the opening: guidance followed, a computed figure, the results used."""
    topic = topic_of(conversation.subject)
    parts = []
    if conversation.guidance:
        parts.append(f"Following the guidance: {_short(conversation.guidance, 200)}")
    if conversation.image_count:
        shown = f"{conversation.image_count} image{'s' if conversation.image_count > 1 else ''}"
        parts.append(f"{shown} attached, but no model looked at {'them' if conversation.image_count > 1 else 'it'}")
    if conversation.tool_result is not None:
        # With `turns`, the tool was called with another expression.
        expression = None if script.turns else _EXPRESSION.search(conversation.subject)
        of = f" for {expression[0]}" if expression else ""
        parts.append(f"The calculation{of} gives {_short(conversation.tool_result, 80)}")
    if conversation.purpose == "aggregate":
        found = "\n".join(f"- {key}: {_gist(result)}" for key, result in conversation.results.items())
        parts.append(f"On “{topic}” the subtasks found:\n\n{found}\n\nPut together, they agree more than they differ")
    elif conversation.results:
        parts.append(f"Building on {', '.join(conversation.results)}")
    else:
        parts.append(f"On “{topic}”")
    return _sentences(parts)


def _sentences(parts: list[str]) -> str:
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts)


def _note_on(idle: Sequence[str]) -> list[str]:
    words = f"{LABEL} Note from the simulator: {'. '.join(idle)}.".split(" ")
    return [*(f"{word} " for word in words[:-1]), f"{words[-1]}\n\n"]


def _gist(result: str) -> str:
    plain = without_directives(result).replace(LABEL, "").strip()
    return _short(plain, 160)


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rsplit(" ", 1)[0] + "…"


def _random(seed: int, body: dict[str, Any]) -> Random:
    digest = blake2b(json.dumps(body.get("messages")).encode(), digest_size=8)
    return Random(f"{seed}/{body.get('model')}/{digest.hexdigest()}")  # noqa: S311  (repeatable, not secret)
