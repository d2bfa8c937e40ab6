"""Details specific to Anthropic's answers: blocks, signed reasoning, finish reasons and errors."""

from typing import Any

import httpx2
import pytest
from anthropic._error_classes import make_status_error

from chimera.providers.anthropic.answers import MAX_BLOCKS, AnthropicAnswer
from chimera.providers.anthropic.errors import sort_error
from chimera.providers.base import ChatEnd, ToolRequest
from chimera.providers.wire.pieces import ErrorInAnswer, Piece
from models import errors
from tests.wires.anthropic import frames

NEW = "claude-opus-4-8"
THOUGHT = {"type": "thinking", "thinking": "17 * 23 it is", "signature": "c2lnbmVk"}


def test_text_and_parallel_calls_and_reasoning_are_put_together() -> None:
    end, text = _ended(
        _start(0, {"type": "redacted_thinking", "data": "AAA="}),
        _start(1, {"type": "thinking", "thinking": "", "signature": ""}),
        _delta(1, {"type": "thinking_delta", "thinking": "17 * "}),
        _delta(1, {"type": "thinking_delta", "thinking": "23"}),
        _delta(1, {"type": "signature_delta", "signature": "c2ln"}),
        _start(2, {"type": "text", "text": ""}),
        _delta(2, {"type": "text_delta", "text": "Let me "}),
        _delta(2, {"type": "text_delta", "text": "see."}),
        _start(3, {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {}}),
        _delta(3, {"type": "input_json_delta", "partial_json": '{"a"'}),
        _delta(3, {"type": "input_json_delta", "partial_json": ": 1}"}),
        _start(4, {"type": "tool_use", "id": "toolu_2", "name": "two", "input": {}}),
        reason="tool_use",
    )
    assert text == "Let me see."
    assert end.finish_reason == "tool_calls"
    assert end.tool_calls == (ToolRequest("toolu_1", "one", '{"a": 1}'), ToolRequest("toolu_2", "two", "{}"))
    assert end.state == {
        "provider": "anthropic",
        "model": NEW,
        "prefix": "prefix",
        "content": [
            {"type": "redacted_thinking", "data": "AAA="},
            {"type": "thinking", "thinking": "17 * 23", "signature": "c2ln"},
            {"type": "text", "text": "Let me see."},
            {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {"a": 1}},
            {"type": "tool_use", "id": "toolu_2", "name": "two", "input": {}},
        ],
    }


@pytest.mark.parametrize(
    "thought",
    [{**THOUGHT, "signature": ""}, {**THOUGHT, "thinking": "a\x00b"}, {**THOUGHT, "thinking": "a\ud83d"}],
)
def test_unfaithful_reasoning_is_not_kept(thought: dict[str, Any]) -> None:
    end, text = _ended(_start(0, thought), _start(1, {"type": "text", "text": "Hello"}))
    assert (text, end.state) == ("Hello", None)


def test_final_reasoning_is_not_sent_back() -> None:
    end, _ = _ended(_start(0, {"type": "text", "text": "Hello"}), _start(1, THOUGHT), reason="max_tokens")
    assert (end.finish_reason, end.state) == ("length", None)


def test_cached_prompt_tokens_are_counted() -> None:
    begun = {"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30, "output_tokens": 1}
    ended = {"output_tokens": 50, "output_tokens_details": {"thinking_tokens": 20}, "input_tokens": None}
    usage = _answered("x", begun=begun, ended=ended)[0].usage
    assert usage is not None
    assert (usage.input_tokens, usage.cached_input_tokens, usage.cache_write_tokens) == (240, 200, 30)
    assert (usage.output_tokens, usage.reasoning_tokens) == (50, 20)


@pytest.mark.parametrize(
    "begun", [{"output_tokens": 1}, {"input_tokens": -1, "output_tokens": 1}, {"input_tokens": "many"}]
)
def test_usage_that_makes_no_sense_counts_as_missing(begun: dict[str, Any]) -> None:
    assert _answered("x", begun=begun)[0].usage is None


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
    ],
)
def test_finish_reasons_are_translated(reason: str, finish: str) -> None:
    assert _answered("x", reason=reason)[0].finish_reason == finish


