"""Messages about a conversation that is too long, and messages that only sound similar."""

import pytest

from chimera.providers.refusals.bodies import read_error_body
from chimera.providers.refusals.too_long import is_too_long

WORDS = [
    "Unable to submit request because the input token count is 9000 but model only supports up to 4096.",
    "the input length (9000) is larger than max_model_len (4096)",
    "maximum number of input tokens is 4096",
    "The total length of messages exceeds the limit",
    "tokens 超限",
    "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.",
    "the request exceeds the available context size. try increasing the context size or enable context shift",
    "request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it",
    "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    "Prompt exceeds max length",
    "Input is too long for requested model.",
    "`inputs` must have less than 4097 tokens. Given: 9000",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 9000 `inputs` tokens",
    "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with 4096.",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
    "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
    "context shift is disabled",
    "the input length exceeds the context length",
    "Input length 131393 exceeds the maximum allowed input length of 131040 tokens.",
    "Prompt too long: 5152 tokens exceeds max_seq_len 2048 (leave room for output tokens)",
    "prompt is too long: 210000 tokens > 200000 maximum",
    "input length and `max_tokens` exceed context limit: 170636 + 34048 > 200000, decrease input length",
    "Range of input length should be [1, 30720]",
    "Invalid request: Your request exceeded model token limit: 8192",
    "invalid params, context window exceeds limit",
    "too many tokens: total number of tokens (prompt and prediction) cannot exceed 4081",
    "total tokens exceeds the model's max of 4096",
    "Please reduce the length of the messages or completion.",
    "prompt token count of 9000 exceeds the limit of 8000",
    "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
    "max_tokens must be at least 1, got -500.",
    "The decoder prompt (length 9000) is longer than the maximum model length of 4096.",
    "Request body too large for gpt-4o model. Max size: 8000 tokens.",
    "Your input exceeds the context window of this model.",
    "ValidationException: Input exceeds the max input token limit",
    "Prompt 超长",
]
OTHERS = [
    "max_tokens is too large: 100000. This model supports at most 16384 completion tokens",
    "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64",
    "The tool name exceeds the maximum length of 64 characters",
    "`temperature` must be <= 2",
    "Input image is too large",
    "metadata exceeds maximum length 512",
    "Unknown field 'context'",
    "Too many tokens, please wait before trying again.",
    "response_format.type must be 'text'",
    "The engine is overloaded",
]


@pytest.mark.parametrize("words", WORDS)
@pytest.mark.parametrize("status", [400, 422, 500, None])
def test_a_conversation_that_is_too_long_is_recognised(words: str, status: int | None) -> None:
    assert is_too_long(read_error_body({"error": {"message": words}}), status)
    assert not is_too_long(read_error_body({"error": words}), 401)


@pytest.mark.parametrize("words", OTHERS)
@pytest.mark.parametrize("status", [400, 500, None])
def test_similar_messages_are_not_too_long(words: str, status: int | None) -> None:
    assert not is_too_long(read_error_body({"error": {"message": words}}), status)


@pytest.mark.parametrize(
    "code",
    ["context_length_exceeded", "exceed_context_size_error", "ContextWindowExceededError", "tokens_limit_reached"],
)
def test_a_code_is_enough(code: str) -> None:
    assert is_too_long(read_error_body({"error": {"type": code, "message": "No."}}), None)


@pytest.mark.parametrize(
    ("words", "status", "is_so"),
    [
        ("Payload too large", 413, True),
        ("Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 45000.", 429, True),
        ("Rate limit reached for gpt-4o on tokens per min (TPM): Limit 30000, Used 29000, Requested 4500.", 429, False),
        ("Too many tokens, please wait before trying again.", 429, False),
        ("Failed to allocate the context window: out of memory", 500, False),
    ],
)
def test_the_status_decides_in_doubt(words: str, status: int, is_so: bool) -> None:
    assert is_too_long(read_error_body({"error": words}), status) == is_so
