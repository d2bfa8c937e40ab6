"""Downloads that are written while they are read. They count as open streams, and end with the caller's rights."""

from collections.abc import AsyncGenerator
from typing import TypeVar

from api.deps import Parts
from api.live.sse import while_allowed
from chimera.security.sessions import SignedIn

Piece = TypeVar("Piece", str, bytes)


async def while_counted(parts: Parts, signed_in: SignedIn, pieces: AsyncGenerator[Piece]) -> AsyncGenerator[Piece]:
    """Yield the pieces of a download until the caller's rights end. Check `parts.open_streams` before.

    Its end doesn't show whether it is complete, so the pieces have to.
    """
    async with parts.open_streams.one_more(signed_in.caller.user_id):
        async for piece in while_allowed(parts.rights, signed_in, pieces):
            yield piece
