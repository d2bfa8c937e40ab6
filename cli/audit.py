"""The audit log, for administrators."""

from datetime import datetime
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.amounts import moment, whole
from cli.input.arguments import AsJson
from cli.output.accounts import print_audit
from cli.output.printing import print_list

Action = Annotated[str | None, typer.Option(help="List only this kind of act, such as user.disabled.")]
By = Annotated[str | None, typer.Option("--by", metavar="USER", help="List only what this user did.")]
On = Annotated[str | None, typer.Option("--on", metavar="USER", help="List only what was done to this user.")]
Since = Annotated[
    datetime | None,
    typer.Option("--since", parser=moment, metavar="TIME", help="List only acts from this time on."),
]
Newest = Annotated[
    int, typer.Option("--limit", parser=whole(1, 10_000), help="Maximum number of entries, newest first.")
]


async def audit(
    action: Action = None,
    by: By = None,
    on: On = None,
    since: Since = None,
    limit: Newest = 50,
    as_json: AsJson = False,
) -> int:
    """List what was done to accounts, API keys and rules, and by whom. For administrators only."""
    from cli.http import accounts
    from cli.http.pages import items_of

    async with signed_in() as client:
        filters: dict[str, Any] = {
            "action": action,
            "actor_id": (await accounts.user_named(client, by)).id if by else None,
            "subject_id": (await accounts.user_named(client, on)).id if on else None,
            "since": since.astimezone().isoformat() if since else None,
        }
        found = await items_of(lambda most, cursor: accounts.audit_page(client, filters, most, cursor), limit)
    if as_json:
        print_list(found)
    else:
        print_audit(found)
    return 0
