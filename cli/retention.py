"""Retention: shows how long content is kept, and deletes old content now. For administrators."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.http import signed_in
from cli.input.amounts import whole
from cli.input.arguments import AsJson
from cli.output.printing import print_json
from cli.output.tables import print_table

if TYPE_CHECKING:
    from models.retention import RetentionPage, RetentionView

PATH = "/system/retention"

Newest = Annotated[int, typer.Option("--limit", parser=whole(1, 100), help="Maximum number of retention runs.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Delete nothing; count what would be deleted.")]

app = typer.Typer(
    name="retention",
    help="Show how long content is kept, or delete old content now. For administrators only.",
    no_args_is_help=True,
)


@app.command()
async def show(limit: Newest = 10, as_json: AsJson = False) -> int:
    """Show how long each kind of content is kept, and the latest retention runs."""
    from models.retention import RetentionPage

    async with signed_in() as client:
        found = RetentionPage.model_validate_json(await client.call("GET", PATH, params={"limit": limit}))
    if as_json:
        print_json(found)
    else:
        _print(Console(highlight=False), found)
    return 0


@app.command()
async def run(dry_run: DryRun = False, as_json: AsJson = False) -> int:
    """Delete the content that is older than the settings permit. Costs are kept."""
    from models.retention import RetentionView

    body: dict[str, Any] = {"dry_run": dry_run}
    async with signed_in() as client:
        found = RetentionView.model_validate_json(await client.call("POST", PATH, body))
    if as_json:
        print_json(found)
    else:
        Console(highlight=False).print(sentence_of(found), soft_wrap=True)
    return 0


def sentence_of(found: "RetentionView") -> str:
    """Return what a retention run does, as a sentence."""
    if not found.days and found.user_id is None:
        return "Nothing to do: the settings keep all content. See docs/how-to/retention.md."
    if found.dry_run:
        return f"This would be deleted: {_items(found)}."
    return f"Retention run {found.id} is {found.status}. To see its progress, run: chimera retention show"


def _print(console: Console, found: "RetentionPage") -> None:
    print_table(console, rules_table(found))
    console.print(f"\nThe daily run starts at {found.hour:02}:00 UTC.")
    if found.items:
        console.print()
        print_table(console, runs_table(found))


def rules_table(found: "RetentionPage") -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("content", "kept", "setting"):
        table.add_column(heading, no_wrap=True)
    for rule in found.rules:
        table.add_row(_noun(rule.kind), f"{rule.days} days" if rule.days else "always", rule.setting)
    return table


def runs_table(found: "RetentionPage") -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("started (UTC)", "status", "of", "deleted", "freed"):
        table.add_column(heading, no_wrap=heading != "deleted")
    for each in found.items:
        freed = f"{each.bytes_freed / 1024 / 1024:.1f} MiB"
        whose = "all users" if each.user_id is None else f"user {each.user_id[:8]}"
        table.add_row(f"{each.created_at:%Y-%m-%d %H:%M}", each.status, whose, _items(each), freed)
    return table


def _items(found: "RetentionView") -> str:
    return ", ".join(f"{number} {_noun(kind)}" for kind, number in found.deleted.items()) or "nothing"


def _noun(kind: str) -> str:
    return kind.replace("_", " ").replace("ai calls", "AI calls")
