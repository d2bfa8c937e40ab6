"""Look an installation over and say what is wrong with it."""

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from chimera.config.errors import BadSettings
from chimera.config.settings import Settings
from cli import checks
from cli.checks import Finding, Level
from cli.prose import print_prose
from cli.settings import load_settings
from cli.text import plain

_MARKS = {Level.OK: ("OK  ", "green"), Level.WARN: ("WARN", "yellow"), Level.FAIL: ("FAIL", "bold red")}


async def doctor(*, try_keys: bool = False) -> int:
    """Print every finding; 1 when one of them is a failure. Vendors are asked only with `try_keys`."""
    console = Console(highlight=False)
    names = list(checks.variables())
    findings = [*checks.python(), *checks.packages(), *names]
    try:
        settings = load_settings()
    except BadSettings as error:
        findings.append(Finding(Level.FAIL, "settings", error.message))
    else:
        findings += [*([] if names else [Finding(Level.OK, "settings")]), *await _with(settings)]
        if try_keys:
            findings += await checks.keys(settings)
    _tell(console, findings)
    return 1 if any(finding.level is Level.FAIL for finding in findings) else 0


async def _with(settings: Settings) -> list[Finding]:
    stack_pid = checks.running_stack(settings)
    return [
        *checks.folder(settings),
        *checks.programs(settings),
        *checks.payload_keys(settings),
        *await checks.servers(settings),
        *await checks.ports(settings, stack_pid),
        *await checks.providers(settings),
        *checks.default_model(settings),
        *await checks.health(settings, stack_pid),
    ]


def _tell(console: Console, findings: Iterable[Finding]) -> None:
    for finding in findings:
        mark, style = _MARKS[finding.level]
        said = f"{finding.what}: {finding.message}" if finding.message else finding.what
        for number, line in enumerate(plain(said).split("\n")):
            head = (mark, style) if number == 0 else "    "
            print_prose(console, Text.assemble(head, f"  {line}"), indent=6)
