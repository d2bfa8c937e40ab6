"""Errors in every form, at once and in the middle of a stream. Their messages must be shown."""

import json
from typing import Any

from benchmarks.cases.case import Answers, ApiCalls, Call, Case, Ends, TaskCase
from tests.wires.chat_completions.answers import replying, stream
from tests.wires.chat_completions.frames import chunk, piece
from tests.wires.model_server import ServedAnswer, refusal

KIND = "errors"
SHAPES = "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/307"
MID_STREAM = "https://github.com/BerriAI/litellm/pull/25505"
WORDS = "'response_style' must be 'short'"
REFUSALS: dict[str, tuple[str, int, Any, str]] = {
    "B17.text": ("{'error': text} (LM Studio, TGI, xAI)", 400, {"error": WORDS}, SHAPES),
    "B17.detail-list": (
        "FastAPI's detail",
        422,
        {"detail": [{"loc": ["body", "stop"], "msg": WORDS}]},
        "https://github.com/ray-project/ray/issues/64833",
    ),
    "B17.google-list": ("Gemini's list", 400, [{"error": {"code": 400, "message": WORDS}}], SHAPES),
    "errors.message": (
        "{'error_code', 'message'} (Databricks)",
        400,
        {"error_code": "BAD_REQUEST", "message": WORDS},
        "https://github.com/earendil-works/pi/issues/7748",
    ),
    "errors.object-error": (
        "vLLM's and Mistral's {'object': 'error', 'message'}",
        400,
        {"object": "error", "message": WORDS, "type": "invalid_request_error", "code": "3280"},
        "https://github.com/editor-code-assistant/eca/issues/233",
    ),
    "errors.metadata-raw": (
        "OpenRouter's metadata.raw",
        400,
        {
            "error": {
                "message": "Provider returned error",
                "code": 400,
                "metadata": {"raw": f'{{"message": "{WORDS}"}}'},
            }
        },
        "https://github.com/diegosouzapw/OmniRoute/issues/3044",
    ),
    "errors.plain-text": ("plain text", 400, WORDS, "https://github.com/jagmarques/asqav-sdk/pull/205"),
    "errors.errors-list": ("{'errors': [...]}", 400, {"errors": [{"message": WORDS}]}, "own"),
    "errors.message-object": ("an object as the message", 400, {"error": {"message": {"detail": WORDS}}}, "own"),
}


def _refusal(id: str) -> Case:
    what, status, body, source = REFUSALS[id]
    answer = refusal(status, body, media_type="text/plain" if isinstance(body, str) else "application/json")
    return Case(id, KIND, source, what, TaskCase((answer,)), Ends("failed", code="bad_request", contains=(WORDS,)))


def _in_stream(id: str, what: str, answer: ServedAnswer, right: Ends, source: str = MID_STREAM, note: str = "") -> Case:
    # If the task has to fail, every request gets the same answer.
    answers = (answer, replying("a b")) if right.status == "completed" else (answer,)
    return Case(id, KIND, source, what, TaskCase(answers), right, note)


