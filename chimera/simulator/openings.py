"""The opening of an answer: it shows what arrived, such as guidance, tool results, images and results of subtasks."""

import json

from chimera.simulator.conversation import Conversation
from chimera.simulator.directives import without_directives
from chimera.simulator.messages import ToolResult
from chimera.simulator.prose import LABEL, topic_of
from chimera.simulator.script import Script
from chimera.simulator.turns import CALCULATOR

MOST_RESULTS = 8
"""The number of tool results that an answer quotes, newest first to be kept."""
_IMAGES = 4
_RESULT_CHARS = 300


def opening_of(conversation: Conversation, script: Script) -> str:
    """Return the sentences with which an answer begins. `say` replaces the one about the topic."""
    parts = []
    if conversation.guidance:
        parts.append(f"Following the guidance: {_short(conversation.guidance, 200)}")
    if conversation.images:
        parts.append(_on_images(conversation.images))
    parts += [_on_result(result) for result in _quoted(conversation, script)]
    if script.say:
        return f"{_sentences(parts)} {script.say}".strip()
    topic = topic_of(conversation.subject)
    if conversation.purpose == "aggregate":
        found = "\n".join(f"- {key}: {_gist(result)}" for key, result in conversation.results.items())
        parts.append(f"On “{topic}” the subtasks found:\n\n{found}\n\nPut together, they agree more than they differ")
    elif conversation.results:
        parts.append(f"Building on {', '.join(conversation.results)}")
    else:
        parts.append(f"On “{topic}”")
    return _sentences(parts)


def _quoted(conversation: Conversation, script: Script) -> list[ToolResult]:
    """Return the results to quote. Of many calls that `turns` alone demands, only the newest turn's are quoted."""
    only_latest = script.turns and not script.steps
    return conversation.tool_results[-min(MOST_RESULTS, conversation.latest_results if only_latest else MOST_RESULTS) :]


def _on_result(result: ToolResult) -> str:
    text = without_directives(result.text)
    if result.tool not in (CALCULATOR, ""):
        return f"The tool {result.tool} returned: {_short(text, _RESULT_CHARS)}"
    expression = _expression_of(result)
    return f"The calculation{f' for {expression}' if expression else ''} gives {_short(text, 80)}"


def _expression_of(result: ToolResult) -> str:
    try:
        arguments = json.loads(result.arguments)
    except ValueError:
        return ""
    return _short(str(arguments.get("expression", "")), 80) if isinstance(arguments, dict) else ""


def _on_images(images: list[str]) -> str:
    count = f"{len(images)} image{'s' if len(images) > 1 else ''}"
    listed = "; ".join([*images[:_IMAGES], *(["…"] if len(images) > _IMAGES else [])])
    return f"{count} attached ({listed}), but no model looked at {'them' if len(images) > 1 else 'it'}"


def _sentences(parts: list[str]) -> str:
    return " ".join(part if part.endswith((".", "!", "?")) else f"{part}." for part in parts)


def _gist(result: str) -> str:
    plain = without_directives(result).replace(LABEL, "").strip()
    return _short(plain, 160)


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1].rsplit(" ", 1)[0] + "…"
