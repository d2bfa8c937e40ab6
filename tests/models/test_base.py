"""Names that several contracts share."""

import math
import unicodedata
from random import Random

import pytest
from pydantic import JsonValue, TypeAdapter, ValidationError

from models.agents import AgentSpec
from models.ai_calls import EmbeddingSpec, ImageSpec
from models.base import MAX_SCHEMA_BYTES, MODEL_CHARS, ModelRef, OutputSchema
from models.schedules import ScheduleSpec
from models.tasks import TaskSpec

REF: TypeAdapter[str] = TypeAdapter(ModelRef)
NAMES = (
    "Llama 3 8B Instruct",
    "@cf/meta/llama-3.1-8b",
    "command-r+",
    "org/model:tag",
    "hf.co/bartowski/Llama-3.2-GGUF:Q4_K_M",
    "/srv/models/a.gguf",
    r"C:\models\a.gguf",
    "Qwen2.5 (7B, Q4_K_M)",
    "model[1m]",
    "a&b=c?d#e%2F",
    "模型-7B",
    "क्षि",
    "~latest",
    "x",
    "x" * MODEL_CHARS,
)


@pytest.mark.parametrize("name", NAMES)
def test_a_model_keeps_its_servers_name(name: str) -> None:
    ref = f"local/{name}"
    assert TaskSpec(goal="x", model=ref, fallbacks=(ref,)).model == ref
    assert AgentSpec(name="a", prompt="x", model=ref).model == ref
    assert EmbeddingSpec(model=ref, input=("x",)).model == ref
    assert ImageSpec(model=ref, prompt="x").model == ref
    assert ScheduleSpec(name="x", task=TaskSpec(goal="x", model=ref), interval_s=60).task.model == ref


@pytest.mark.parametrize(
    "name",
    [
        *(
            "",
            " ",
            " x",
            "x ",
            "x\n",
            "\tx",
            "a\tb",
            "a\nb",
            "a\0b",
            "a\x1b[2Jb",
            "a\x7fb",
            "a\x85b",
            "a\u00a0b",
            "a\u200bb",
        ),
        *("a\u202eb", "a\u2066b", "\ufeffx", "a\u3000b", "a\uffffb", "a\ud800b", "x" * (MODEL_CHARS + 1)),
    ],
)
def test_a_name_with_something_unseen_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TaskSpec(goal="x", model=f"local/{name}")


def test_names_may_have_every_permitted_character() -> None:
    seen = [chr(code) for code in range(0x30000) if unicodedata.category(chr(code))[0] in "LNPS"]
    for name in Random(1).sample(seen, 5000):
        REF.validate_python(f"local/{name}")
    unseen = [chr(code) for code in range(0x10000) if unicodedata.category(chr(code)) in ("Cc", "Zl", "Zp")]
    for name in unseen:
        with pytest.raises(ValidationError):
            REF.validate_python(f"local/a{name}b")


@pytest.mark.parametrize(
    ("schema", "why"),
    [({"title": "x" * MAX_SCHEMA_BYTES}, "at most 32 KiB"), ({"items": [{"maximum": math.inf}]}, "too large")],
    ids=["long", "endless"],
)
def test_a_schema_that_can_not_be_stored_is_refused(schema: dict[str, JsonValue], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        TypeAdapter(OutputSchema).validate_python(schema)
