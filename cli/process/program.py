"""The command line as a whole: its version and its exit codes."""

import os
import shutil
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from cli.input.encodings import NotText, arguments_in, use_utf8

USAGE, GAVE_UP = 2, 1
"""Typer's exit codes of wrong usage, and of a prompt that Ctrl-C ended or help whose reader has closed the pipe."""
TROUBLE, INTERRUPTED = 3, 130
"""As in `cli.errors`, which help would take too long to load."""


NARROW = 80
"""Columns that the frames around help need."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from chimera import __version__

        typer.echo(f"chimera {__version__}")
        raise typer.Exit


def version(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Run durable multi-agent tasks on your own machine."""


def use_size() -> None:
    """Set the size of a dumb terminal, for which rich assumes 80 columns."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown") and sys.stdout.isatty():
        size = shutil.get_terminal_size((80, 25))
        os.environ |= {"COLUMNS": str(size.columns), "LINES": str(size.lines)}


def use_plain_help(app: typer.Typer) -> None:
    """Write help and wrong usage without frames where they would leave no room for options."""
    if shutil.get_terminal_size((NARROW, 25)).columns < NARROW:
        app.rich_markup_mode = None


def ending_with_own_codes(app: typer.Typer) -> None:
    """Run the app. A command ends with `Finished`; any other exit is Typer's own."""
    use_utf8()
    use_size()
    use_plain_help(app)
    code = _code_of(app)
    if not _all_is_written():
        code = TROUBLE
    if code == INTERRUPTED:
        # Python gives up its handlers while it ends, and another Ctrl-C would then end it by the signal.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    sys.exit(code)


def _code_of(app: typer.Typer) -> int:
    try:
        app(arguments_in(sys.argv[1:]), prog_name="chimera")
    except NotText as error:
        from cli.errors import WrongUsage
        from cli.process.running import explain

        explain(WrongUsage(str(error)))
        return TROUBLE
    except OSError as error:
        return _not_written(error)
    except SystemExit as ending:
        if type(ending) is SystemExit and ending.code in (USAGE, GAVE_UP):
            return INTERRUPTED if isinstance(ending.__context__, typer.Abort) else TROUBLE
        return ending.code if isinstance(ending.code, int) else 0
    return 0


def _not_written(error: OSError) -> int:
    """End a command whose output can't be written with a message, where one can be shown. Raises other errors again."""
    from cli.process.running import explain_full_output

    if not explain_full_output(error):
        raise error
    return TROUBLE


def _all_is_written() -> bool:
    """Flush the streams. A failure must not repeat at the exit, with a trace and 120."""
    written = True
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        try:
            if stream is not None:
                stream.flush()
        except OSError as error:
            written = False
            setattr(sys, name, None)
            with suppress(OSError):
                _not_written(error)
    return written
