"""The bytes that a user keeps in files, which count toward `CHIMERA_MAX_KEPT_BYTES`."""

from sqlalchemy import BindParameter, bindparam, func, select

from chimera.db.engine import Connection, scalar, sql_and_constants
from chimera.db.tables import AiCall, File, Run
from chimera.ledger.turns import hold_turn, turn_of
from models.ids import UserId
from models.runs import OPEN, RunKind

SETTING = "max_kept_bytes"
LEAST_BYTES = 64 * 1024
"""The least that a file counts, so that a limit on bytes also limits the number of files. An image counts as much until
it is generated."""

# The default value lets the statement be compiled without an owner.
_OWNER: BindParameter[str] = bindparam("owner_id", None)
_KEPT = select(func.coalesce(func.sum(func.greatest(File.size_bytes, LEAST_BYTES)), 0)).where(File.owner_id == _OWNER)
# The size of an image is unknown before it is generated.
_TO_COME = (
    select(func.coalesce(func.sum(LEAST_BYTES * func.coalesce(AiCall.request["n"].as_integer(), 1)), 0))
    .join(Run, Run.id == AiCall.run_id)
    .where(
        Run.owner_id == _OWNER,
        Run.kind == RunKind.IMAGES.value,
        Run.status.in_(sorted(status.value for status in OPEN)),
    )
)
KEPT_BYTES = select(_KEPT.scalar_subquery() + _TO_COME.scalar_subquery())
"""Selects the bytes of `owner_id`."""

_STATEMENT, _CONSTANTS = sql_and_constants(KEPT_BYTES)


async def room_left(connection: Connection, owner_id: UserId, most: int) -> int | None:
    """Return how much a user may add to at most `most` bytes, where 0 stands for no limit; None for any amount.

    Until the transaction ends, no other one of the user's adds anything.
    """
    if not most:
        return None
    await hold_turn(connection, turn_of(SETTING, owner_id))
    kept = await scalar(await connection.execute(_STATEMENT, {**_CONSTANTS, "owner_id": owner_id}))
    return max(0, most - (kept or 0))
