"""uvicorn's WebSocket protocol, extended so that the bytes of a frame for many clients are built only once."""

from typing import Any

from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TAKES_FRAMES = "chimera.frames"
_TEXT = 0x81
"""First byte of a complete text message (RFC 6455, 5.2). Servers don't mask messages, and ours doesn't compress any."""


class SocketProtocol(WebSocketsSansIOProtocol):
    """Writes a message's `frame` unchanged if it has one. Any other server sends the message's `text`."""

    async def run_asgi(self) -> None:
        """Tell the application that a message may contain one or more frames."""
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
    """Return a text as a WebSocket frame, as a server sends it."""
    data = text.encode()
    if len(data) < 126:
        head = bytes((_TEXT, len(data)))
    elif len(data) < 2**16:
        head = bytes((_TEXT, 126)) + len(data).to_bytes(2)
    else:
        head = bytes((_TEXT, 127)) + len(data).to_bytes(8)
    return head + data
