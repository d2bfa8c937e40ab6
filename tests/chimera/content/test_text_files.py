"""Files written by users are read as UTF-8 everywhere, or refused with the place and what to write instead."""

from pathlib import Path

import pytest

from chimera.content.text_files import NotReadable, json_in, text_in

TEXT = '{"a": "Grüße 完了"}'


def a_file(folder: Path, data: bytes | str) -> Path:
    path = folder / "file.json"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return path


@pytest.mark.parametrize("data", [TEXT.encode(), TEXT.encode("utf-8-sig"), f"\r\n {TEXT}\r\n".encode()])
def test_utf8_is_read_with_and_without_a_mark(tmp_path: Path, data: bytes) -> None:
    assert json_in(a_file(tmp_path, data)) == {"a": "Grüße 完了"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (TEXT.encode("utf-16"), "is UTF-16. Save the file as UTF-8."),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is UTF-16."),
        (TEXT.encode("utf-32"), "is UTF-32."),
        (TEXT.encode("utf-16-le"), "it contains NUL bytes, as UTF-16 does. Save the file as UTF-8."),
        (b'{\n"a": "Gr\xfc\xdfe"}', "is not UTF-8 (line 2 has the byte 0xfc). Save the file as UTF-8."),
        (b'{"a": "\xed\xa0\x80"}', "is not UTF-8 (line 1 has the byte 0xed)"),
    ],
)
def test_another_encoding_is_named(tmp_path: Path, data: bytes, text: str) -> None:
    with pytest.raises(NotReadable) as raised:
        text_in(a_file(tmp_path, data))
    assert text in str(raised.value)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            '[\n {"é": "ü",},\n]',
            "line 2, column 12: A value is missing after the comma before this position. Remove the comma.",
        ),
        ("[1, 2,]", "line 1, column 7: A value is missing after the comma"),
        ("[1 2]", "line 1, column 4: A comma or a closing bracket is missing"),
        ('{"a" 1}', "line 1, column 6: A colon is missing"),
        ("{'a': 1}", "line 1, column 2: Put names and text in straight double quotes"),
        ("[“a”]", "line 1, column 2: A value is expected here"),
        ("{a: 1}", "line 1, column 2: Put the name in double quotes."),
        ("[] // done", "line 1, column 4: JSON doesn't support comments"),
        ("# plan\n[]", "line 1, column 1: JSON doesn't support comments"),
        ('[{"a": "b', "line 1, column 9: The file ends before the JSON value is complete"),
        ('["a\nb"]', "line 2, column 1: In a string, write a line break or tab"),
        (r'["\x41"]', "line 1, column 4: In a string, write a backslash"),
        (r'["\ud800"]', "line 1, column 9: This escape sequence doesn't encode a complete character"),
        ("[NaN]", "line 1, column 2: A value is expected here"),
        ("[01]", "line 1, column 3: Use a number such as 3 or 0.5."),
        ("[] []", "line 1, column 4: The JSON value ends before this"),
        ("[" * 100_000, "The value is nested too deeply."),
        (" \n", "is empty. Add JSON to it."),
    ],
)
def test_invalid_json_reports_place_and_reason(tmp_path: Path, data: str, text: str) -> None:
    with pytest.raises(NotReadable) as raised:
        json_in(a_file(tmp_path, data))
    assert text in str(raised.value)
