"""Complete answers of chat completions."""

from typing import Any

from tests.wires.chat_completions.frames import DONE, USAGE, Chunk, chunk, framed, piece
from tests.wires.model_server import ServedAnswer


def stream(*parts: Chunk, done: bool = True, **answer: Any) -> ServedAnswer:
    """Send chunks, followed by `[DONE]`."""
    return ServedAnswer("".join(map(framed, (*parts, DONE) if done else parts)), **answer)


def replying(text: str, finish: Any = "stop", **answer: Any) -> ServedAnswer:
    """Return an ordinary, complete answer."""
    return stream(piece(text), chunk({}, finish), USAGE, **answer)


def asking(*parts: Chunk, finish: Any = "tool_calls") -> ServedAnswer:
    """Return an answer with tool calls."""
    return stream(*parts, chunk({}, finish), USAGE)
