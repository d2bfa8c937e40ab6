"""Chunks of Google's streamGenerateContent: https://ai.google.dev/api/generate-content."""

from typing import Any

from models.usage import Usage
from tests.wires import sse

USED = {"promptTokenCount": 11, "candidatesTokenCount": 7, "totalTokenCount": 18}
STOPS = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP", "content_filter": "SAFETY"}
"""The finish reasons, by OpenAI's names."""
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    408: "DEADLINE_EXCEEDED",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def chunk(*parts: Any, finish: Any = None, usage: Any = None, **more: Any) -> dict[str, Any]:
    """Return one chunk with one candidate."""
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    counted = {} if usage is None else {"usageMetadata": usage}
    return {"candidates": [candidate], **counted, "modelVersion": "m", "responseId": "r1", **more}


def function_call(name: str, args: Any, **more: Any) -> dict[str, Any]:
    return {"functionCall": {"name": name, "args": args, **more}}


def call(expression: str, **more: Any) -> dict[str, Any]:
    return function_call("calculator", {"expression": expression}, **more)


def counts(usage: Usage) -> dict[str, int]:
    return {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_input_tokens,
        "candidatesTokenCount": usage.output_tokens - usage.reasoning_tokens,
        "thoughtsTokenCount": usage.reasoning_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens,
    }


def error(status: int, kind: str, words: str, *details: Any) -> dict[str, Any]:
    """Return a refusal's body, which is also an event in the middle of an answer."""
    return {"error": {"code": status, "message": words, "status": kind, "details": list(details)}}


def framed(part: Any) -> str:
    return sse.framed(part, newline="\r\n")
