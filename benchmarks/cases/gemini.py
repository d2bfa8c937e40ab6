"""Google's streamGenerateContent in chunks, to be put together wrongly."""

import json
from typing import Any

from benchmarks.cases.case import Answer

USED = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}


def chunk(*parts: Any, finish: Any = None, usage: Any = None, **more: Any) -> dict[str, Any]:
    """One chunk with one candidate."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    told = {} if usage is None else {"usageMetadata": usage}
    return {"candidates": [candidate], **told, "modelVersion": "m", "responseId": "r1", **more}


def call(expression: str, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": "calculator", "args": {"expression": expression}, **more}}


def framed(part: Any) -> str:
    return f"data: {part if isinstance(part, str) else json.dumps(part)}\r\n\r\n"


def stream(*parts: Any, **answer: Any) -> Answer:
    return Answer("".join(map(framed, parts)), **answer)


def said(words: str, finish: Any = "STOP", **answer: Any) -> Answer:
    """A usual, whole answer."""
    return stream(chunk({"text": words}), chunk(finish=finish, usage=USED), **answer)


def asking(*calls: dict[str, Any]) -> Answer:
    """An answer of tool calls."""
    return stream(chunk(*calls), chunk(finish="STOP", usage=USED))


def refused(status: int, kind: str, words: str, *details: Any, **headers: str) -> Answer:
    body = json.dumps({"error": {"code": status, "message": words, "status": kind, "details": list(details)}})
    return Answer(body, status, "application/json", {name.replace("_", "-"): value for name, value in headers.items()})