CASES = (
    *map(_refusal, REFUSALS),
    Case(
        "B17.detail",
        KIND,
        "https://github.com/ray-project/ray/issues/64833",
        "404 with a detail",
        TaskCase((refusal(404, {"detail": "Could not find base model 'x'"}),)),
        Ends("failed", code="unknown_model", contains=("Could not find base model",)),
    ),
    _in_stream(
        "B16.401",
        "code 401 in a stream",
        stream({"error": {"code": "401", "message": "key is over"}}, done=False),
        Ends("failed", code="wrong_key"),
    ),
    _in_stream(
        "B16.502",
        "half of the text, then code 502",
        stream(piece("half"), {"error": {"code": 502, "message": "upstream is gone"}}, done=False),
        Ends(result="a b", requests=2),
    ),
    _in_stream(
        "B16.text",
        "{'error': text}, each time",
        stream({"error": "CUDA out of memory on device 1"}),
        Ends("failed", requests=None, contains=("CUDA out of memory on device 1",)),
        note="The message isn't about the request, so the request may be retried. The message is shown.",
    ),
    _in_stream(
        "B16.event",
        "`event: error` without a code",
        ServedAnswer('event: error\ndata: {"message": "CUDA out of memory on device 1"}\n\n'),
        Ends("failed", requests=None, contains=("CUDA out of memory on device 1",)),
    ),
    _in_stream(
        "B16.vllm",
        "vLLM's old {'object': 'error'} chunk",
        stream({"object": "error", "message": "prompt_logprobs is out of range", "code": 400}),
        Ends("failed", contains=("prompt_logprobs is out of range",)),
        "https://github.com/theopenco/llmgateway/pull/1901",
    ),
    _in_stream(
        "errors.choice-error",
        "half of the text, then an error with `finish_reason: error` (OpenRouter)",
        stream(
            piece("half"),
            {**chunk({"content": ""}, "error"), "error": {"code": 502, "message": "Provider disconnected"}},
        ),
        Ends(result="a b", requests=2),
        "https://github.com/damianvtran/local-operator/pull/223",
    ),
    _in_stream(
        "errors.status-code",
        "Groq's failed tool call in a stream, status_code 400",
        stream({"error": {"message": "tool call validation failed", "code": "tool_use_failed", "status_code": 400}}),
        Ends("failed", contains=("tool call validation failed",)),
        "https://github.com/xberg-io/liter-llm/pull/189",
    ),
    _in_stream(
        "errors.empty-choices-error",
        "an error with empty choices",
        stream(
            {"id": "c", "choices": [], "error": {"code": 503, "message": "Worker local total request limit reached"}}
        ),
        Ends(result="a b", requests=2),
        "https://github.com/diegosouzapw/OmniRoute/pull/8210",
    ),
    Case(
        "B46",
        KIND,
        "own",
        "no key is set, and the server's message contains 'none'",
        TaskCase((refusal(400, {"error": {"message": "tool_choice must be one of none, auto", "code": 400}}),)),
        Ends("failed", contains=("one of none, auto",)),
    ),
    Case(
        "B16.breaker-task",
        KIND,
        MID_STREAM,
        "errors in one task mid-stream, with the usual circuit breaker",
        TaskCase((stream({"error": "CUDA out of memory on device 1"}),), limit_s=120),
        Ends("failed", requests=None, contains=("CUDA out of memory",)),
        environment=(("CHIMERA_BREAKER_FAILURES", "5"),),
    ),
    Case(
        "B16.breaker-others",
        KIND,
        MID_STREAM,
        "right afterwards: whether `local` counts as unavailable for all others",
        ApiCalls((Call("GET", "/health"),)),
        Answers(200, lacks=("away",)),
        "A fault caused by one task's request says nothing about the provider.",
        environment=(("CHIMERA_BREAKER_FAILURES", "5"),),
    ),
    *(
        Case(
            f"errors.{name}",
            KIND,
            source,
            what,
            TaskCase((ServedAnswer(json.dumps(body), media_type="application/json"),)),
            right,
        )
        for name, what, body, source, right in (
            (
                "base-resp",
                "MiniMax's base_resp with status 200: insufficient balance",
                {"base_resp": {"status_code": 1008, "status_msg": "insufficient balance"}, "choices": None},
                "https://github.com/MiniMax-AI/MiniMax-M2.5/issues/2",
                Ends("failed", code="no_quota"),
            ),
            (
                "success-false",
                "{'success': false, 'msg'} with status 200",
                {"success": False, "code": 400, "msg": WORDS},
                "https://github.com/maximhq/bifrost/pull/5963",
                Ends("failed", code="bad_request", contains=(WORDS,)),
            ),
        )
    ),
    *(
        Case(f"errors.{name}", KIND, source, what, TaskCase((refusal(status, {"error": error}),)), right)
        for name, what, status, error, source, right in (
            (
                "moderation",
                "403, flagged by moderation (OpenRouter)",
                403,
                {"message": "Your input was flagged by moderation", "code": 403},
                "own",
                Ends("failed", code="content_refused"),
            ),
            (
                "region",
                "403 with a message about the region",
                403,
                {"message": "Country, region, or territory not supported"},
                "own",
                Ends("failed", contains=("territory not supported",)),
            ),
            (
                "recharge",
                "429 for an account without credit (Z.ai)",
                429,
                {"message": "Insufficient balance or no resource package. Please recharge.", "code": "1113"},
                "own",
                Ends("failed", code="no_quota"),
            ),
        )
    ),
)
