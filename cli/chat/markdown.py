"""Renders Markdown for a terminal: as text with colors, never with addresses or sequences from the text itself."""

import io
import re
from typing import ClassVar

from rich.console import Console, RenderableType
from rich.markdown import Heading, Markdown

from cli.output.text import plain

CODE_THEME = "ansi_dark"
"""Uses the terminal's own colors, so that code is readable on light and dark backgrounds."""

_COLORS = re.compile(r"(\x1b\[[0-9;]*m)")


class _Heading(Heading):
    """A heading at the left, as in the text."""

    LEVEL_ALIGN = dict.fromkeys(Heading.LEVEL_ALIGN, "left")


class _Markdown(Markdown):
    elements: ClassVar = {**Markdown.elements, "heading_open": _Heading}


class Printer:
    """Renders to text for a terminal with `width` columns; without escape sequences if it isn't `colored`."""

    def __init__(self, *, colored: bool) -> None:
        self.colored = colored
        self.width = 80

    def rendered(self, *parts: RenderableType) -> str:
        """Return parts below each other, as lines that end with a line break."""
        console = self.console(io.StringIO())
        for part in parts:
            console.print(part)
        assert isinstance(console.file, io.StringIO)
        # Markdown's character references, such as &rlm;, become characters only here.
        pieces = _COLORS.split(console.file.getvalue())
        return "".join(piece if place % 2 else plain(piece) for place, piece in enumerate(pieces))

    def markdown(self, text: str) -> str:
        """Render safe Markdown. Trailing spaces are removed, so that they don't wrap if the terminal gets narrower."""
        printed = self.rendered(_Markdown(text, code_theme=CODE_THEME, hyperlinks=False))
        return "".join(f"{line.rstrip(' ')}\n" for line in printed.splitlines())

    def console(self, file: io.TextIOBase) -> Console:
        """Return a console that prints to a file as for the terminal."""
        return Console(
            file=file,  # type: ignore[arg-type]  # a text stream
            force_terminal=self.colored,
            no_color=None if self.colored else True,
            width=self.width,
            highlight=False,
            legacy_windows=False,
        )
