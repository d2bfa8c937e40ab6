"""Prints notifications."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_line
from cli.output.tables import print_table
from cli.output.text import one_line, short

if TYPE_CHECKING:
    from models.notifications import NotificationView


def print_notifications(notifications: Sequence["NotificationView"]) -> None:
    """Print a line per notification, and how to mark them as read."""
    if not notifications:
        print_line("No unread notifications. To list all notifications, run: chimera notifications --all")
        return
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Number", "Created", "State"):
        table.add_column(heading, no_wrap=True)
    table.add_column("What", overflow="fold", ratio=1)
    for each in notifications:
        state = "resolved" if each.resolved_at else "read" if each.read_at else "unread"
        created = f"{each.created_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(str(each.id), created, state, Text(one_line(f"{each.text}{_next_of(each)}", 300)))
    print_table(Console(highlight=False), table)
    if any(each.read_at is None for each in notifications):
        print_line(f"To mark them as read, run: chimera notifications read --up-to {notifications[0].id}")


def _next_of(notification: "NotificationView") -> str:
    """Return the command that shows what a notification is about."""
    if notification.approval_id is not None:
        return f" Run: chimera approvals show {short(notification.approval_id)}"
    if notification.schedule_id is not None:
        return " Run: chimera schedules"
    if notification.data.tool is not None:
        return f" Run: chimera tools show {notification.data.tool}"
    return f" Run: chimera show {short(notification.run_id)}" if notification.run_id else ""
