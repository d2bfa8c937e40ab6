"""Splits streaming Markdown into blocks that can no longer change, and the block that is still being written.

Text is made safe line by line: escape sequences don't cross lines, so the result doesn't depend on how it arrived.
"""

from itertools import pairwise

from markdown_it import MarkdownIt

from cli.output.text import plain

_PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_FENCES = ("```", "~~~")


class Growing:
    """A text that grows. Its finished blocks are taken out one after another."""

    def __init__(self) -> None:
        self.length = 0
        """How many characters have arrived, also those that aren't safe to print."""
        self.received = ""
        self._safe = ""
        self._line = ""

    def add(self, piece: str) -> None:
        self.length += len(piece)
        self.received += piece
        lines, newline, rest = (self._line + piece).rpartition("\n")
        if newline:
            self._safe += plain(lines + newline)
        self._line = rest

    @property
    def rest(self) -> str:
        """The safe text that hasn't been taken yet."""
        return self._safe + plain(self._line)

    def take_finished(self) -> list[str]:
        """Take out the blocks that are followed by another block."""
        starts = _starts_of(self._safe)
        if len(starts) < 2:
            return []
        lines = self._safe.splitlines(keepends=True)
        self._safe = "".join(lines[starts[-1] :])
        places = [0, *starts[1:]]
        return ["".join(lines[a:b]) for a, b in pairwise(places)]

    def take_all(self) -> list[str]:
        """Take out the whole text, because no more will arrive."""
        self._safe, self._line = self.rest, ""
        blocks = self.take_finished()
        if self._safe.strip():
            blocks.append(self._safe)
        self._safe = ""
        return blocks


def end_of(text: str, lines: int) -> str:
    """Return at most the last `lines` lines of a block. The end of a code block remains code."""
    every = text.splitlines(keepends=True)
    if len(every) <= lines:
        return text
    opener = every[0] if every[0].lstrip().startswith(_FENCES) else ""
    return opener + "".join(every[-lines:])


def _starts_of(text: str) -> list[int]:
    """Return the lines on which the blocks of a text begin."""
    tokens = _PARSER.parse(text) if text.strip() else []
    return [token.map[0] for token in tokens if token.level == 0 and token.map is not None and token.nesting >= 0]
