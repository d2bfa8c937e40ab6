"""A terminal's screen: what a user sees after everything that was written to the terminal."""

import codecs
import re

from rich.cells import cell_len

_TOKEN = re.compile(r"\x1b\[([0-?]*)[ -/]*([@-~])|\x1b\][^\x07]*\x07|\x1b[=>78]|[^\x1b]|\x1b")
_UNFINISHED = re.compile(r"\x1b(?:\[[0-?]*|\][^\x07]*)?\Z")


class Screen:
    """Interprets the sequences that the command uses. The lines that have scrolled away are kept."""

    def __init__(self, columns: int, height: int) -> None:
        self._columns = columns
        self._height = height
        self._lines: list[list[str]] = [[]]
        self._row = self._column = 0
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    @property
    def text(self) -> str:
        """All lines, those that have scrolled away included."""
        return "\n".join("".join(line).rstrip() for line in self._lines)

    def feed(self, data: bytes) -> None:
        text = self._held + self._decoder.decode(data)
        self._held = ""
        if unfinished := _UNFINISHED.search(text):
            self._held, text = unfinished[0], text[: unfinished.start()]
        for token in _TOKEN.finditer(text):
            if token[2]:
                self._obey(token[2], int(token[1]) if token[1].isdigit() else 0)
            elif not token[0].startswith("\x1b"):
                self._put(token[0])

    def _put(self, character: str) -> None:
        if character == "\r":
            self._column = 0
        elif character == "\n":
            self._down(1)
        elif character == "\b":
            self._column = max(0, self._column - 1)
        elif character.isprintable():
            width = cell_len(character)
            if self._column + width > self._columns:
                self._column = 0
                self._down(1)
            line = self._line()
            line += [" "] * (self._column + width - len(line))
            line[self._column : self._column + width] = [character] + [""] * (width - 1)
            self._column += width

    def _obey(self, command: str, number: int) -> None:
        steps = max(1, number)
        match command:
            case "A":
                self._row = max(self._top, self._row - steps)
            case "B":
                self._down(steps)
            case "C":
                self._column = min(self._columns - 1, self._column + steps)
            case "D":
                self._column = max(0, self._column - steps)
            case "K":
                del self._line()[self._column :]
            case "J":
                del self._line()[self._column :]
                del self._lines[self._row + 1 :]

    @property
    def _top(self) -> int:
        return max(0, len(self._lines) - self._height)

    def _down(self, steps: int) -> None:
        self._row += steps
        self._line()

    def _line(self) -> list[str]:
        while len(self._lines) <= self._row:
            self._lines.append([])
        return self._lines[self._row]
