"""An echo over a WebSocket, for testing a proxy. It requires a sign-in and counts toward limits like every socket."""

import asyncio
from datetime import UTC, datetime

from api.live.sockets import End, Socket
from models.users import Caller

ECHO_SECONDS = 600.0
NORMAL = 1000
UNSUPPORTED_DATA = 1003


class Echo(Socket):
    """The protocol of `/ws/test`."""

    async def serve(self) -> None:
        """Run the protocol for at most ten minutes."""
        over = End(NORMAL, "The server closed the connection after ten minutes. Open another WebSocket.")
        life = asyncio.get_running_loop().call_later(ECHO_SECONDS, self._end_with, over)
        try:
            await super().serve()
        finally:
            life.cancel()

    async def _take(self, caller: Caller, text: str | None) -> End | None:
        if text is None:
            return End(UNSUPPORTED_DATA, "Binary messages are not supported. Send text messages.")
        await self._send({"type": "echo", "text": text, "server_time": datetime.now(UTC).isoformat()})
        return None
