"""The terminal of a conversation: an input line that stays, changing lines above it, and printed text above both.

One application draws all of it for the whole conversation, so that users can type while a reply arrives. Everything is
printed between two drawings, in the raw mode of the application: Ctrl-C is a key here, never a signal.
"""

import asyncio
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from prompt_toolkit import PromptSession
from prompt_toolkit.application import in_terminal
from prompt_toolkit.completion import Completer
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import ANSI, FormattedText, to_formatted_text
from prompt_toolkit.history import History
from prompt_toolkit.input import Input, create_input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output, create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.styles import Style
from rich.console import Console

from cli.chat.markdown import Printer

FRAME_S = 0.1
MENU_LINES = 6
_LEAST_LINES = 8
"""Lines for the input, the toolbar and the changing lines, which are never erased as printed lines."""
_STYLE = Style.from_dict({"bottom-toolbar": "noreverse fg:ansibrightblack", "prompt": "bold", "hint": "fg:ansiyellow"})


class Terminal:
    """The terminal, while `run` runs. `interrupt` is called for Ctrl-C, and returns whether it has ended something."""

    def __init__(
        self,
        *,
        history: History,
        completer: Completer,
        interrupt: Callable[[], bool],
        toolbar: Callable[[], str],
        activity: Callable[[], str],
        color: bool = True,
    ) -> None:
        """`toolbar` and `activity` return the current lines below and above the input; empty for none."""
        self.printer = Printer(colored=color)
        self.printed_lines = 0
        self.prompt = "> "
        self.hint = ""
        self.inputs: asyncio.Queue[str | None] = asyncio.Queue()
        """What was entered; None at the end."""
        self._below = ""
        self._is_apart, self._held = False, ""
        self._toolbar, self._activity, self._interrupt = toolbar, activity, interrupt
        self._output = _output()
        self._input: Input = create_input()
        self._session = PromptSession[str](
            self._message,
            multiline=True,
            history=history,
            completer=completer,
            complete_while_typing=Condition(self._is_command),
            reserve_space_for_menu=MENU_LINES,
            bottom_toolbar=self._below_input,
            key_bindings=self._keys(),
            prompt_continuation="  ",
            style=_STYLE,
            erase_when_done=True,
            refresh_interval=FRAME_S,
            input=self._input,
            output=self._output,
        )
        self._session.default_buffer.on_text_changed += lambda _: self._forget_hint()
        self.is_drawn = asyncio.Event()
        """Set as soon as the input is on the screen, so that Ctrl-C is a key."""
        self._session.app.after_render += lambda _: self.is_drawn.set()
        self._take_size()

    @property
    def height(self) -> int:
        return self._output.get_size().rows

    @property
    def console(self) -> Console:
        """A console for the functions of other commands, that prints here."""
        return self.printer.console(_Prints(self))

    async def run(self) -> None:
        """Read the input until Ctrl-D."""
        try:
            await self._session.prompt_async(handle_sigint=False, set_exception_handler=False)
        except EOFError:
            pass
        finally:
            self.inputs.put_nowait(None)

    def stop(self) -> None:
        """End `run`."""
        if self._session.app.is_running:
            self._session.app.exit(exception=EOFError())

    def print(self, text: str) -> None:
        """Print rendered lines above the input."""
        self._take_size()
        self.printed_lines += text.count("\n")
        self._outside(text)

    def show_below(self, text: str) -> None:
        """Show rendered lines between what was printed and the input, instead of the earlier ones."""
        self._take_size()
        self._below = text.rstrip("\n")
        self._session.app.invalidate()

    def erase(self, lines: int) -> bool:
        """Erase the last printed lines. Return False if they aren't all on the screen anymore."""
        if lines > self.height - _LEAST_LINES - self._below.count("\n"):
            return False
        self.printed_lines -= lines
        self._outside(f"\x1b[{lines}A\r\x1b[J")
        return True

    def put(self, text: str) -> None:
        """Put a text into the input, to be changed and entered by the user."""
        self._session.default_buffer.text = text
        self._session.default_buffer.cursor_position = len(text)

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[None]:
        """Leave the terminal to another program while the block runs."""
        async with in_terminal():
            self._is_apart = True
            try:
                yield
            finally:
                self._is_apart = False
        held, self._held = self._held, ""
        self._outside(held)

    def _outside(self, text: str) -> None:
        app = self._session.app
        if self._is_apart:
            self._held += text
            return
        if app.is_running:
            app.renderer.erase()
        self._output.write_raw(text)
        self._output.flush()
        app.invalidate()

    def _take_size(self) -> None:
        self.printer.width = max(20, self._output.get_size().columns)

    def _is_command(self) -> bool:
        return self._session.default_buffer.text.startswith("/")

    def _forget_hint(self) -> None:
        if self._session.default_buffer.text:
            self.hint = ""

    def _message(self) -> FormattedText:
        """Return the changing lines and the prompt."""
        parts: list[tuple[str, str]] = []
        if self._below:
            parts += [(each[0], each[1]) for each in to_formatted_text(ANSI(self._below + "\n\n"))]
        if activity := self._activity():
            parts.append(("class:hint", activity + "\n"))
        return FormattedText([*parts, ("class:prompt", self.prompt)])

    def _below_input(self) -> FormattedText:
        return FormattedText([("class:hint", self.hint)] if self.hint else [("", self._toolbar())])

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()

        @keys.add("enter", eager=True, filter=Condition(lambda: not self._is_searching()))
        def _(event: KeyPressEvent) -> None:
            self._enter()

        @keys.add("escape", "enter")
        @keys.add("c-j")
        def _(event: KeyPressEvent) -> None:
            event.current_buffer.insert_text("\n")

        @keys.add("c-c", eager=True)
        def _(event: KeyPressEvent) -> None:
            if self._interrupt():
                return
            if not event.current_buffer.text:
                self.hint = "To leave, press Ctrl-D."
            event.current_buffer.reset()

        return keys

    def _is_searching(self) -> bool:
        return self._session.app.layout.is_searching

    def _enter(self) -> None:
        buffer = self._session.default_buffer
        typed = buffer.text
        self.hint = ""
        if typed.strip():
            buffer.append_to_history()
        buffer.reset()
        self.inputs.put_nowait(typed)


class _Prints(io.TextIOBase):
    """A file whose lines are printed on a terminal when they are flushed."""

    def __init__(self, terminal: Terminal) -> None:
        self._terminal = terminal
        self._text = ""

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def flush(self) -> None:
        """Print the whole lines. A question without a line break becomes a line, because the input is below it."""
        if self._text:
            text, self._text = self._text, ""
            self._terminal.print(text if text.endswith("\n") else text + "\n")


def _output() -> Output:
    output = create_output()
    if isinstance(output, Vt100_Output):
        # Without it, the input would jump to the bottom of the screen, and the terminal's answers could be typed ahead.
        output.enable_cpr = False
        # The toolbar is shown only if it is known how much room is below the input. One line can always be made.
        output.get_rows_below_cursor_position = lambda: 1  # type: ignore[method-assign]
    return output
