"""OpenAI's chat-completions format: chunks as server-sent events, whole completions, and errors.

Chunks are assembled as text around the varying parts, because encoding a whole object for each chunk took most of a
request's time.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

from chimera.simulator.answers import SimulatedAnswer, ToolCall

DONE = b"data: [DONE]\n\n"

_PIECE_CHARS = 20
_MOST_PIECES = 100


class ChunkWriter:
    """Writes the chunks of one streamed answer."""

    def __init__(self, completion_id: str, model: str) -> None:
        head = {"id": completion_id, "object": "chat.completion.chunk", "created": int(time.time()), "model": model}
        self._head = "data: " + json.dumps(head)[:-1] + ', "system_fingerprint": "simulated", '

    def role(self) -> bytes:
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def text(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def tool(self, index: int, call: ToolCall) -> Iterator[bytes]:
        """Yield the name first, then the arguments in at least two pieces, as OpenAI sends them."""
        function = {"name": call.name, "arguments": ""}
        yield self._chunk({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        for piece in _pieces(call.arguments):
            yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def finish(self, reason: str) -> bytes:
        return self._chunk({}, reason)

    def usage(self, input_tokens: int, output_tokens: int) -> bytes:
        figures = json.dumps(usage_of(input_tokens, output_tokens))
        return f'{self._head}"choices": [], "usage": {figures}}}\n\n'.encode()

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        content, finish = json.dumps(delta), json.dumps(reason)
        choice = f'{{"index": 0, "delta": {content}, "logprobs": null, "finish_reason": {finish}}}'
        return f'{self._head}"choices": [{choice}], "usage": null}}\n\n'.encode()


def completion(completion_id: str, model: str, answer: SimulatedAnswer, input_tokens: int) -> bytes:
    """Return the whole answer as one object, for requests without `stream`."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(answer.tokens) or None, "refusal": None}
    if answer.tools:
        message["tool_calls"] = [
            {"id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": tool.arguments}}
            for tool in answer.tools
        ]
    return json.dumps(
        {
            "id": completion_id,
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "simulated",
            "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish}],
            "usage": usage_of(input_tokens, answer.size_tokens),
        }
    ).encode()


def usage_of(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    return {
        "prompt_tokens": input_tokens,
        "completion_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def error(status: int, message: str, code: str | None = None) -> bytes:
    """Return an error in OpenAI's format."""
    kind = _ERROR_TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    return json.dumps({"error": {"message": message, "type": code or kind, "param": None, "code": code}}).encode()


def _pieces(arguments: str) -> list[str]:
    """Split arguments into at least two pieces, and at most about `_MOST_PIECES`."""
    size = max(min(_PIECE_CHARS, (len(arguments) + 1) // 2), len(arguments) // _MOST_PIECES, 1)
    return [arguments[start : start + size] for start in range(0, len(arguments), size)] or [""]


_ERROR_TYPES = {
    401: "invalid_request_error",
    403: "permission_error",
    404: "invalid_request_error",
    429: "rate_limit_error",
}
