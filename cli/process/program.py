"""The command line as a whole: its version, terminal and exit codes."""

import os
import shutil
import signal
import sys
from contextlib import suppress
from typing import Annotated

import typer

from cli.input.encodings import NotText, arguments_in, use_utf8

USAGE, GAVE_UP = 2, 1
"""Typer's exit codes for wrong usage, and for a prompt ended by Ctrl-C or help whose reader has closed the pipe."""
TROUBLE, INTERRUPTED = 3, 130
"""The same as in `cli.errors`, which takes too long to import for `--help`."""


NARROW = 80
"""Minimum number of columns for help with frames."""


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
    """Set the real size of a dumb terminal, for which rich would assume 80 columns."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown") and sys.stdout.isatty():
        size = shutil.get_terminal_size((80, 25))
        os.environ |= {"COLUMNS": str(size.columns), "LINES": str(size.lines)}


def use_plain_help(app: typer.Typer) -> None:
    """Print help and usage errors without frames on terminals where frames would leave no room for options."""
    if shutil.get_terminal_size((NARROW, 25)).columns < NARROW:
        app.rich_markup_mode = None


def ending_with_own_codes(app: typer.Typer) -> None:
    """Run the app, and exit with our own exit codes. A command exits with `Finished`; any other exit is Typer's."""
    use_utf8()
    use_size()
    use_plain_help(app)
    code = _code_of(app)
    if not _all_is_written():
        code = TROUBLE
    if code == INTERRUPTED:
        # Python drops its handlers while it exits, and another Ctrl-C would then kill the process.
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
    """Explain, if possible, that output can't be written, and return the exit code. Raises any other error again."""
    from cli.process.running import explain_full_output

    if not explain_full_output(error):
        raise error
    return TROUBLE


def _all_is_written() -> bool:
    """Flush the streams. Return whether this worked. Failures must not recur at exit, with a traceback and code 120."""
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
