"""Files of a run, which its agents write and read by name. All nodes of the run see the same files."""

from dataclasses import dataclass
from uuid import uuid4

from chimera.content.files import Content
from chimera.db.engine import Connection, one, scalar
from chimera.ledger import ai_calls, kept_bytes
from chimera.ledger.ai_calls import NewFile
from chimera.ledger.calls import lock_run
from chimera.ledger.kept_bytes import LEAST_BYTES
from chimera.ledger.statements import IS_LEFT_OUT, insert_event
from models.errors import RootStopped, SubtaskSkipped
from models.events import EVENT, FileWritten
from models.files import MAX_RUN_BYTES, MAX_RUN_FILES, InputFile
from models.ids import FileId, NodePath, RunId, UserId
from models.runs import UNCALLABLE


class RunIsFull(Exception):
    """A run, or its owner, has no room for a file; the message is for the model."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much can be added to a run: files, their bytes, and bytes as they count toward the owner's limit."""

    files: int
    size_bytes: int
    counted_bytes: int | None
    """None: the owner has no limit."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The node that writes a file."""

    owner_id: UserId
    run_id: RunId
    path: NodePath
    step: int


_LEFT_OUT = f"SELECT EXISTS ({IS_LEFT_OUT})::int"  # only constants go in, here and below
_NAMED = "SELECT id, sha256 FROM files WHERE run_id = %(run_id)s AND name = %(name)s"
_DELETE = "DELETE FROM files WHERE id = %(id)s"
_TOTALS = """
SELECT count(*) AS files, COALESCE(sum(size_bytes), 0)::bigint AS size_bytes FROM files WHERE run_id = %(run_id)s
"""
_APPEND = f"""
WITH account AS (
    UPDATE runs SET event_seq = event_seq + 1, updated_at = now() WHERE id = %(run_id)s RETURNING id, event_seq)
{insert_event("account")}
"""  # noqa: S608


async def write(connection: Connection, writer: Writer, name: str, content: Content, *, most: int) -> bool:
    """Store a file with its event, in place of the run's file with the same name; return whether there was another one.

    The name must be one that `content/file_names.py` allows. `most` is the owner's limit in bytes, and 0 is no limit.
    If the run has a file with this name and content, nothing changes. Raises RootStopped or SubtaskSkipped if the node
    may do no more work, and RunIsFull. Needs a transaction.
    """
    # The run's row is locked first, as everywhere. This also makes the run's writers take turns.
    if await lock_run(connection, writer.run_id) in UNCALLABLE:
        raise RootStopped(writer.run_id)
    if await scalar(await connection.execute(_LEFT_OUT, {"run_id": writer.run_id, "path": writer.path})):
        raise SubtaskSkipped(writer.path)
    there = await (await connection.execute(_NAMED, {"run_id": writer.run_id, "name": name})).fetchone()
    if there is not None and there.sha256 == content.sha256:
        return False
    if there is not None:
        # A new file has a new id, so that a client that is reading the old one notices that it is gone.
        await connection.execute(_DELETE, {"id": there.id})
    _check(await room(connection, writer.run_id, writer.owner_id, most=most), content.size_bytes)
    file = NewFile(FileId(str(uuid4())), writer.owner_id, name, content, simulated=False, run_id=writer.run_id)
    await ai_calls.keep(connection, [file])
    event = FileWritten(path=writer.path, step=writer.step, file_id=file.id, name=name, size_bytes=content.size_bytes)
    await connection.execute(_APPEND, {"run_id": writer.run_id, "event": EVENT.dump_json(event).decode()})
    return there is not None


async def room(connection: Connection, run_id: RunId, owner_id: UserId, *, most: int) -> Room:
    """Return the room for files that a transaction adds to a run. Until it ends, no other one adds any.

    `most` is the owner's limit in bytes, and 0 is no limit.
    """
    await lock_run(connection, run_id)
    there = await one(await connection.execute(_TOTALS, {"run_id": run_id}))
    return Room(
        files=max(0, MAX_RUN_FILES - there.files),
        size_bytes=max(0, MAX_RUN_BYTES - there.size_bytes),
        counted_bytes=await kept_bytes.room_left(connection, owner_id, most),
    )


_READ = """
SELECT f.media_type, COALESCE(string_agg(c.data, ''::bytea ORDER BY c.position), ''::bytea) AS data
FROM files f LEFT JOIN file_chunks c ON c.file_id = f.id
WHERE f.run_id = %(run_id)s AND f.name = %(name)s GROUP BY f.id
"""
_LIST = "SELECT name, media_type, size_bytes FROM files WHERE run_id = %(run_id)s ORDER BY name"


async def read(connection: Connection, run_id: RunId, name: str) -> InputFile | None:
    """Return a run's file; None if there is none with this name."""
    row = await (await connection.execute(_READ, {"run_id": run_id, "name": name})).fetchone()
    return None if row is None else InputFile(row.media_type, bytes(row.data))


async def names(connection: Connection, run_id: RunId) -> list[tuple[str, str, int]]:
    """Return the name, media type and size in bytes of each file of a run, by name."""
    cursor = await connection.execute(_LIST, {"run_id": run_id})
    return [(row.name, row.media_type, row.size_bytes) for row in await cursor.fetchall()]


def _check(left: Room, size_bytes: int) -> None:
    """Raise RunIsFull if there is no room for one more file."""
    if not left.files:
        raise RunIsFull(f"The task has {MAX_RUN_FILES} files, which is the limit. Replace a file that exists.")
    if size_bytes > left.size_bytes:
        raise RunIsFull(
            f"The task's files have room for {left.size_bytes:,} more bytes of {MAX_RUN_BYTES:,}. Write less, or"
            " replace a large file."
        )
    if left.counted_bytes is not None and max(size_bytes, LEAST_BYTES) > left.counted_bytes:
        raise RunIsFull(
            "The user has no room for more files (CHIMERA_MAX_KEPT_BYTES). Replace a file that exists, or say that"
            " files have to be deleted."
        )
