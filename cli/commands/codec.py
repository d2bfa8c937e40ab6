"""The command for Temporal's own tools."""

from typing import Annotated

import typer


def codec(
    as_json: Annotated[bool, typer.Option("--json", help="Print what the API answers, as JSON.")] = False,
) -> None:
    """Print an address for Temporal's tools to read encrypted runs with; for administrators."""
    from cli.actions.codec import codec
    from cli.process.running import finish

    finish(lambda: codec(as_json=as_json))