def test_a_tool_call_overrides_the_finish_reason() -> None:
    assert _ended(_start(0, _use()), reason="end_turn")[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("reason", "error", "words"),
    [
        ("max_tokens", errors.Truncated, "Raise max_output_tokens"),
        ("model_context_window_exceeded", errors.ContextTooLong, "filled its context window"),
        ("refusal", errors.ContentRefused, "no reason given"),
        (None, errors.Truncated, "in the middle"),
    ],
)
def test_a_tool_call_that_was_cut_is_no_success(
    reason: str | None, error: type[errors.ProviderError], words: str
) -> None:
    with pytest.raises(error, match=words):
        _ended(_start(0, _use()), reason=reason)


@pytest.mark.parametrize(("arguments", "is_whole"), [('{"expression": "1', False), ('{"expression": "1"}', True)])
def test_a_last_event_after_a_cut_call_ends_nothing(arguments: str, is_whole: bool) -> None:
    answer = AnthropicAnswer(NEW, "", 1000)
    _take(answer, _start(0, {"type": "text", "text": "I work it out."}))
    _take(answer, _start(1, _use()))
    _take(answer, _delta(1, {"type": "input_json_delta", "partial_json": arguments}))
    _take(answer, {"type": "message_stop"})
    assert answer.is_whole == is_whole


@pytest.mark.parametrize(
    ("last", "is_whole"),
    [
        ({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 2}}, True),
        ({"type": "message_stop"}, True),
        ({"type": "content_block_stop", "index": 0}, False),
        ({"type": "message_delta", "delta": {"stop_reason": None}}, False),
    ],
)
def test_a_reason_or_last_event_ends_answers(last: dict[str, Any], is_whole: bool) -> None:
    answer = AnthropicAnswer(NEW, "", 1000)
    _take(answer, {"type": "message_start", "message": {"id": "msg_1", "usage": {}}})
    _take(answer, _start(0, {"type": "text", "text": "Hello"}))
    _take(answer, last)
    assert answer.is_whole == is_whole
    if not is_whole:
        with pytest.raises(errors.Truncated, match="in the middle"):
            answer.end(100)


def test_unreadable_arguments_are_kept_for_the_tool() -> None:
    deep = '{"a": ' * 1200 + "1" + "}" * 1200
    end, _ = _ended(_start(0, _use()), _delta(0, {"type": "input_json_delta", "partial_json": deep}), reason="tool_use")
    assert end.tool_calls[0].arguments == deep


def test_a_refusal_has_its_reason() -> None:
    details = {"type": "refusal", "category": "bio", "explanation": "No such thing."}
    with pytest.raises(errors.ContentRefused, match="No such thing"):
        _ended(details=details, reason="refusal")


@pytest.mark.parametrize("reason", ["end_turn", "tool_use"])
def test_an_answer_without_text_or_calls_fails(reason: str) -> None:
    with pytest.raises(errors.Malformed):
        _ended(_start(0, THOUGHT), reason=reason)


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_start", "index": 0, "content_block": None},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "server_tool_use", "id": "s"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "citations_delta", "citation": {}}},
        {"type": "content_block_delta", "index": 0, "delta": None},
        {"type": "message_start", "message": 7},
        {"type": "message_delta"},
        {"type": "content_block_annotated"},
        {},
    ],
)
def test_an_unknown_event_is_left_out(event: dict[str, Any]) -> None:
    assert AnthropicAnswer(NEW, "", 1000).take(Piece("", event)) is None


def test_reasoning_counts_towards_the_size_of_an_answer() -> None:
    with pytest.raises(errors.AnswerTooLarge, match="100 bytes"):
        _take(AnthropicAnswer(NEW, "", 100), _start(0, {**THOUGHT, "thinking": "x" * 101}))


