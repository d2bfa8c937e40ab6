"""The simulator's answers: deterministic, and marked as simulated."""

import json
from collections.abc import Sequence
from dataclasses import replace
from hashlib import blake2b
from random import Random
from typing import Any

from chimera.simulator.answers import SimulatedAnswer
from chimera.simulator.conversation import Conversation
from chimera.simulator.obedience import Instruction, instructions_in
from chimera.simulator.openings import opening_of
from chimera.simulator.plans import plan_text
from chimera.simulator.prose import LABEL, of_bytes, paragraphs, pieces, poison, topic_of
from chimera.simulator.script import Script
from chimera.simulator.structured import structured_answer
from chimera.simulator.turns import calls_of


def answer_to(
    conversation: Conversation, script: Script, *, seed: int, body: dict[str, Any], idle: Sequence[str] = ()
) -> SimulatedAnswer:
    """Generate the answer that `script` demands, or a plausible one.

    A scripted length may exceed the request's limit. The answer begins with a note on the directives without effect
    (`idle`), which doesn't count toward a scripted length.
    """
    told = instructions_in(body) if script.obey and conversation.tools else []
    answer = _answer(conversation, script, _random(seed, body), told)
    if idle and not script.null:
        answer = replace(answer, tokens=[*_note_on(idle), *answer.tokens])
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    scripted = script.tokens is not None or script.bytes is not None or conversation.purpose == "plan"
    if isinstance(limit, int) and len(answer.tokens) > limit and not scripted:
        return SimulatedAnswer(answer.tokens[:limit], (), "length")
    if script.finish:
        return replace(answer, finish=script.finish)
    return answer


def _answer(conversation: Conversation, script: Script, random: Random, told: Sequence[Instruction]) -> SimulatedAnswer:
    if script.null:
        return SimulatedAnswer()
    if script.poison:
        return SimulatedAnswer(poison(script.poison))
    if conversation.purpose == "plan":
        return SimulatedAnswer(pieces(plan_text(random, conversation.subject, conversation.agents, script)))
    tools = calls_of(conversation, script, told)
    if tools:
        text = _text(conversation, script, random) if script.tokens or script.bytes else []
        return SimulatedAnswer(text, tools, "tool_calls")
    if conversation.schema is not None:
        return SimulatedAnswer(pieces(structured_answer(conversation, script, conversation.schema)))
    return SimulatedAnswer(_text(conversation, script, random))


def _text(conversation: Conversation, script: Script, random: Random) -> list[str]:
    if script.bytes is not None:
        return of_bytes(script.bytes)
    opening = opening_of(conversation, script)
    count = script.tokens
    if count is None:
        count = 0 if script.say else len(opening.split(" ")) + random.randint(60, 140)
    return paragraphs(random, topic_of(conversation.subject), opening, count, exact=script.tokens is not None)


def _note_on(idle: Sequence[str]) -> list[str]:
    words = f"{LABEL} Note from the simulator: {'. '.join(idle)}.".split(" ")
    return [*(f"{word} " for word in words[:-1]), f"{words[-1]}\n\n"]


def _random(seed: int, body: dict[str, Any]) -> Random:
    digest = blake2b(json.dumps(body.get("messages")).encode(), digest_size=8)
    return Random(f"{seed}/{body.get('model')}/{digest.hexdigest()}")  # noqa: S311  (repeatable, not secret)
