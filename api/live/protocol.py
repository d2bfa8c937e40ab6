"""uvicorn's WebSocket protocol, for which a frame that many clients get is made once, down to its bytes."""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TAKES_FRAMES = "chimera.frames"
_TEXT = 0x81
"""A whole message of text (RFC 6455, 5.2); a server masks nothing, and we compress nothing."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Writes a message's `frame` as it is, where it has one; another server takes its `text`."""

    async def run_asgi(self) -> None:
        """Tell the application that frames can be written; one message may hold several."""
        self.scope["extensions"][TAKES_FRAMES] = {}
        await super().run_asgi()

    async def send(self, message: Any) -> None:
        frame: bytes | None = message.get("frame")
        if frame is None:
            await super().send(message)
            return
        await self.writable.wait()
        if self.disconnected or self.close_sent or self.transport.is_closing():
            raise ClientDisconnected
        self.transport.write(frame)


def frame_of(text: str) -> bytes:
    """Write a text as a frame of the server's."""
    data = text.encode()
    if len(data) < 126:
        head = bytes((_TEXT, len(data)))
    elif len(data) < 2**16:
        head = bytes((_TEXT, 126)) + len(data).to_bytes(2)
    else:
        head = bytes((_TEXT, 127)) + len(data).to_bytes(8)
    return head + data
