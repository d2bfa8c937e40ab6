"""Shows spending limits, and lets administrators set those of a user."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.http import signed_in
from cli.input.amounts import micro_usd
from cli.input.arguments import AsJson
from cli.input.options import LIMITS
from cli.output.printing import print_json
from cli.output.tables import print_table

if TYPE_CHECKING:
    from models.limits import LimitsView

NONE = "default"
NOUNS = {"user": "you", "installation": "all users"}


def _amount(written: str, option: str) -> int | None:
    if written.strip().lower() == NONE:
        return None
    try:
        return 0 if written.strip() in ("0", "$0") else micro_usd(written)
    except typer.BadParameter as error:
        raise typer.BadParameter(error.message, param_hint=option) from None


User = Annotated[
    str | None,
    typer.Argument(
        metavar="[USER]",
        help="Another user's e-mail address or ID, or a service account's name, for administrators. Default: your own"
        " limits.",
        show_default=False,
    ),
]
Day = Annotated[
    str | None,
    typer.Option(
        "--day",
        metavar="<USD>",
        help=f"Set what the user may spend per day. {NONE!r} applies the installation's setting.",
        show_default=False,
    ),
]
Month = Annotated[
    str | None,
    typer.Option(
        "--month",
        metavar="<USD>",
        help=f"Set what the user may spend per month. {NONE!r} applies the installation's setting.",
        show_default=False,
    ),
]


async def limits(user: User = None, day: Day = None, month: Month = None, as_json: AsJson = False) -> int:
    """Show what you may spend per day and month, or set another user's limits."""
    from cli.http.accounts import user_named

    changed = {
        name: _amount(written, LIMITS[name])
        for name, written in (("max_cost_day_micro_usd", day), ("max_cost_month_micro_usd", month))
        if written is not None
    }
    if changed and user is None:
        raise typer.BadParameter("Name the user whose limits you want to set.")
    async with signed_in(LIMITS) as client:
        user_id = None if user is None else (await user_named(client, user)).id
        found = await (client.limits() if user_id is None else client.limits_of(user_id))
        if changed and user_id is not None:
            found = await client.set_limits(user_id, {**found.own.model_dump(), **changed})
    if as_json:
        print_json(found)
    else:
        _print(Console(highlight=False), found, named=user is not None)
    return 0


def _print(console: Console, found: "LimitsView", *, named: bool) -> None:
    if not found.limits:
        console.print("No spending limits are set.")
        return
    print_table(console, table_of(found, named=named))


def table_of(found: "LimitsView", *, named: bool = False) -> Table:
    """Return limits as a table, with times in the zone in which days and months begin."""
    from zoneinfo import ZoneInfo

    from models.base import usd

    zone = ZoneInfo(found.time_zone)
    table = Table(box=None, pad_edge=False)
    for heading in ("for", "per", "limit", "spent", "reserved", "left", f"until ({found.time_zone})"):
        table.add_column(heading, no_wrap=True)
    for each in found.limits:
        who = "this user" if named and each.scope == "user" else NOUNS[each.scope]
        spent = each.spent_micro_usd + each.in_doubt_micro_usd
        amounts = (each.limit_micro_usd, spent, each.reserved_micro_usd, each.left_micro_usd)
        ends = each.ends_at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
        table.add_row(who, each.period, *map(usd, amounts), Text(ends))
    return table
