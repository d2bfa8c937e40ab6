"""The command line as a whole: its version and its exit codes."""

import os
import shutil
import sys
from typing import Annotated

import typer

from cli.encodings import NotText, arguments_in, use_utf8

USAGE = 2
"""What Typer ends wrong usage with."""


def _print_version(wanted: bool) -> None:
    if wanted:
        from chimera import __version__

        typer.echo(f"chimera {__version__}")
        raise typer.Exit


def version(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and end.")
    ] = False,
) -> None:
    """Durable multi-agent work on your own machine."""


def use_size() -> None:
    """Say how large a terminal is that can draw nothing; rich takes 80 columns for it, whatever it has."""
    if os.environ.get("TERM", "").lower() in ("dumb", "unknown") and sys.stdout.isatty():
        size = shutil.get_terminal_size((80, 25))
        os.environ |= {"COLUMNS": str(size.columns), "LINES": str(size.lines)}


def ending_with_own_codes(app: typer.Typer) -> None:
    """Run the app. A command ends with `Finished`; any other exit is Typer's own."""
    use_utf8()
    use_size()
    try:
        app(arguments_in(sys.argv[1:]), prog_name="chimera")
    except NotText as error:
        from cli.errors import TROUBLE, WrongUsage
        from cli.running import explain

        explain(WrongUsage(str(error)))
        sys.exit(TROUBLE)
    except SystemExit as ending:
        if type(ending) is SystemExit and ending.code == USAGE:
            from cli.errors import TROUBLE

            sys.exit(TROUBLE)
        raise
