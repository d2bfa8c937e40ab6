"""Administrators' reads of what other users own, for the audit log: one entry for each request or subscription.

Only requests of administrators take time for this, and that of an object is asked for once: owners never change.
"""

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from uuid import UUID

from fastapi import Request, Response
from pydantic_core import from_json

from api.live.changes import VIEWS, Batch
from chimera.db.engine import Database
from chimera.store import audit, owners
from chimera.store.owners import Owned
from models.audit import AuditAction
from models.changes import ChangeTopic
from models.ids import UserId
from models.users import Caller

OBJECTS = {
    "task_id": Owned.RUN,
    "reply_id": Owned.RUN,
    "call_id": Owned.RUN,
    "approval_id": Owned.APPROVAL,
    "question_id": Owned.APPROVAL,
    "schedule_id": Owned.SCHEDULE,
    "file_id": Owned.FILE,
    "session_id": Owned.CHAT_SESSION,
}
"""Path parameters that name an object of a user. In paths with two, the first one counts."""
LISTS = {
    "list_tasks": Owned.RUN,
    "list_ai_calls": Owned.RUN,
    "list_approvals": Owned.APPROVAL,
    "list_schedules": Owned.SCHEDULE,
    "list_files": Owned.FILE,
    "list_chat_sessions": Owned.CHAT_SESSION,
}
"""Operations whose lists show administrators what others own."""
MAX_KNOWN = 10_000
"""Maximum number of cached owners."""


class ForeignReads:
    """Writes the entries. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, UserId] = {}

    async def of_response(self, caller: Caller, operation: str, request: Request, response: Response) -> None:
        """Record what a response to a GET shows to an administrator, before it is sent."""
        if caller.role != "admin" or request.method != "GET" or response.status_code != 200:
            return
        for name, value in request.path_params.items():
            if name in OBJECTS:
                await self.of_object(caller, operation, OBJECTS[name], str(value))
                return
        if operation in LISTS:
            ids = [each["id"] for each in from_json(bytes(response.body))["items"]]
            found = set((await self._foreign(caller, LISTS[operation], ids)).values())
            if found:
                await self._write(caller, None, operation=operation, owners=len(found))

    async def of_object(self, caller: Caller, operation: str, kind: Owned, object_id: str) -> None:
        """Record that an administrator reads an object, unless it is their own."""
        if caller.role != "admin":
            return
        # IDs in addresses may have other spellings.
        canonical = str(UUID(object_id))
        for owner_id in (await self._foreign(caller, kind, [canonical])).values():
            await self._write(caller, canonical, operation=operation, owner_id=owner_id)

    async def of_changes(
        self, caller: Caller, topics: Collection[ChangeTopic], batches: AsyncGenerator[Batch]
    ) -> AsyncGenerator[Batch]:
        """Pass changes of lists on. Before the first one of another user's object, record that they are followed."""
        is_noted = caller.role != "admin"
        async with aclosing(batches):
            async for batch in batches:
                if not is_noted and _shows_foreign(caller, topics, batch):
                    is_noted = True
                    await self._write(caller, None, operation="follow_changes")
                yield batch

    async def _foreign(self, caller: Caller, kind: Owned, ids: Collection[str]) -> dict[str, UserId]:
        """Return the owners of those of the objects that aren't the caller's."""
        owner_of = {each: self._known[each] for each in ids if each in self._known}
        if unknown := set(ids) - owner_of.keys():
            async with self._database.begin() as session:
                found = await owners.owners_of(session, kind, unknown)
            if len(self._known) + len(found) > MAX_KNOWN:
                self._known.clear()
            self._known |= found
            owner_of |= found
        return {each: owner for each, owner in owner_of.items() if owner != caller.user_id}

    async def _write(self, caller: Caller, subject_id: str | None, **details: object) -> None:
        async with self._database.begin() as session:
            await audit.record(
                session, AuditAction.CONTENT_READ, actor_id=caller.user_id, subject_id=subject_id, **details
            )


def _shows_foreign(caller: Caller, topics: Collection[ChangeTopic], batch: Batch) -> bool:
    return any(
        each.owner_id != caller.user_id and any(VIEWS[topic](each) is not None for topic in topics)
        for each in batch.changes or ()
    )
