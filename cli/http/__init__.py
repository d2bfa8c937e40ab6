"""Access to the API: its address, the sign-in, requests and responses.

Loads nothing before the first request, so that `--help` answers at once.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cli.input.options import NO_OPTIONS, Options

if TYPE_CHECKING:
    from cli.http.client import Client


@asynccontextmanager
async def signed_in(options: Options = NO_OPTIONS) -> AsyncIterator["Client"]:
    """Yield a client of the chosen API; a rejection names the `options` that its fields came from.

    Raises WrongUsage, NoSignIn or NotReachable, and Refused for each request.
    """
    from cli.errors import Refused
    from cli.http.connect import connected
    from cli.input.settings import where_settings

    try:
        async with connected(where_settings()) as client:
            yield client
    except Refused as refused:
        refused.options = options
        raise
