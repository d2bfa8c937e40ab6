"""Access to the API: its address, the sign-in, requests and responses.

Imports nothing heavy before the first request, so that `--help` is fast.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cli.input.options import NO_OPTIONS, Options

if TYPE_CHECKING:
    from cli.http.client import Client


@asynccontextmanager
async def signed_in(options: Options = NO_OPTIONS) -> AsyncIterator["Client"]:
    """Yield a client for the chosen API. If the API rejects a request, the error names `options` instead of fields.

    Raises WrongUsage, NoSignIn or NotReachable, or Refused if the API rejects a request.
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
