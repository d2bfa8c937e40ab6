"""Streaming Markdown in blocks."""

import pytest

from cli.chat.blocks import Growing, end_of
from cli.chat.markdown import Printer

TEXT = """# Tea

One *two*
three.

- a
- b

```python
def tea() -> str:

    return "\u8336"
```

| a | b |
|---|---|
| 1 | 2 |

The end."""


@pytest.mark.parametrize("size", [1, 2, 7, 1000])
def test_blocks_dont_depend_on_the_pieces(size: int) -> None:
    growing, blocks = Growing(), list[str]()
    for start in range(0, len(TEXT), size):
        growing.add(TEXT[start : start + size])
        blocks += growing.take_finished()
    blocks += growing.take_all()
    assert "".join(blocks) == TEXT
    assert [block.strip()[:5] for block in blocks] == ["# Tea", "One *", "- a\n-", "```py", "| a |", "The e"]


def test_an_unfinished_block_is_kept() -> None:
    growing = Growing()
    growing.add("One.\n\n```\ncode\n\nmore")
    assert growing.take_finished() == ["One.\n\n"]
    assert growing.rest == "```\ncode\n\nmore"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_sequences_are_removed_however_they_arrive(size: int) -> None:
    text = "a\x1b[31mred\x1b]0;owned\x07b\r\nc\u202ed\x9b2J\nend\n\n"
    growing, blocks = Growing(), list[str]()
    for start in range(0, len(text), size):
        growing.add(text[start : start + size])
        assert not set(growing.rest) & set("\x1b\x07\x9b\u202e\r")
    blocks = growing.take_all()
    assert "".join(blocks) == "aredb\ncd\nend\n\n"
    assert growing.length == len(text)


def test_the_end_of_code_remains_code() -> None:
    code = "```python\n" + "".join(f"{number}\n" for number in range(50))
    assert end_of(code, 2) == "```python\n48\n49\n"
    assert end_of("one\ntwo\n", 2) == "one\ntwo\n"


@pytest.mark.parametrize("colored", [True, False])
def test_references_cant_become_direction_marks(colored: bool) -> None:
    printer = Printer(colored=colored)
    printed = printer.markdown("&#27;[2J &rlm;a&#x202e;b &#155;2J [link](https://example.com/\u202e) ![x](y)")
    assert not set(printed) & set("\u200f\u202e\x9b\x07")
    assert "\x1b[2J" not in printed
    assert "\x1b]" not in printed


def test_wide_characters_fit_the_width() -> None:
    printer = Printer(colored=False)
    printer.width = 20
    printed = printer.markdown("\u8336" * 30)
    assert printed == ("\u8336" * 10 + "\n") * 3
