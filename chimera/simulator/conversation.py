"""Parses a request's messages, in the form in which Chimera writes them.

An agent's instruction begins with `Task:`. A goal to plan for begins with `Goal:`; if `Results of the subtasks:`
follows, these results are to be combined. A user's message that steers the run begins with `Guidance:`. Otherwise, the
newest question of the user is the instruction.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chimera.simulator.directives import without_directives
from chimera.simulator.messages import ToolResult, images_in, messages_in, text_of, tool_results_in, turn_of
from chimera.simulator.script import Purpose

_RESULTS = re.compile(r"^(?:Results you build on|Results of the subtasks):", re.MULTILINE)
_SECTION = re.compile(r"^## ([a-z0-9][a-z0-9_-]{0,39})(?: \(.*\))?$", re.MULTILINE)
_LABEL = re.compile(r"^\s*(?:Task|Goal):\s*")
_FOLLOW_UPS = (
    "Guidance:",
    "Your answer doesn't match its JSON Schema:",
    "Your answer reached its token limit",
    "This is your last turn",
)
_AGENTS_HEADING = re.compile(r"^Agents:\s*$", re.MULTILINE)
_AGENT_LINE = re.compile(r"^- ([a-z][a-z0-9_-]{0,59}):", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The parsed messages of a request."""

    purpose: Purpose
    directive_texts: list[str]
    directive_turns: list[int]
    """The turn in which each of these texts arrived."""
    subject: str
    """The goal or the instruction, without directives."""
    results: dict[str, str]
    """The results of other subtasks."""
    guidance: str
    agents: list[str]
    tool_results: list[ToolResult]
    latest_results: int
    """How many of the tool results belong to the newest turn."""
    turn: int
    """This turn's number, from 1; see `turn_of`."""
    replies: int
    answers: int
    """The number of replies without a tool call. Later answers are corrections."""
    tools: Mapping[str, dict[str, Any]]
    """The JSON Schema of the arguments of each tool that may be called."""
    schema: dict[str, Any] | None
    """The JSON Schema of the answer. None for prose and for plans."""
    images: list[str]
    input_tokens: int


def read_conversation(body: dict[str, Any]) -> Conversation:
    """Parse a chat-completions request."""
    every = messages_in(body)
    messages = current_exchange(every)
    own = [(text_of(message), place) for place, message in enumerate(messages) if message.get("role") == "user"]
    guidance = [(text, place) for text, place in own if text.startswith("Guidance:")]
    first = next((text for text, _ in own if not text.startswith("Guidance:")), "")
    asked, results = _without_results(first)
    agents_heading = _AGENTS_HEADING.search(asked)
    subject = asked[: agents_heading.start()] if agents_heading else asked
    replies = [message for message in messages if message.get("role") == "assistant"]
    purpose = _purpose(body, first)
    return Conversation(
        purpose=purpose,
        directive_texts=[asked, *(text for text, _ in guidance)],
        directive_turns=[1, *(turn_of(messages[:place]) for _, place in guidance)],
        subject=without_directives(_LABEL.sub("", subject, count=1)),
        results=results,
        guidance=without_directives(guidance[-1][0].removeprefix("Guidance:")) if guidance else "",
        agents=_AGENT_LINE.findall(asked[agents_heading.end() :]) if agents_heading else [],
        tool_results=tool_results_in(messages),
        latest_results=len(tool_results_in(since_last_reply(messages))),
        turn=turn_of(messages),
        replies=len(replies),
        answers=sum(not message.get("tool_calls") for message in replies),
        tools=_tools(body),
        schema=None if purpose == "plan" else _answer_schema(body),
        images=images_in(messages),
        input_tokens=max(1, sum(len(text_of(message)) for message in every) // 4),
    )


def current_exchange(messages: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return the messages from the user's newest question; all for an agent's task, which is only one question.

    Messages in which Chimera asks for more of the same answer are not questions.
    """
    asked = [
        (place, text_of(message))
        for place, message in enumerate(messages)
        if message.get("role") == "user"
        and not text_of(message).startswith(_FOLLOW_UPS)
        # Images of tool results follow the results.
        and not (place and messages[place - 1].get("role") == "tool")
    ]
    if not asked or _LABEL.match(asked[0][1]):
        return messages
    return messages[asked[-1][0] :]


def since_last_reply(messages: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """Return the messages after the last one of the assistant; all if there is none."""
    places = [place for place, message in enumerate(messages) if message.get("role") == "assistant"]
    return messages[places[-1] + 1 :] if places else messages


def _purpose(body: dict[str, Any], first: str) -> Purpose:
    schema = _answer_schema(body)
    combines = first.startswith("Goal:") and "Results of the subtasks:" in first
    is_plan = "subtasks" in _dict((schema or {}).get("properties")) or (first.startswith("Goal:") and not combines)
    if schema is not None and is_plan:
        return "plan"
    return "aggregate" if combines else "turn"


def _answer_schema(body: dict[str, Any]) -> dict[str, Any] | None:
    """Return the schema of the requested JSON, which may be empty; None if no JSON is requested."""
    wanted = _dict(body.get("response_format"))
    if wanted.get("type") == "json_schema":
        return _dict(_dict(wanted.get("json_schema")).get("schema"))
    return {"type": "object"} if wanted.get("type") == "json_object" else None


def _tools(body: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the tools that may be called."""
    if body.get("tool_choice") == "none":
        return {}
    functions = [_dict(tool.get("function")) for tool in body.get("tools") or ()]
    return {str(function.get("name", "")): _dict(function.get("parameters")) for function in functions}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _without_results(text: str) -> tuple[str, dict[str, str]]:
    heading = _RESULTS.search(text)
    if heading is None:
        return text, {}
    parts = _SECTION.split(text[heading.end() :].removesuffix("\n\nWrite the answer."))
    return text[: heading.start()], dict(zip(parts[1::2], map(str.strip, parts[2::2]), strict=True))
