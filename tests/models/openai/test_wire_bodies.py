"""Every body of an OpenAI client: whatever is wrong with it, the message is written for people."""

import pytest
from pydantic import ValidationError

from models.openai import chat, responses  # noqa: F401  # defines the bodies
from models.openai.base import WireBody
from models.wording import sentence_of


def every_body(root: type[WireBody] = WireBody) -> list[type[WireBody]]:
    return [*root.__subclasses__(), *(below for each in root.__subclasses__() for below in every_body(each))]


@pytest.mark.parametrize("value", [True, -1, 1.5, 10**400, float("inf"), "", "x", "x" * 200_000, [], [[]], {}])
@pytest.mark.parametrize("body", every_body(), ids=lambda body: body.__name__)
def test_errors_never_contain_validator_text(body: type[WireBody], value: object) -> None:
    entries = []
    for name, field in body.model_fields.items():
        try:
            body.model_validate({field.alias or name: value})
        except ValidationError as error:
            entries += error.errors()
    assert {sentence_of(entry) for entry in entries}.isdisjoint(entry["msg"] for entry in entries)


@pytest.mark.parametrize("body", every_body(), ids=lambda body: body.__name__)
def test_unknown_fields_are_ignored(body: type[WireBody]) -> None:
    assert body.model_config["extra"] == "ignore"
