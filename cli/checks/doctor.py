"""Look an installation over and say what is wrong with it."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from chimera.config.errors import BadSettings
from chimera.config.settings import Settings
from cli.checks import findings
from cli.checks.findings import Finding, Level
from cli.input.settings import load_settings
from cli.output.prose import print_prose
from cli.output.text import plain

_MARKS = {Level.OK: ("OK  ", "green"), Level.WARN: ("WARN", "yellow"), Level.FAIL: ("FAIL", "bold red")}


async def doctor(*, try_keys: bool = False) -> int:
    """Print every finding; 1 when one of them is a failure. Vendors are asked only with `try_keys`."""
    console = Console(highlight=False)
    names = list(findings.variables())
    found = [*findings.python(), *findings.packages(), *names]
    try:
        settings = load_settings()
    except BadSettings as error:
        found.append(Finding(Level.FAIL, "settings", error.message))
    else:
        found += [*([] if names else [Finding(Level.OK, "settings")]), *await _with(settings)]
        if try_keys:
            found += await findings.keys(settings)
    _tell(console, found)
    return 1 if any(finding.level is Level.FAIL for finding in found) else 0


async def _with(settings: Settings) -> list[Finding]:
    stack_pid = findings.running_stack(settings)
    return [
        *findings.folder(settings),
        *findings.programs(settings),
        *findings.payload_keys(settings),
        *await findings.servers(settings),
        *await findings.ports(settings, stack_pid),
        *await findings.providers(settings),
        *findings.default_model(settings),
        *await findings.health(settings, stack_pid),
    ]


def _tell(console: Console, findings: Iterable[Finding]) -> None:
    for finding in findings:
        mark, style = _MARKS[finding.level]
        said = f"{finding.what}: {finding.message}" if finding.message else finding.what
        for number, line in enumerate(plain(said).split("\n")):
            head = (mark, style) if number == 0 else "    "
            print_prose(console, Text.assemble(head, f"  {line}"), indent=6)
