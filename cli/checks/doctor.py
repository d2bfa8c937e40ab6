"""Look an installation over and say what is wrong with it."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.checks.findings import Finding, Level
from cli.output.prose import print_prose
from cli.output.text import plain

_MARKS = {Level.OK: ("OK  ", "green"), Level.WARN: ("WARN", "yellow"), Level.FAIL: ("FAIL", "bold red")}

TryKeys = Annotated[
    bool, typer.Option("--try-keys", help="Ask each vendor that is set up whether its key works; free.")
]


async def doctor(try_keys: TryKeys = False) -> int:
    """Say what is wrong with this installation, and the way out of it."""
    from cli.checks.everything import findings

    found = await findings(try_keys=try_keys)
    _tell(Console(highlight=False), found)
    return 1 if any(finding.level is Level.FAIL for finding in found) else 0


def _tell(console: Console, findings: Iterable[Finding]) -> None:
    for finding in findings:
        mark, style = _MARKS[finding.level]
        said = f"{finding.what}: {finding.message}" if finding.message else finding.what
        for number, line in enumerate(plain(said).split("\n")):
            head = (mark, style) if number == 0 else "    "
            print_prose(console, Text.assemble(head, f"  {line}"), indent=6)
