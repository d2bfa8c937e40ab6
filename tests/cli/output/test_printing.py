import json

import pytest

from cli.output.printing import print_json


@pytest.mark.parametrize(
    "text", ["\x9b31m", "\x9d52;c;eA==\x9c", "\u202eevil", "a\u200bb", "\x7f", "\U000e0041", "\ufeff"]
)
def test_json_has_nothing_that_a_terminal_obeys(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"title": text})
    printed = capsys.readouterr().out
    assert printed.replace("\n", "").isascii()
    assert json.loads(printed) == {"title": text}


def test_json_output_keeps_unicode_readable(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"title": "Größe 漢字 😀"})
    assert "Größe 漢字 😀" in capsys.readouterr().out
