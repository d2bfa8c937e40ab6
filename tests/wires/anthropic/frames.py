"""Events of Anthropic's Messages API: https://platform.claude.com/docs/en/api/messages-streaming."""

from typing import Any

from models.usage import Usage
from tests.wires import sse

Event = tuple[str, dict[str, Any]]
START_USAGE = {"input_tokens": 11, "output_tokens": 1}
STOPS = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
"""The stop reasons, by OpenAI's names."""
ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def event(kind: str, **fields: Any) -> Event:
    return kind, {"type": kind, **fields}


def start(usage: Any = START_USAGE, **message: Any) -> Event:
    begun = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    return event(
        "message_start", message={**begun, "stop_reason": None, "stop_sequence": None, "usage": usage, **message}
    )


def block_start(index: Any, content: dict[str, Any]) -> Event:
    return event("content_block_start", index=index, content_block=content)


def delta(index: Any, change: dict[str, Any]) -> Event:
    return event("content_block_delta", index=index, delta=change)


def block_stop(index: int) -> Event:
    return event("content_block_stop", index=index)


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> tuple[Event, ...]:
    """Return a block's events from its start to its end."""
    return block_start(index, content), *(delta(index, change) for change in deltas), block_stop(index)


def text_of(words: Any) -> dict[str, Any]:
    return {"type": "text_delta", "text": words}


def arguments_of(words: Any) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": words}


def text(words: str, index: int = 0) -> tuple[Event, ...]:
    return block(index, {"type": "text", "text": ""}, text_of(words))


def tool_use(id: Any, name: str = "calculator") -> dict[str, Any]:
    """Return the content of a tool call's block at its start."""
    return {"type": "tool_use", "id": id, "name": name, "input": {}}


def tool(arguments: str, id: Any = "toolu_1", index: int = 0) -> tuple[Event, ...]:
    return block(index, tool_use(id), arguments_of(arguments))


def stop(reason: Any = "end_turn", usage: Any = {"output_tokens": 7}, **more: Any) -> tuple[Event, ...]:  # noqa: B006
    counted = {} if usage is None else {"usage": usage}
    return event("message_delta", delta={"stop_reason": reason, "stop_sequence": None, **more}, **counted), event(
        "message_stop"
    )


def read(usage: Usage) -> dict[str, Any]:
    """Return the prompt's token counts."""
    fresh = usage.input_tokens - usage.cached_input_tokens
    cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": usage.cached_input_tokens}
    return {"input_tokens": fresh, **cached}


def written(usage: Usage) -> dict[str, Any]:
    """Return the answer's token counts."""
    thinking = {"thinking_tokens": usage.reasoning_tokens}
    return {"output_tokens": usage.output_tokens, "output_tokens_details": thinking}


def error(kind: str, words: str) -> Event:
    """Return an error as an event in the middle of an answer. Its data is also the body of a refusal."""
    return event("error", error={"type": kind, "message": words})


def framed(each: Event) -> str:
    return sse.framed(each[1], each[0])
