"""Shows a reply on a terminal: finished blocks are printed for good, and the block being written is shown below them.

Text that was taken back is erased, as long as it is still on the screen.
"""

from typing import Protocol

from rich.text import Text

from cli.chat.blocks import Growing, end_of
from cli.chat.markdown import Printer
from cli.output.text import one_line

TAIL_LINES = 12
"""How many lines of the block being written are shown at most."""
_REPLACED = "The text above was taken back, because its request was interrupted. The reply is written again:"


class Surface(Protocol):
    """A terminal with a part that is printed for good, and lines below it that change."""

    printer: Printer

    @property
    def printed_lines(self) -> int:
        """How many lines were printed for good."""

    def print(self, text: str) -> None:
        """Print rendered lines for good."""

    def show_below(self, text: str) -> None:
        """Show rendered lines below what was printed, instead of the earlier ones."""

    def erase(self, lines: int) -> bool:
        """Erase the last printed lines. Return False if they aren't all on the screen anymore."""


class Page:
    """The text of one reply on a surface."""

    def __init__(self, surface: Surface, *, live: bool = True) -> None:
        self._surface = surface
        self._live = live
        self._text = Growing()
        self._drawn = (0, 0)
        """What was drawn last: the length of the text, and the width."""
        self._printed_lines = 0
        self._printed_at = 0
        self._width = surface.printer.width

    @property
    def received(self) -> str:
        """The text of the current call, as it arrived."""
        return self._text.received

    def write(self, piece: str) -> None:
        """Add a piece of text. It appears when the surface is next drawn with `draw`."""
        self._text.add(piece)

    def draw(self) -> None:
        """Print the blocks that are finished, and show the one being written."""
        state = (self._text.length, self._surface.printer.width)
        if not self._live or state == self._drawn:
            return
        self._drawn = state
        if blocks := self._text.take_finished():
            self._print(blocks)
        rest = end_of(self._text.rest, TAIL_LINES)
        self._surface.show_below("\n" + self._cropped(rest) if rest.strip() else "")

    def end_call(self) -> None:
        """Print everything that has arrived. Another call's text may follow."""
        if blocks := self._text.take_all():
            self._print(blocks)
        self._surface.show_below("")
        self._text, self._printed_lines = Growing(), 0

    def retract(self) -> None:
        """Take the text of the current call back."""
        erased = self._erased()
        self._surface.show_below("")
        if not erased:
            self.note(_REPLACED, style="yellow")
        self._text, self._printed_lines = Growing(), 0

    def settle(self, text: str) -> None:
        """End with the stored text, whatever has arrived of it."""
        missing = text[len(self.received) :] if text.startswith(self.received) else None
        if missing is None and text.rstrip() != self.received.rstrip():
            if not self._erased():
                self.note("The text above was incomplete. This is the whole text:", style="yellow")
            self._text, self._printed_lines = Growing(), 0
            missing = text
        self._text.add(missing or "")
        self.end_call()

    def note(self, line: str, style: str = "dim") -> None:
        """Print a line about the reply, after the text that has arrived before it."""
        self._surface.print(self._surface.printer.rendered(Text(one_line(line, 2000), style=style)))

    def _print(self, blocks: list[str]) -> None:
        if not self._printed_lines:
            self._printed_at, self._width = self._surface.printed_lines, self._surface.printer.width
        for block in blocks:
            printed = "\n" + self._surface.printer.markdown(block)
            self._surface.print(printed)
            self._printed_lines += printed.count("\n")

    def _cropped(self, rest: str) -> str:
        lines = self._surface.printer.markdown(rest).splitlines(keepends=True)
        return "".join(lines[-TAIL_LINES:])

    def _erased(self) -> bool:
        """Erase the printed text of the current call, if nothing was printed after it and its lines are as long."""
        if self._printed_lines == 0:
            return True
        is_last = self._surface.printed_lines == self._printed_at + self._printed_lines
        same_width = self._width == self._surface.printer.width
        return is_last and same_width and self._surface.erase(self._printed_lines)
