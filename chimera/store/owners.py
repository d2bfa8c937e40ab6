"""Who owns objects, by their IDs. This never changes, so it may be cached."""

from collections.abc import Collection
from enum import StrEnum

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from chimera.db.tables import Approval, ChatSession, File, Run, Schedule
from models.ids import UserId


class Owned(StrEnum):
    """What has an owner, and is shown to administrators."""

    RUN = "run"
    APPROVAL = "approval"
    SCHEDULE = "schedule"
    FILE = "file"
    CHAT_SESSION = "chat_session"


async def owners_of(session: AsyncSession, kind: Owned, ids: Collection[str]) -> dict[str, UserId]:
    """Return the owners of those of the objects that exist."""
    rows = await session.execute(_owners(kind, ids))
    return {str(row.id): UserId(str(row.owner_id)) for row in rows}


def _owners(kind: Owned, ids: Collection[str]) -> Select[str, str]:
    match kind:
        case Owned.RUN:
            return select(Run.id, Run.owner_id).where(Run.id.in_(ids))
        case Owned.APPROVAL:
            of_run = select(Approval.id, Run.owner_id).join(Run, Run.id == Approval.run_id)
            return of_run.where(Approval.id.in_(ids))
        case Owned.SCHEDULE:
            return select(Schedule.id, Schedule.owner_id).where(Schedule.id.in_(ids))
        case Owned.FILE:
            return select(File.id, File.owner_id).where(File.id.in_(ids))
        case Owned.CHAT_SESSION:
            return select(ChatSession.id, ChatSession.owner_id).where(ChatSession.id.in_(ids))
