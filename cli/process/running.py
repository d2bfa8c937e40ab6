"""Runs a command, and reports every known error in a few lines that the user can act on."""

import asyncio
import sys
from collections.abc import Coroutine
from typing import Any, NoReturn

from rich.console import Console
from rich.text import Text

from chimera.observe.disk import is_full
from cli.errors import INTERRUPTED, TROUBLE, Refused, WrongUsage
from cli.input.options import BODY, in_options, with_options
from cli.output.prose import print_prose
from cli.output.remedies import run_line
from cli.output.text import plain, with_port_options
from cli.process.signals import until_interrupted
from models.errors import ChimeraError


class Finished(SystemExit):
    """Exit with a command's own exit code, as opposed to Typer's exit code for wrong usage."""


def finish(command: Coroutine[Any, Any, int]) -> NoReturn:
    """Run a command, and exit with its exit code."""
    try:
        # psycopg can't use the default loop of Windows. On other systems, this loop is the default anyway.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            code = runner.run(until_interrupted(command))
    except ChimeraError as error:
        explain(error)
        code = TROUBLE
    except KeyboardInterrupt:
        code = INTERRUPTED
    except BrokenPipeError:
        # The output's reader has closed the pipe, so nothing may be flushed into it at exit.
        sys.stdout = None
        code = TROUBLE
    except OSError as error:
        if not explain_full_output(error):
            raise
        code = TROUBLE
    raise Finished(code)


def explain_full_output(error: OSError) -> bool:
    """Report that the disk is full, and discard the rest of a command's output. Return False for any other error."""
    if not is_full(error):
        return False
    sys.stdout = None
    try:
        explain(
            WrongUsage(
                "The output can't be written, because the disk is full. Free some space, or write the output to another"
                " disk."
            )
        )
    except OSError:
        # Standard error goes to the same disk.
        sys.stderr = None
    return True


def explain(error: ChimeraError, console: Console | None = None) -> None:
    """Print an error with its remedy."""
    console = console or Console(stderr=True, highlight=False)
    for line in lines_of(error):
        print_prose(console, line)


def lines_of(error: ChimeraError) -> list[Text]:
    """Return an error as lines: the message, each field with its problem, the command to run, and the reference."""
    to_run = _indented(run_line(error.remedy))
    if not isinstance(error, Refused):
        return [_headline(error.title), *_indented(with_port_options(error.message)), *to_run]
    problem, options = error.problem, error.options
    lines = [_headline(problem.title)]
    lines += [_line_of(*in_options(each, options)) for each in problem.errors]
    problems = [each.message for each in problem.errors]
    if not problems or not any(message in problem.detail for message in problems):
        lines += _indented(with_options(problem.detail, options))
    request = f"request {problem.instance}" if problem.instance else ""
    reference = ", ".join(filter(None, (str(problem.status), problem.code, request)))
    return [*lines, *to_run, Text(f"  ({plain(reference)})", style="dim")]


def _line_of(field: str, message: str) -> Text:
    line = Text("  ")
    if field != BODY:
        line.append(plain(field), "bold").append(": ")
    return line.append(plain(message))


def _headline(title: str) -> Text:
    return Text.assemble(("✗ ", "red"), (plain(title), "bold"))


def _indented(message: str) -> list[Text]:
    return [Text(f"  {line}") for line in plain(message).splitlines()]
