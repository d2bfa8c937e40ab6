"""Sessions with an API: they provide access tokens and renew them, coordinated with the user's other commands."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2

from cli.errors import NoSignIn, NotReachable, SignInEnded, TokenRefused
from cli.http import sign_in
from models.users import Tokens


class Session:
    """A session with a given token or API key, from the environment `variable`, or with a sign-in stored in a file."""

    def __init__(
        self,
        api_url: str,
        http: httpx2.AsyncClient,
        *,
        token: str | None = None,
        variable: str = "CHIMERA_TOKEN",
        path: Path | None = None,
    ) -> None:
        self.api_url = api_url.rstrip("/")
        self._http = http
        self._token = token
        self._variable = variable
        self._path = path

    async def access_token(self, *, refused: str | None = None) -> str:
        """Return a token that should be valid. `refused` is a token that the API has rejected.

        Raises NoSignIn if there is no sign-in.
        """
        if self._token is not None:
            if refused is not None:
                raise TokenRefused(self.api_url, self._variable)
            return self._token
        if self._path is None:
            raise NoSignIn(self.api_url)
        kept = sign_in.read(self._path)
        if kept is None:
            # Checked before a lock file is created, in a folder that may not exist.
            raise NoSignIn(self.api_url)
        if kept.is_fresh and kept.access_token != refused:
            return kept.access_token
        return await _to_the_end(self._renew(self._path, refused))

    async def replace(self, tokens: Tokens) -> None:
        """Continue with new tokens. If the sign-in is stored in a file, they are stored too."""
        if self._token is not None:
            self._token = tokens.access_token
        if self._path is None:
            return
        async with sign_in.locked(self._path):
            kept = sign_in.read(self._path)
            if kept is not None:
                sign_in.write(self._path, sign_in.SignIn.of(kept.api_url, kept.email, tokens))

    async def _renew(self, path: Path, refused: str | None) -> str:
        async with sign_in.locked(path):
            kept = sign_in.read(path)
            if kept is None:
                raise NoSignIn(self.api_url)
            if kept.is_fresh and kept.access_token != refused:
                # Another command renewed the token while this command waited.
                return kept.access_token
            tokens = await self._refresh(kept, path)
            sign_in.write(path, sign_in.SignIn.of(kept.api_url, kept.email, tokens))
            return tokens.access_token

    async def _refresh(self, kept: sign_in.SignIn, path: Path) -> Tokens:
        try:
            response = await self._http.post(
                f"{self.api_url}/api/v1/auth/refresh", json={"refresh_token": kept.refresh_token}
            )
        except httpx2.TransportError as error:
            raise NotReachable(self.api_url, type(error).__name__) from error
        # A refused request (429) hasn't used the token, so the sign-in is still valid.
        if response.is_server_error or response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
            raise NotReachable(self.api_url, f"status {response.status_code}")
        if not response.is_success:
            raise SignInEnded(self.api_url, kept.email, path)
        return Tokens.model_validate_json(response.content)


async def _to_the_end(renewal: Coroutine[Any, Any, str]) -> str:
    """Let a renewal finish even if the command is interrupted, because a used token that isn't replaced is lost."""
    task = asyncio.create_task(renewal)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task})
        raise
