"""Complete answers of Anthropic's Messages API."""

from typing import Any

from tests.wires.anthropic.frames import Event, error, framed, start, stop, text
from tests.wires.model_server import ServedAnswer, refusal


def stream(*events: Event, **answer: Any) -> ServedAnswer:
    return ServedAnswer("".join(map(framed, events)), **answer)


def replying(words: str, reason: Any = "end_turn", **answer: Any) -> ServedAnswer:
    """Return an ordinary, complete answer."""
    return stream(start(), *text(words), *stop(reason), **answer)


def asking(*tools: tuple[Event, ...]) -> ServedAnswer:
    """Return an answer with tool calls."""
    return stream(start(), *(each for made in tools for each in made), *stop("tool_use"))


def refused(status: int, kind: str, words: str, **headers: str) -> ServedAnswer:
    return refusal(status, error(kind, words)[1], **headers)
