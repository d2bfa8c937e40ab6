"""Parses a request's messages, in the form in which Chimera writes them.

An agent's instruction begins with `Task:`. A goal to plan for begins with `Goal:`; if `Results of the subtasks:`
follows, these results are to be combined. A user's message that steers the run begins with `Guidance:`. Otherwise, the
first user message is the instruction.
"""

import re
from dataclasses import dataclass
from typing import Any

from chimera.simulator.script import Purpose, without_directives

_RESULTS = re.compile(r"^(?:Results you build on|Results of the subtasks):", re.MULTILINE)
_SECTION = re.compile(r"^## ([a-z0-9][a-z0-9_-]{0,39})(?: \(.*\))?$", re.MULTILINE)
_LABEL = re.compile(r"^\s*(?:Task|Goal):\s*")
_AGENTS_HEADING = re.compile(r"^Agents:\s*$", re.MULTILINE)
_AGENT_LINE = re.compile(r"^- ([a-z][a-z0-9_-]{0,59}):", re.MULTILINE)
_TURN_ID = re.compile(r"call_(\d+)")


@dataclass(frozen=True, slots=True)
class Conversation:
    """The parsed messages of a request."""

    purpose: Purpose
    directive_texts: list[str]
    subject: str
    """The goal or the instruction, without directives."""
    results: dict[str, str]
    guidance: str
    agents: list[str]
    tool_result: str | None
    """The newest tool result."""
    turn: int
    """This turn's number, from 1. It is derived from tool call ids, so that it stays right when older messages are
    trimmed."""
    replies: int
    tools: list[str]
    schema: dict[str, Any] | None
    """The JSON Schema of a typed answer that isn't a plan."""
    image_count: int
    input_tokens: int


def read_conversation(body: dict[str, Any]) -> Conversation:
    """Parse a chat-completions request."""
    messages = [message for message in body.get("messages", ()) if isinstance(message, dict)]
    texts = [_text_of(message.get("content")) for message in messages]
    own = [text for message, text in zip(messages, texts, strict=True) if message.get("role") == "user"]
    guidance = [text for text in own if text.startswith("Guidance:")]
    first = next((text for text in own if text not in guidance), "")
    asked, results = _without_results(first)
    agents_heading = _AGENTS_HEADING.search(asked)
    subject = asked[: agents_heading.start()] if agents_heading else asked
    purpose = _purpose(body, first)
    tool_results = [text for message, text in zip(messages, texts, strict=True) if message.get("role") == "tool"]
    return Conversation(
        purpose=purpose,
        directive_texts=[asked, *guidance],
        subject=without_directives(_LABEL.sub("", subject, count=1)),
        results=results,
        guidance=without_directives(guidance[-1].removeprefix("Guidance:")) if guidance else "",
        agents=_AGENT_LINE.findall(asked[agents_heading.end() :]) if agents_heading else [],
        tool_result=tool_results[-1] if tool_results else None,
        turn=_turn(messages),
        replies=sum(message.get("role") == "assistant" for message in messages),
        tools=_tools(body),
        schema=None if purpose == "plan" else _schema(body),
        image_count=sum(_images_in(message.get("content")) for message in messages),
        input_tokens=max(1, sum(map(len, texts)) // 4),
    )


def _purpose(body: dict[str, Any], first: str) -> Purpose:
    if first.startswith("Goal:") and "Results of the subtasks:" in first:
        return "aggregate"
    # An agent's answer may have a schema, too.
    return "plan" if _schema(body) is not None and not first.startswith("Task:") else "turn"


def _schema(body: dict[str, Any]) -> dict[str, Any] | None:
    form = body.get("response_format") or {}
    if form.get("type") != "json_schema":
        return None
    schema = (form.get("json_schema") or {}).get("schema")
    return schema if isinstance(schema, dict) else {}


def _tools(body: dict[str, Any]) -> list[str]:
    """Return the names of the tools that may be called."""
    if body.get("tool_choice") == "none":
        return []
    return [str(tool.get("function", {}).get("name", "")) for tool in body.get("tools") or ()]


def _text_of(content: object) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _images_in(content: object) -> int:
    parts = content if isinstance(content, list) else ()
    return sum(isinstance(part, dict) and part.get("type") == "image_url" for part in parts)


def _without_results(text: str) -> tuple[str, dict[str, str]]:
    heading = _RESULTS.search(text)
    if heading is None:
        return text, {}
    parts = _SECTION.split(text[heading.end() :].removesuffix("\n\nWrite the answer."))
    return text[: heading.start()], dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))


def _turn(messages: list[dict[str, Any]]) -> int:
    ids = [str(call.get("id", "")) for message in messages for call in message.get("tool_calls") or ()]
    ids += [str(message.get("tool_call_id", "")) for message in messages]
    seen = [int(match[1]) for match in map(_TURN_ID.fullmatch, ids) if match]
    return max(seen, default=sum(message.get("role") == "assistant" for message in messages)) + 1
