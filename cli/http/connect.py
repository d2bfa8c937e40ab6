"""Chooses the API that a command uses, and the sign-in for it.

Programs set both, with CHIMERA_API_URL and either CHIMERA_TOKEN or CHIMERA_API_KEY. Otherwise, a command uses the first
of these servers that responds and accepts its sign-in: the server at the address that a port or host setting names, the
Chimera server of this data folder, and the server of `chimera login`. If a setting names an address, a `chimera login`
to another address is ignored, because it may belong to another installation.
"""

import os
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

import httpx2

from chimera.config.settings import Settings
from chimera.local.ports import data_dir_behind
from cli.errors import (
    NamedNotReachable,
    NoHttpClient,
    NoSignIn,
    NotReachable,
    Refused,
    SignInEnded,
    StartedElsewhere,
    TokenRefused,
)
from cli.http import sign_in
from cli.http.addresses import address_from, api_url_of, is_same, port_here
from cli.http.client import Client
from cli.http.requests import new_http
from cli.http.sessions import Session
from cli.output.text import plain

GLANCE_S = 2.0
CREDENTIALS = ("CHIMERA_TOKEN", "CHIMERA_API_KEY")
"""Environment variables with an access token or an API key; the first one that is set is used."""
_NAMING = "CHIMERA_API_PORT or CHIMERA_HOST"

Kept = tuple[Path, sign_in.SignIn]
"""The path of a stored sign-in, and the sign-in."""


@asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Client]:
    """Yield a client for the chosen API. Raises WrongUsage, NoSignIn or NotReachable."""
    named = os.environ.get("CHIMERA_API_URL")
    wanted = address_from(named, "CHIMERA_API_URL=") if named else None
    for variable in CREDENTIALS:
        if token := os.environ.get(variable):
            async with _with_token(token, variable, wanted, settings) as client:
                yield client
            return
    path, kept = await _choose(settings, wanted)
    async with new_http(kept.api_url) as http:
        yield Client(Session(kept.api_url, http, path=path), http)


@asynccontextmanager
async def signed_in_by(path: Path) -> AsyncIterator[Client]:
    """Yield a client with the sign-in that is stored in a file. Raises NoSignIn if there is none."""
    kept = sign_in.read(path)
    if kept is None:
        raise NoSignIn
    async with new_http(kept.api_url) as http:
        yield Client(Session(kept.api_url, http, path=path), http)


async def is_alive(api_url: str) -> bool:
    """Return whether a Chimera server responds at this address."""
    try:
        async with new_http(api_url) as http:
            answer = await http.get(f"{api_url}/health/live", timeout=GLANCE_S)
            return bool(answer.json() == {"status": "ok"})
    except (httpx2.HTTPError, ValueError, NoHttpClient):
        return False


def credential_variable() -> str | None:
    """Return the environment variable whose credential commands use instead of a saved session; None without one."""
    return next((variable for variable in CREDENTIALS if os.environ.get(variable)), None)


@asynccontextmanager
async def _with_token(token: str, variable: str, wanted: str | None, settings: Settings) -> AsyncIterator[Client]:
    api_url = wanted or api_url_of(settings)
    if not (token.isascii() and token.isprintable()):
        # An HTTP header can't contain this token.
        raise TokenRefused(api_url, variable)
    async with new_http(api_url) as http:
        try:
            yield Client(Session(api_url, http, token=token, variable=variable), http)
        except (TokenRefused, NotReachable):
            if wanted is None:
                _note(
                    f"{variable} is set without CHIMERA_API_URL, so the request was sent to {api_url}. Set both"
                    " variables."
                )
            raise
        except Refused as error:
            if error.problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
                _note(
                    f"This command used the credential in {variable}. To use your saved session instead, run: unset"
                    f" {variable}"
                )
            raise


async def _choose(settings: Settings, wanted: str | None) -> Kept:
    """Return the sign-in to use. Raises NoSignIn or NotReachable."""
    candidates = [each for each in _kept(settings) if wanted is None or is_same(wanted, each[1].api_url)]
    if wanted is not None:
        if not candidates:
            raise await _no_way_to(wanted)
    elif _names_an_address(settings):
        return await _of_named_address(settings, candidates)
    elif not candidates:
        if not await is_alive(api_url_of(settings)):
            raise NotReachable(api_url_of(settings))
        raise StartedElsewhere(api_url_of(settings), data_dir_behind(settings.api_port))
    return await _best_of(candidates)


async def _no_way_to(api_url: str) -> NoSignIn | NotReachable:
    """Return the error for the address in CHIMERA_API_URL: there is no sign-in to it, or it doesn't respond."""
    if not await is_alive(api_url):
        return NamedNotReachable(api_url, "CHIMERA_API_URL")
    folder = data_dir_behind(port) if (port := port_here(api_url)) is not None else None
    return StartedElsewhere(api_url, folder) if folder else NoSignIn(api_url)


async def _of_named_address(settings: Settings, candidates: Sequence[Kept]) -> Kept:
    """Return the sign-in to the address that a port or host setting names.

    If that address doesn't respond, but this data folder's own stack runs at another port, the stack is used, with a
    note. Raises StartedElsewhere or NotReachable.
    """
    here = api_url_of(settings)
    meant = [each for each in candidates if is_same(here, each[1].api_url)]
    folder = sign_in.in_folder(settings.data_dir)
    own = next((each for each in candidates if each[0] == folder and each not in meant), None)
    if (own is not None or not meant) and not await is_alive(here):
        if own is not None and await is_alive(own[1].api_url):
            _note(
                f"Chimera is not reachable at {here}, the address set in {_NAMING}. This command uses"
                f" {_described(own)} instead."
            )
            return own
        if not meant:
            raise NamedNotReachable(here, _NAMING)
    if not meant:
        raise StartedElsewhere(here, data_dir_behind(settings.api_port))
    return await _best_of(meant)


async def _best_of(candidates: Sequence[Kept]) -> Kept:
    return candidates[0] if len(candidates) == 1 else await _first_that_works(candidates)


def _names_an_address(settings: Settings) -> bool:
    """Return whether the address of the API is set explicitly."""
    return not settings.model_fields_set.isdisjoint({"api_port", "host"})


async def _first_that_works(candidates: Sequence[Kept]) -> Kept:
    """Return the first sign-in that its API accepts, and print a note for each one that was rejected before."""
    ended: list[SignInEnded] = []
    for path, kept in candidates:
        if not await is_alive(kept.api_url):
            continue
        try:
            async with signed_in_by(path) as client:
                await client.me()
        except SignInEnded as error:
            ended.append(error)
        else:
            for each in ended:
                _note(f"{each.what_happened} This command uses {_described((path, kept))} instead.")
            return path, kept
    if ended:
        raise ended[0]
    raise NotReachable(candidates[0][1].api_url)


def _described(each: Kept) -> str:
    path, kept = each
    return f"the session for {kept.email} at {kept.api_url} (saved in {path})"


def _note(line: str) -> None:
    sys.stderr.write(f"Note: {plain(line)}\n")


def _kept(settings: Settings) -> Iterator[Kept]:
    for path in (sign_in.in_folder(settings.data_dir), sign_in.at_home()):
        kept = sign_in.read(path)
        if kept is not None:
            yield path, kept
