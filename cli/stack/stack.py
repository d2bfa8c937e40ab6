"""All of Chimera on this machine: servers, processes and a sign-in."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.local import LocalServices, LocalStack
from chimera.security.accounts import FIRST_USER, ensure_first_user
from chimera.security.sessions import Auth
from cli.errors import NoSignIn
from cli.http import sign_in
from cli.http.addresses import api_url_of
from cli.http.connect import signed_in_by
from cli.input.settings import misspelt
from cli.live.screens import Report
from models.errors import WrongCredentials

PARTS_LIMIT_S = 3.0
"""How long the databases may take to stop after a second signal. Then they are killed, from which each recovers."""


class Stack:
    """Runs Chimera in `async with Stack(settings, report) as stack`. The path of its sign-in is `stack.sign_in`."""

    def __init__(self, settings: Settings, report: Report, workers: int = 1) -> None:
        self.settings = settings
        self.first_user: tuple[str, str] | None = None
        self._report = report
        self._workers = workers
        self._local = LocalStack(settings, report=report)
        self._services: LocalServices | None = None
        self._exit = AsyncExitStack()

    async def __aenter__(self) -> "Stack":
        for line in misspelt():
            self._report(f"Warning: {line}")
        async with AsyncExitStack() as undo:
            self.settings = await undo.enter_async_context(self._local)
            self._services = LocalServices(
                self.settings, self._local.register, report=self._report, workers=self._workers
            )
            await undo.enter_async_context(self._services)
            self.first_user = await sign_in_here(self.settings)
            self._exit = undo.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exit.aclose()

    @property
    def services(self) -> LocalServices:
        assert self._services is not None
        return self._services

    @property
    def sign_in(self) -> Path:
        return sign_in.in_folder(self.settings.data_dir)

    @property
    def simulator_journal(self) -> Path:
        return self._local.folder.simulator_journal

    def hurry(self) -> None:
        """Stop without waiting for calls in flight; they continue at the next start."""
        if self._services is not None:
            for service in (*self._services.workers, self._services.api):
                service.kill()
        asyncio.get_running_loop().call_later(PARTS_LIMIT_S, self._kill_parts)

    def _kill_parts(self) -> None:
        for part in self._local.parts.values():
            part.kill()


async def sign_in_here(settings: Settings) -> tuple[str, str] | None:
    """Create a sign-in for later commands and the first user, whose e-mail and password are returned only once."""
    database = Database(settings)
    try:
        first_user = await ensure_first_user(database)
        path, api_url = sign_in.in_folder(settings.data_dir), api_url_of(settings)
        if not await _still_good(path, api_url):
            async with sign_in.locked(path):
                tokens = await Auth(database, settings).vouch_for(FIRST_USER)
                sign_in.write(path, sign_in.SignIn.of(api_url, FIRST_USER, tokens))
    except WrongCredentials:
        # The database is shared, and its first user was renamed or disabled. Its users have their own sign-ins.
        return None
    finally:
        await database.close()
    return first_user


async def _still_good(path: Path, api_url: str) -> bool:
    """Return whether the sign-in of an earlier start still works, at the API's current address."""
    async with sign_in.locked(path):
        kept = sign_in.read(path)
        if kept is None:
            return False
        if kept.api_url != api_url:
            sign_in.write(path, kept.model_copy(update={"api_url": api_url}))
    try:
        async with signed_in_by(path) as client:
            await client.me()
    except NoSignIn:
        return False
    return True
