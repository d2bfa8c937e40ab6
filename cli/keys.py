"""API keys for programs: create, list, delete."""

from collections.abc import Coroutine
from typing import Annotated, Any

import typer

from cli.http import signed_in
from cli.input.amounts import metavar_of, one_of, whole
from cli.input.arguments import AsJson
from cli.input.options import API_KEY
from cli.output.accounts import print_keys
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line, print_note
from cli.output.text import one_line

SCOPES = ("read", "write", "openai", "admin")

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The name of the program that will use the key.", show_default=False)
]
Key = Annotated[
    str, typer.Argument(metavar="KEY", help="The first characters of the key or of its ID.", show_default=False)
]
ScopeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--scope",
        parser=one_of(SCOPES),
        metavar=metavar_of(SCOPES),
        autocompletion=lambda: SCOPES,
        help="What the key may do: read, write (which includes read), openai (only /v1) or admin. You can repeat this"
        " option. Default: write.",
    ),
]
Days = Annotated[
    int | None, typer.Option("--days", parser=whole(1, 3650), help="Days until the key expires. Default: never.")
]
User = Annotated[
    str | None, typer.Option("--user", metavar="NAME", help="For administrators: the service account of the key.")
]

app = typer.Typer(name="keys", help="Manage API keys for programs: create, list or delete them.")


@app.callback(invoke_without_command=True)
def keys(context: typer.Context, as_json: AsJson = False) -> Coroutine[Any, Any, int] | None:
    """Manage API keys for programs: create, list or delete them."""
    return None if context.invoked_subcommand else list_keys(as_json=as_json)


@app.command(name="list")
async def list_keys(user: User = None, as_json: AsJson = False) -> int:
    """List your API keys, without their secrets."""
    from cli.http import accounts

    async with signed_in() as client:
        found = await accounts.keys(client, user)
    if as_json:
        print_list(found)
    else:
        print_keys(found)
    return 0


@app.command()
async def create(
    name: Name, scope: ScopeOption = None, days: Days = None, user: User = None, as_json: AsJson = False
) -> int:
    """Create an API key and print it. It is shown only once."""
    from cli.http import accounts

    body: dict[str, Any] = {"name": name, "scopes": scope or ["write"]}
    if days is not None:
        body["expires_in_days"] = days
    async with signed_in(API_KEY) as client:
        key = await accounts.create_key(client, body, user)
    if as_json:
        print_json(key)
        return 0
    print(key.key)
    print_note("Store this key now, because it can't be shown again. Anyone who has it can use your account.")
    return 0


@app.command()
async def delete(key: Key, user: User = None) -> int:
    """Delete an API key. Within 5 seconds, programs can't use it anymore."""
    from cli.http import accounts

    async with signed_in() as client:
        gone = await accounts.delete_key(client, key, user)
    print_line(f"The API key {gone.begins_with}… ({one_line(gone.name, 60)}) was deleted.")
    return 0