def test_blocks_beyond_the_maximum_are_refused() -> None:
    answer = AnthropicAnswer(NEW, "", 1000)
    for index in range(MAX_BLOCKS):
        _take(answer, _start(0 if index % 2 else index, {"type": "text", "text": ""}))
    for kind, begun in (("text_delta", {"text": "x"}), ("input_json_delta", {"partial_json": "{}"})):
        with pytest.raises(errors.AnswerTooLarge, match="blocks"):
            _take(answer, _delta(-7, {"type": kind, **begun}))
    with pytest.raises(errors.AnswerTooLarge, match="blocks"):
        _take(answer, {"type": "message", "content": [{"type": "text", "text": "x"}]})


def test_the_pieces_of_a_signature_are_joined_once() -> None:
    answer = AnthropicAnswer(NEW, "", 100_000)
    _take(answer, _start(0, {**THOUGHT, "signature": ""}))
    piece = _delta(0, {"type": "signature_delta", "signature": "a" * 10})
    for _ in range(1000):
        _take(answer, piece)
    _take(answer, _start(1, {"type": "text", "text": "Hello"}))
    _take(answer, {"type": "message_delta", "delta": {"stop_reason": "end_turn"}})
    state = answer.end(100).state
    assert state is not None
    assert state["content"][0]["signature"] == "a" * 10_000


@pytest.mark.parametrize(
    ("status", "kind", "message", "error"),
    [
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", errors.ContextTooLong),
        (400, "invalid_request_error", "input length and `max_tokens` exceed context limit: 9", errors.ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low to access the Anthropic API.", errors.NoQuota),
        (400, "invalid_request_error", "You have reached your specified API usage limits.", errors.NoQuota),
        (413, "request_too_large", "Request exceeds the maximum size", errors.ContextTooLong),
        (422, "invalid_request_error", "no", errors.BadRequest),
        (504, "timeout_error", "slow", errors.Overloaded),
        (200, "invalid_request_error", "no", errors.BadRequest),
        (200, "billing_error", "pay first", errors.NoQuota),
    ],
)
def test_errors_are_sorted_by_status_or_type(
    status: int, kind: str, message: str, error: type[errors.ProviderError]
) -> None:
    assert type(_sorted(status, {"type": kind, "message": message})) is error


def test_a_limit_of_spending_is_not_one_of_requests() -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    assert type(_sorted(429, {"type": "rate_limit_error", "message": "x", "details": details})) is errors.NoQuota


def _use() -> dict[str, Any]:
    return {"type": "tool_use", "id": "toolu_1", "name": "one", "input": {}}


def _start(index: int, block: dict[str, Any]) -> dict[str, Any]:
    return frames.block_start(index, block)[1]


def _delta(index: int, delta: dict[str, Any]) -> dict[str, Any]:
    return frames.delta(index, delta)[1]


def _take(answer: AnthropicAnswer, event: dict[str, Any]) -> str:
    return answer.take(Piece("", event)) or ""


def _answered(text: str, **changes: Any) -> tuple[ChatEnd, str]:
    return _ended(_start(0, {"type": "text", "text": text}), **changes)


def _ended(
    *events: dict[str, Any],
    reason: str | None = "end_turn",
    begun: dict[str, Any] | None = None,
    ended: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
) -> tuple[ChatEnd, str]:
    answer = AnthropicAnswer(NEW, "prefix", 10_000)
    message = {"id": "msg_1", "usage": begun or {"input_tokens": 1, "output_tokens": 1}}
    delta = {"stop_reason": reason, "stop_details": details}
    last = {"type": "message_delta", "delta": delta, "usage": ended or {"output_tokens": 2}}
    stream = [{"type": "message_start", "message": message}, *events, last, {"type": "message_stop"}]
    text = "".join(_take(answer, event) for event in stream)
    return answer.end(100), text


def _sorted(status: int, error: dict[str, Any]) -> errors.ProviderError:
    body = {"type": "error", "error": error}
    if status == 200:
        return sort_error(ErrorInAnswer(body), model=NEW, secret="", begun=True)
    response = httpx2.Response(status, request=httpx2.Request("POST", "http://a"))
    raised = make_status_error("x", body=body, response=response)
    return sort_error(raised, model=NEW, secret="", begun=False)
