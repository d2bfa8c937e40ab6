"""Servers that don't accept `response_format`. The schema is then described in the prompt."""

import json
from typing import Any

from benchmarks.cases.case import SPENT, Case, Ends, TaskCase
from benchmarks.cases.lists.plans import PLAN
from tests.wires.chat_completions.answers import replying
from tests.wires.model_server import ServedAnswer, refusal

KIND = "schemas"
DEEPSEEK = "https://github.com/ItzCrazyKns/Vane/issues/969"
AGAIN = Ends(result="done", requests=3, spent=2 * SPENT)


def _case(id: str, what: str, answer: ServedAnswer, source: str) -> Case:
    return Case(id, KIND, source, what, TaskCase((answer, replying(PLAN), replying("done")), planned=True), AGAIN)


def _refused(words: str, status: int = 400, **more: Any) -> ServedAnswer:
    return refusal(status, {"error": {"message": words, "code": "invalid_request_error", **more}})


CASES = (
    _case(
        "B37",
        "This response_format type is unavailable now",
        _refused("This response_format type is unavailable now"),
        DEEPSEEK,
    ),
    Case(
        "B37.words",
        KIND,
        DEEPSEEK,
        "the planner's prompt: the plan's fields in words, for servers that ignore the field",
        TaskCase((replying("no"),), planned=True),
        Ends("failed", requests=None, asked=("depends_on", "instruction", "subtasks")),
    ),
    Case(
        "B37.left-out",
        KIND,
        DEEPSEEK,
        "the second request omits it",
        TaskCase((_refused("This response_format type is unavailable now"), replying("no plan")), planned=True),
        Ends("failed", requests=None, unlike=("response_format",)),
    ),
    _case(
        "schema.lm-studio",
        "LM Studio: 'response_format.type' must be 'json_schema' or 'text'",
        refusal(400, {"error": "'response_format.type' must be 'json_schema' or 'text'"}),
        "https://github.com/willmiao/ComfyUI-Lora-Manager/issues/1033",
    ),
    _case(
        "schema.xai",
        "xAI: The response_format parameter is unsupported at the moment",
        refusal(
            400,
            {"code": "invalid", "error": "The response_format parameter is unsupported at the moment. Leave it unset."},
        ),
        "https://github.com/BerriAI/litellm/issues/6610",
    ),
    _case(
        "schema.groq",
        "Groq: value is not one of the allowed values",
        _refused("'response_format.type' : value is not one of the allowed values ['text','json_object']"),
        "https://github.com/dzhng/deep-research/issues/127",
    ),
    _case(
        "schema.only-formats",
        "The model only supports response formats: [json text]",
        _refused("The model only supports response formats: [json text]."),
        "https://github.com/TypeWhisper/typewhisper-win/issues/26",
    ),
    _case(
        "schema.extra-inputs",
        "422: Extra inputs are not permitted, at body.response_format",
        refusal(422, {"detail": [{"loc": ["body", "response_format"], "msg": "Extra inputs are not permitted"}]}),
        "https://github.com/ray-project/ray/issues/64833",
    ),
    Case(
        "schema.stream-options",
        KIND,
        "https://github.com/entrius/gittensor/pull/1750",
        "a server that rejects `stream_options`",
        TaskCase(
            (
                refusal(
                    422, {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}
                ),
                ServedAnswer(str(replying("a b").body)),
            )
        ),
        Ends(result="a b", requests=2, unlike=("stream_options",)),
    ),
    Case(
        "schema.remembered",
        KIND,
        DEEPSEEK,
        "the same server once more: it rejects every request with the field",
        TaskCase((replying(json.dumps(json.loads(PLAN))), replying("done")), planned=True, model="b37"),
        Ends(result="done", requests=2, unlike=("response_format",)),
        "A rejected field is remembered for the model, so later plans cost one request.",
        alone=True,
    ),
)
