"""Rechecks the rights of followers every 2 s: of all sessions with open streams, and of the runs that they follow."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from api.live.ending import stop
from chimera.db.engine import AWAY, SESSION_AWAY, Database
from chimera.security.sessions import Auth, SignedIn
from chimera.store import access
from chimera.store.users import AccountState, SessionOwner
from models.ids import RunId
from models.users import Caller

log = structlog.get_logger()

RECHECK_SECONDS = 2.0
"""Together with the 3 s for which a sign-in caches a user's role, this is the documented 5 s."""


@dataclass(frozen=True, slots=True, eq=False)
class _Holder:
    """A socket or stream that stays open as long as its user has the right to it."""

    signed_in: SignedIn
    on_loss: Callable[[], None]


@dataclass(frozen=True, slots=True, eq=False)
class _Viewer:
    """A subscription to a run, which stays open as long as its user may see the run."""

    run_id: RunId
    on_loss: Callable[[], None]


class Rights:
    """One per process. Each holder is notified when its token or session ends, or its user's role changes."""

    def __init__(self, auth: Auth, database: Database) -> None:
        self._auth = auth
        self._database = database
        self._holders: dict[SessionOwner, set[_Holder]] = {}
        self._viewers: dict[Caller, set[_Viewer]] = {}
        self._work: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._work = [asyncio.create_task(self._watch()), asyncio.create_task(self._watch_runs())]

    async def close(self) -> None:
        await stop(self._work)

    @contextmanager
    def held(self, signed_in: SignedIn, on_loss: Callable[[], None]) -> Iterator[None]:
        """While the block runs, call `on_loss` if the rights of `signed_in` end."""
        holder, session = _Holder(signed_in, on_loss), signed_in.owner
        self._holders.setdefault(session, set()).add(holder)
        try:
            yield
        finally:
            self._holders[session].discard(holder)
            if not self._holders[session]:
                del self._holders[session]

    @contextmanager
    def seeing(self, caller: Caller, run_id: RunId, on_loss: Callable[[], None]) -> Iterator[None]:
        """While the block runs, call `on_loss` if the caller may no longer see the run."""
        viewer = _Viewer(run_id, on_loss)
        self._viewers.setdefault(caller, set()).add(viewer)
        try:
            yield
        finally:
            self._viewers[caller].discard(viewer)
            if not self._viewers[caller]:
                del self._viewers[caller]

    async def _watch_runs(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            for caller in list(self._viewers):
                viewers = list(self._viewers.get(caller, ()))
                try:
                    async with self._database.begin() as session:
                        visible = await access.visible_runs(session, caller, {each.run_id for each in viewers})
                except (*AWAY, *SESSION_AWAY) as error:
                    log.warning("rights_wait_for_database", error=type(error).__name__)
                    break
                except Exception as error:
                    # Without this loop, no subscription would end with its rights any more. Others are checked still.
                    log.error("rights_failed", error=type(error).__name__, exc_info=error)
                    continue
                for viewer in viewers:
                    if viewer.run_id not in visible and viewer in self._viewers.get(caller, ()):
                        viewer.on_loss()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(RECHECK_SECONDS)
            self._end_those_of_tokens_that_ended()
            if not self._holders:
                continue
            try:
                account_states = await self._auth.account_states(list(self._holders))
            except AWAY as error:
                log.warning("rights_wait_for_database", error=type(error).__name__)
                continue
            except Exception as error:
                # Without this loop, no socket would end with its session any more.
                log.error("rights_failed", error=type(error).__name__, exc_info=error)
                continue
            for session, state in account_states.items():
                self._end_those_that_lost(session, state)

    def _end_those_of_tokens_that_ended(self) -> None:
        for holders in list(self._holders.values()):
            for holder in [each for each in holders if each.signed_in.has_expired]:
                holder.on_loss()

    def _end_those_that_lost(self, session: SessionOwner, state: AccountState | None) -> None:
        for holder in list(self._holders.get(session, ())):
            if state is None or state.role != holder.signed_in.caller.role:
                holder.on_loss()
