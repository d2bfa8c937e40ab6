"""Which Chimera a command talks to, and as whom.

CHIMERA_API_URL and CHIMERA_TOKEN say it for programs. Otherwise it is the Chimera of this data folder, where one runs,
else the one of `chimera login`.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2

from chimera.local.ports import data_dir_behind
from chimera.settings import Settings
from cli import sign_in
from cli.addresses import address_from, api_url_of
from cli.client import Client, new_http
from cli.errors import NoHttpClient, NoSignIn, NotReachable, StartedElsewhere, TokenRefused
from cli.sessions import Session

GLANCE_S = 2.0


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Client]:
    """Yield a client of the API that is meant. Raises NoSignIn, NotReachable, and WrongUsage for no address."""
    named, token = os.environ.get("CHIMERA_API_URL"), os.environ.get("CHIMERA_TOKEN")
    wanted = address_from(named, "CHIMERA_API_URL") if named else None
    if token:
        if not (token.isascii() and token.isprintable()):
            # No header can have it.
            raise TokenRefused(wanted or api_url_of(settings))
        api_url = wanted or api_url_of(settings)
        async with new_http(api_url) as http:
            yield Client(Session(api_url, http, token=token), http)
        return
    path, kept = await _choose(settings, wanted)
    async with new_http(kept.api_url) as http:
        yield Client(Session(kept.api_url, http, path=path), http)


@asynccontextmanager
async def signed_in_by(path: Path) -> AsyncIterator[Client]:
    """Yield a client with the sign-in that is kept in one file. Raises NoSignIn when there is none."""
    kept = sign_in.read(path)
    if kept is None:
        raise NoSignIn
    async with new_http(kept.api_url) as http:
        yield Client(Session(kept.api_url, http, path=path), http)


async def is_alive(api_url: str) -> bool:
    """Whether a Chimera answers there."""
    try:
        async with new_http(api_url) as http:
            answer = await http.get(f"{api_url}/health/live", timeout=GLANCE_S)
            return bool(answer.json() == {"status": "ok"})
    except (httpx2.HTTPError, ValueError, NoHttpClient):
        return False


async def _choose(settings: Settings, wanted: str | None) -> tuple[Path, sign_in.SignIn]:
    candidates = [(path, kept) for path, kept in _kept(settings) if wanted in (None, kept.api_url)]
    if not candidates:
        if wanted is not None:
            raise NoSignIn(wanted)
        if not await is_alive(api_url_of(settings)):
            raise NotReachable(api_url_of(settings))
        raise StartedElsewhere(api_url_of(settings), data_dir_behind(settings.api_port))
    for path, kept in candidates:
        if len(candidates) == 1 or await is_alive(kept.api_url):
            return path, kept
    raise NotReachable(candidates[0][1].api_url)


def _kept(settings: Settings) -> Iterator[tuple[Path, sign_in.SignIn]]:
    for path in (sign_in.in_folder(settings.data_dir), sign_in.at_home()):
        kept = sign_in.read(path)
        if kept is not None:
            yield path, kept
