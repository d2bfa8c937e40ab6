"""Messages that a conversation is too long, which lead to `context_too_long` after one request."""

from typing import Any

from benchmarks.cases.case import Case, Ends, TaskCase
from tests.wires.chat_completions.answers import stream
from tests.wires.model_server import ServedAnswer, refusal

KIND = "too-long"
FOUND = "https://github.com/tashfeenahmed/freellmapi/issues/873"
PI = "https://github.com/earendil-works/pi/issues/"
RIGHT = Ends("failed", code="context_too_long")
WORDS = {
    "vllm": "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens.",
    "llama-cpp": "the request exceeds the available context size. try increasing the context size",
    "sglang": "The input (9000 tokens) is longer than the model's context length (4096 tokens).",
    "mistral": "Prompt contains 9000 tokens, too large for model with 4096 maximum context length",
    "zhipu": "Prompt exceeds max length",
    "bedrock": "Input is too long for requested model.",
    "together": "`inputs` must have less than 4097 tokens. Given: 9000",
    "gemini": "The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).",
}
TEXTS = {
    "lm-studio": "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with"
    " context length of only 4096 tokens",
    "tgi": "Input validation error: `inputs` must have less than 4097 tokens. Given: 9000",
    "xai": "This model's maximum prompt length is 131072 but the request contains 200000 tokens.",
}
OWN_SEARCH = {
    "glm": (
        "Input length 877338 exceeds the maximum allowed input length of 639968 tokens",
        "https://github.com/NVIDIA-NeMo/Switchyard/pull/314",
    ),
    "parenthesis": ("Input length (265330) exceeds model's maximum context length (262144).", f"{PI}5677"),
    "dashscope": ("Range of input length should be [1, 98304]", "https://github.com/anomalyco/opencode/pull/45834"),
    "context-limit": (
        "input length and `max_tokens` exceed context limit: 199759 + 8192 > 200000",
        "https://github.com/continuedev/continue/issues/6080",
    ),
    "supports-up-to": (
        "Unable to submit request because the input token count is 9000 but model only supports up to 4096.",
        "own",
    ),
    "max-model-len": ("the input length (9000) is larger than max_model_len (4096)", "own"),
    "kimi-tokens": ("tokens 超限", "own"),
    "input-tokens": ("maximum number of input tokens is 4096", "https://github.com/openclaw/openclaw/issues/58839"),
    "string-too-long": (
        "Invalid 'messages[1].content': string too long. Expected a string with maximum length 10485760",
        "https://github.com/vellum-ai/vellum-assistant/pull/40740",
    ),
}


def _case(id: str, what: str, answer: ServedAnswer, source: str = FOUND) -> Case:
    return Case(id, KIND, source, what, TaskCase((answer,)), RIGHT)


def _refused(words: str, **more: Any) -> ServedAnswer:
    return refusal(400, {"error": {"message": words, "code": 400, **more}})


CASES = (
    *(_case(f"B18.{name}", words, _refused(words)) for name, words in WORDS.items()),
    *(
        _case(f"B18.{name}", f"{words} (as {{'error': text}})", refusal(400, {"error": words}))
        for name, words in TEXTS.items()
    ),
    _case(
        "B18.shift",
        "llama.cpp's 500: context shift is disabled",
        refusal(500, {"error": {"message": "context shift is disabled", "code": 500, "type": "server_error"}}),
    ),
    _case(
        "B16.too-long",
        "in a stream, by code only",
        stream(
            {
                "error": {
                    "code": "context_length_exceeded",
                    "message": "This model's maximum context length is 4096 tokens.",
                }
            }
        ),
        "https://github.com/BerriAI/litellm/pull/25505",
    ),
    _case(
        "B16.too-long-400",
        "in a stream, code 400 and a message",
        stream({"error": {"code": 400, "message": "This model's maximum context length is 4096 tokens."}}),
        "https://github.com/BerriAI/litellm/pull/25505",
    ),
    _case("long.413", "status 413 (Groq)", refusal(413, {"error": {"message": "Request too large for model"}}), FOUND),
    _case(
        "long.exceed-type",
        "llama.cpp's type exceed_context_size_error",
        _refused("request (180283 tokens) exceeds", type="exceed_context_size_error", n_ctx=180224),
        "https://github.com/DraconDev/pi-goal-list-loop-audit/pull/48",
    ),
    *(_case(f"long.{name}", words, _refused(words), source) for name, (words, source) in OWN_SEARCH.items()),
    Case(
        "long.not-too-long",
        KIND,
        "own",
        "a rejection that mentions length but isn't of this kind",
        TaskCase((refusal(400, {"error": {"message": "stop: at most 4 sequences, each of a length up to 20"}}),)),
        Ends("failed", code="bad_request", contains=("at most 4 sequences",)),
    ),
)
