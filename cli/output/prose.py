"""Prose for users, broken between words at the width of a terminal; a pipe gets each line whole.

Terminals themselves break in mid-word. What is longer than a line, an address or a path, is left to them: broken by us
it could not be copied.
"""

import re
import sys
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.output.text import plain

_NARROWEST = 20
"""Columns that are left beside an indent; narrower than this nothing is gained by breaking."""
_FENCE = re.compile(r"\s*(```|~~~)")
_AS_IT_IS = re.compile(r"(?: {4}|\t|\s*\|)")
"""Code by its indent, and a row of a table."""
_HANGS = re.compile(r"\s*(?:[-*•] |\d{1,3}[.)] )?")
"""Indent and bullet, below which a line goes on."""


def print_line(line: str) -> None:
    """Print one or more lines of prose where a command's own output goes."""
    print_to(Console(highlight=False), line)


def print_note(line: str) -> None:
    """Print lines beside a command's own output, on standard error."""
    print_to(Console(stderr=True, highlight=False), line)


def print_to(console: Console, line: str) -> None:
    """Print lines as they are: no markup, no colors of their own, nothing that could steer the terminal."""
    for each in plain(line).split("\n"):
        print_prose(console, Text(each))


def print_prose(console: Console, text: Text, *, indent: int | None = None) -> None:
    """Print a line; its continuation is indented as the line is, or by `indent` columns."""
    hanging = len(_HANGS.match(text.plain)[0]) if indent is None else indent  # type: ignore[index]  # it matches always
    if not console.is_terminal or console.width - hanging < _NARROWEST or text.cell_len <= console.width:
        console.print(text, soft_wrap=True)
        return
    head, rest = text[:hanging], text[hanging:]
    for number, piece in enumerate(rest.divide(_breaks_in(rest.plain, console.width - hanging))):
        piece.rstrip()
        console.print((head if number == 0 else Text(" " * hanging)) + piece, soft_wrap=True)


def _breaks_in(line: str, width: int) -> list[int]:
    """Where a line is broken: before the word that doesn't fit any more. A word alone may be longer than a line."""
    breaks, columns = [], 0
    for word in re.finditer(r"\S+\s*", line):
        if columns and columns + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            columns = 0
        columns += cell_len(word[0])
    return breaks


def print_answer(answer: str) -> None:
    """Print a model's text on standard output: its prose is broken between words, its code and tables are not."""
    console = Console(highlight=False)
    if not console.is_terminal:
        sys.stdout.write(answer + "\n")
        return
    for line, is_prose in _parts_of(answer):
        if is_prose:
            print_prose(console, Text(line))
        else:
            console.print(Text(line), soft_wrap=True)


def _parts_of(answer: str) -> Iterator[tuple[str, bool]]:
    in_code = False
    for line in answer.split("\n"):
        is_fence = bool(_FENCE.match(line))
        yield line, not (in_code or is_fence or _AS_IT_IS.match(line))
        in_code ^= is_fence
