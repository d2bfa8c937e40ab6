"""What is wrong with a value, in words: no kind of error may fail to be worded."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from models.streams import CLIENT_MESSAGE
from models.tasks import TaskSpec
from models.wording import sentence_of, told

SPEC: TypeAdapter[Any] = TypeAdapter(TaskSpec)


@pytest.mark.parametrize(
    ("adapter", "text", "words"),
    [
        (CLIENT_MESSAGE, "[]", "in curly brackets: {…}"),
        (CLIENT_MESSAGE, '"x"', "in curly brackets: {…}"),
        (CLIENT_MESSAGE, "{}", "which message it is"),
        (CLIENT_MESSAGE, '{"type": "cancel"}', "Use one of"),
        (CLIENT_MESSAGE, "{", "Invalid JSON"),
        (SPEC, '{"goal": "g", "budget": []}', "in curly brackets: {…}"),
        (SPEC, '{"goal": "g", "plan": "do it"}', "in square brackets: […]"),
        (SPEC, '{"goal": ""}', "empty"),
        (SPEC, '{"goal": "g", "priority": "3"}', "without quotes"),
        (SPEC, '{"goal": "g", "model": "gpt-5"}', "provider/model"),
        (SPEC, '{"goal": "g", "on_failure": "shrug"}', "Use one of"),
    ],
)
def test_what_is_wrong_is_said_with_what_to_send(adapter: TypeAdapter[Any], text: str, words: str) -> None:
    with pytest.raises(ValidationError) as raised:
        adapter.validate_json(text)
    assert words in sentence_of(told(raised.value.errors())[0])
