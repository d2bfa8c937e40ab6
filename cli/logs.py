"""Lists the system log."""

import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from cli.http import signed_in
from cli.input.amounts import one_of, whole
from cli.input.arguments import AsJson
from cli.output.printing import print_json
from cli.output.text import one_line

if TYPE_CHECKING:
    from models.system_log import LogEntry

LEVELS = ("info", "warning", "error", "critical")
_STYLES = {"warning": "yellow", "error": "red", "critical": "bold red"}
_UNINTERESTING = frozenset({"logger"})

Level = Annotated[
    str | None, typer.Option(parser=one_of(LEVELS), metavar="LEVEL", help=f"Only this level: {', '.join(LEVELS)}.")
]
Component = Annotated[str | None, typer.Option(help="Only this component, such as api or worker.")]
Since = Annotated[str | None, typer.Option(metavar="TIME", help="Only entries since this time, with a time zone.")]
Search = Annotated[str | None, typer.Option("--search", metavar="TEXT", help="Only entries that contain this text.")]
Limit = Annotated[int, typer.Option("-n", "--limit", parser=whole(1, 100), help="Maximum number of entries.")]


async def logs(
    level: Level = None,
    component: Component = None,
    since: Since = None,
    search: Search = None,
    limit: Limit = 50,
    as_json: AsJson = False,
) -> int:
    """List warnings and errors of Chimera's processes. For administrators only."""
    wanted = {"level": level, "component": component, "since": since, "q": search, "limit": limit}
    async with signed_in() as client:
        page = await client.system_log({name: value for name, value in wanted.items() if value is not None})
    if as_json:
        print_json(page)
        return 0
    console = Console(highlight=False)
    # The newest entry is printed last, where the eye is.
    for entry in reversed(page.items):
        console.print(line_of(entry), soft_wrap=True)
    if not page.items:
        console.print(Text("No entries.", style="dim"))
    return 0


def line_of(entry: "LogEntry") -> Text:
    """Return an entry as one line: time, level, component, event and fields."""
    facts = {name: value for name, value in entry.fields.items() if name not in _UNINTERESTING}
    fields = " ".join(f"{name}={_value(value)}" for name, value in facts.items())
    return Text.assemble(
        (f"{entry.at:%Y-%m-%d %H:%M:%S}  ", "dim"),
        (f"{one_line(entry.level, 8):<8}  ", _STYLES.get(entry.level, "")),
        f"{one_line(entry.component, 20):<8}  {one_line(entry.event, 200)}",
        (f"  {one_line(fields, 1000)}" if fields else "", "dim"),
    )


def _value(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
