"""A name that occurs twice in one JSON object is found, and nothing else is."""

import pytest

from chimera.content.json_names import name_twice


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"key": "a", "key": "b"}', "key"),
        ('{"plan": [{"key": "a"}, {"key": "a", "x": {}, "key": "b"}]}', "plan.1.key"),
        (r'{"a": {"b": 1, "\u0062": 2}}', "a.b"),
        ('[[{"": 1, "": 2}]]', "0.0."),
        ('{"key": {"key": {"key": ["key", "key"]}}}', None),
        ('[{"key": 1}, {"key": 1}]', None),
        ('{"text": "{\\"a\\": 1, \\"a\\": 2}"}', None),
        ("{}", None),
        ("7" * 5000, None),
        ("[" * 199 + '{"a": 1, "a": 2}' + "]" * 199, ".".join("0" * 199) + ".a"),
    ],
)
def test_duplicate_names_are_found(text: str, place: str | None) -> None:
    assert name_twice(text) == place
