"""Notifications: list them, and mark them as read."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.errors import WrongUsage
from cli.http import signed_in
from cli.input.amounts import whole
from cli.input.arguments import AsJson
from cli.output.notifications import print_notifications
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line
from cli.output.text import count

All = Annotated[bool, typer.Option("--all", help="List read notifications, too.")]
Newest = Annotated[int, typer.Option(parser=whole(1, 1000), help="Maximum number of notifications, newest first.")]
Number = Annotated[
    int | None,
    typer.Argument(
        metavar="NUMBER", parser=whole(1, 2**63 - 1), help="The notification's number in the list.", show_default=False
    ),
]
UpTo = Annotated[
    int | None,
    typer.Option(
        "--up-to", metavar="NUMBER", parser=whole(1, 2**63 - 1), help="Mark this notification and all older ones."
    ),
]

app = typer.Typer(name="notifications", help="List what waits for you and what went wrong, or mark it as read.")


@app.callback(invoke_without_command=True)
def notifications(
    context: typer.Context, all_of_them: All = False, limit: Newest = 100, as_json: AsJson = False
) -> Coroutine[Any, Any, int] | None:
    """List what waits for you and what went wrong, or mark it as read."""
    return None if context.invoked_subcommand else list_notifications(all_of_them, limit, as_json=as_json)


async def list_notifications(all_of_them: bool, limit: int, *, as_json: bool) -> int:
    from cli.http.pages import items_of

    async with signed_in() as client:
        found = await items_of(
            lambda most, cursor: client.notifications(unread=not all_of_them, limit=most, cursor=cursor), limit
        )
    if as_json:
        print_list(found)
    else:
        print_notifications(found)
    return 0


@app.command()
async def read(number: Number = None, up_to: UpTo = None, as_json: AsJson = False) -> int:
    """Mark a notification as read, or all up to one of them."""
    from models.notifications import NotificationId

    if (number is None) == (up_to is None):
        raise WrongUsage("Name either a notification's number, or --up-to with the number of the newest one.")
    async with signed_in() as client:
        if up_to is not None:
            counts = await client.read_notifications(NotificationId(up_to))
            if as_json:
                print_json(counts)
            else:
                print_line(f"{count(counts.marked, 'notification')} marked as read; {counts.unread} left.")
            return 0
        view = await client.read_notification(NotificationId(number or 0))
    if as_json:
        print_json(view)
    else:
        print_line(f"Notification {view.id} is marked as read.")
    return 0
