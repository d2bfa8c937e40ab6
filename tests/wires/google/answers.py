"""Complete answers of Google's streamGenerateContent."""

from typing import Any

from tests.wires.google.frames import USED, chunk, error, framed
from tests.wires.model_server import ServedAnswer, refusal


def stream(*parts: Any, **answer: Any) -> ServedAnswer:
    return ServedAnswer("".join(map(framed, parts)), **answer)


def replying(words: str, finish: Any = "STOP", **answer: Any) -> ServedAnswer:
    """Return an ordinary, complete answer."""
    return stream(chunk({"text": words}), chunk(finish=finish, usage=USED), **answer)


def asking(*calls: dict[str, Any]) -> ServedAnswer:
    """Return an answer with tool calls."""
    return stream(chunk(*calls), chunk(finish="STOP", usage=USED))


def refused(status: int, kind: str, words: str, *details: Any, **headers: str) -> ServedAnswer:
    return refusal(status, error(status, kind, words, *details), **headers)
