"""Prints prose for users, wrapped between words at the width of a terminal. In a pipe, lines aren't wrapped.

Terminals themselves wrap lines in the middle of words. A word that is longer than a line, such as an address or a path,
is left to the terminal, because it couldn't be copied if we broke it.
"""

import re
import sys
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from cli.output.text import plain

_NARROWEST = 20
"""Minimum number of columns beside an indent. If there are fewer, wrapping doesn't help."""
_WORDS = re.compile(r"(?<=[Rr]un: |See: )\S.*|\S+\s*")
_FENCE = re.compile(r"\s*(```|~~~)")
_AS_IT_IS = re.compile(r"(?: {4}|\t|\s*\|)")
"""Matches indented code and the rows of tables."""
_HANGS = re.compile(r"\s*(?:[-*•] |\d{1,3}[.)] )?")
"""Matches an indent and a bullet, with which continuation lines are aligned."""


def print_line(line: str) -> None:
    """Print one or more lines of prose on standard output."""
    print_to(Console(highlight=False), line)


def print_note(line: str) -> None:
    """Print one or more lines of prose on standard error, apart from a command's own output."""
    print_to(Console(stderr=True, highlight=False), line)


def print_to(console: Console, line: str) -> None:
    """Print lines as they are: no markup, no colors of their own, nothing that could steer the terminal."""
    for each in plain(line).split("\n"):
        print_prose(console, Text(each))


def print_prose(console: Console, text: Text, *, indent: int | None = None) -> None:
    """Print a line. Its continuation lines are indented like the line, or by `indent` columns."""
    hanging = len(_HANGS.match(text.plain)[0]) if indent is None else indent  # type: ignore[index]  # it matches always
    if not console.is_terminal or console.width - hanging < _NARROWEST or text.cell_len <= console.width:
        console.print(text, soft_wrap=True)
        return
    head, rest = text[:hanging], text[hanging:]
    for number, piece in enumerate(rest.divide(_breaks_in(rest.plain, console.width - hanging))):
        piece.rstrip()
        console.print((head if number == 0 else Text(" " * hanging)) + piece, soft_wrap=True)


def _breaks_in(line: str, width: int) -> list[int]:
    """Return where to break a line: before each word that doesn't fit. A single word may be longer than a line.

    A command counts as a word, because a copied line break would end it.
    """
    breaks, columns = [], 0
    for word in _WORDS.finditer(line):
        if columns and columns + cell_len(word[0].rstrip()) > width:
            breaks.append(word.start())
            columns = 0
        columns += cell_len(word[0])
    return breaks


def print_answer(answer: str) -> None:
    """Print a model's text on standard output. Its prose is wrapped between words, but its code and tables aren't."""
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
