"""Check an installation and report its problems."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.checks.findings import Finding, Level
from cli.output.prose import print_prose
from cli.output.text import plain

_MARKS = {Level.OK: ("OK  ", "green"), Level.WARN: ("WARN", "yellow"), Level.FAIL: ("FAIL", "bold red")}

TryKeys = Annotated[bool, typer.Option("--try-keys", help="Test each configured provider's API key, free of charge.")]


async def doctor(try_keys: TryKeys = False) -> int:
    """Check this installation, and report each problem and how to fix it."""
    from cli.checks.everything import findings

    found = await findings(try_keys=try_keys)
    _print(Console(highlight=False), found)
    return 1 if any(finding.level is Level.FAIL for finding in found) else 0


def _print(console: Console, findings: Iterable[Finding]) -> None:
    for finding in findings:
        mark, style = _MARKS[finding.level]
        text = f"{finding.what}: {finding.message}" if finding.message else finding.what
        for number, line in enumerate(plain(text).split("\n")):
            head = (mark, style) if number == 0 else "    "
            print_prose(console, Text.assemble(head, f"  {line}"), indent=6)
