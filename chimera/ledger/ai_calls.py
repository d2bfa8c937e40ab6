"""The request of an AI call, and the images that it generated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chimera.content.files import Content
from chimera.db.engine import Connection, one_line
from chimera.ledger.statements import FAILURES, FailedBefore, at_place, place_of
from models.errors import RootStopped
from models.ids import FileId, RunId, UserId
from models.model_calls import ModelCallRequest


@dataclass(frozen=True, slots=True)
class AiCallContext:
    """The facts about an AI call that are known before it is made."""

    owner_id: UserId
    run_status: str
    model: str
    request: Mapping[str, Any]
    size_bytes: int | None
    """The size of the audio file; None if the call has no file, or the file no longer exists."""
    media_type: str | None
    call_status: str | None
    attempt: int
    failures: tuple[FailedBefore, ...]
    outcome: dict[str, Any] | None
    left_out: bool = False


_CONTEXT = one_line(f"""
SELECT r.owner_id, r.status AS run_status, m.model, m.request, f.size_bytes, f.media_type,
       c.status AS call_status, COALESCE(c.attempt, 0) AS attempt, c.outcome, {FAILURES}
FROM runs r JOIN ai_calls m ON m.run_id = r.id
LEFT JOIN files f ON f.id = CAST(m.request ->> 'file_id' AS uuid) AND f.owner_id = r.owner_id
LEFT JOIN calls c ON {at_place("c")}
WHERE r.id = %(run_id)s AND r.deleted_at IS NULL
""")  # noqa: S608  # only constants go in


async def read_context(connection: Connection, request: ModelCallRequest) -> AiCallContext:
    """Read a call's request and state. Raises RootStopped if the run no longer exists."""
    cursor = await connection.execute(_CONTEXT, place_of(request))
    row = await cursor.fetchone()
    if row is None:
        raise RootStopped(request.run_id)
    return AiCallContext(
        owner_id=UserId(str(row.owner_id)),
        run_status=row.run_status,
        model=row.model,
        request=row.request,
        size_bytes=row.size_bytes,
        media_type=row.media_type,
        call_status=row.call_status,
        attempt=row.attempt,
        failures=tuple(FailedBefore(*failed) for failed in row.failures or ()),
        outcome=row.outcome,
    )


@dataclass(frozen=True, slots=True)
class NewFile:
    """An image that a call has generated, or that a tool has returned. It will be stored as a file of the run's owner,
    under an id that is already known."""

    id: FileId
    owner_id: UserId
    name: str
    content: Content
    simulated: bool
    run_id: RunId | None = None
    """Set for a tool's image, which is a file of its run."""


_FILE = """
INSERT INTO files (id, owner_id, run_id, name, media_type, size_bytes, sha256, simulated)
VALUES (%(id)s, %(owner_id)s, %(run_id)s, %(name)s, %(media_type)s, %(size_bytes)s, %(sha256)s, %(simulated)s)
"""
_CHUNK = "INSERT INTO file_chunks (file_id, position, data) VALUES (%(file_id)s, %(position)s, %(data)s)"


async def keep(connection: Connection, files: Sequence[NewFile]) -> None:
    """Store images, in the transaction that settles their cost or stores the tool's result."""
    for file in files:
        content = file.content
        await connection.execute(
            _FILE,
            {
                "id": file.id,
                "owner_id": file.owner_id,
                "run_id": file.run_id,
                "name": file.name,
                "media_type": content.media_type,
                "size_bytes": content.size_bytes,
                "sha256": content.sha256,
                "simulated": file.simulated,
            },
        )
        for position, data in enumerate(content.chunks()):
            await connection.execute(_CHUNK, {"file_id": file.id, "position": position, "data": data})
