"""`python -m api`: serve the API with the settings of the environment."""

import asyncio
import os
import signal
import socket
import sys
from logging import shutdown
from pathlib import Path
from typing import NoReturn

import uvicorn

from api.app import create_app
from api.deps import Parts
from chimera import logging
from chimera.settings_errors import BadSettings, read_settings

WS_MAX_BYTES = 64 * 1024
GRACEFUL_SECONDS = 10
"""The longest answer is a steering receipt, after 5 s."""
KEEP_ALIVE_SECONDS = 75
"""Longer than clients and proxies keep an idle connection (httpx 5 s, as uvicorn by default; load balancers 60 s): one
that is closed at the moment of its next use fails that request."""


class Server(uvicorn.Server):
    """Says when it is ready, and ends streams and waits for answers before it waits for connections to end."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        ready_file = os.environ.get("CHIMERA_READY_FILE")
        if self.started and ready_file:
            await asyncio.to_thread(Path(ready_file).touch)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        parts: Parts = self.config.app.state.parts  # type: ignore[union-attr]
        parts.ai_calls.stop_waiting()
        await parts.hub.close()
        await super().shutdown(sockets)


def main() -> int:
    try:
        settings = read_settings()
        logging.configure(settings, "api")
        app = create_app(settings)
    except (BadSettings, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.api_port,
        ws_max_size=WS_MAX_BYTES,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
    )
    server = Server(config)
    for sent in (signal.SIGINT, signal.SIGTERM):
        # uvicorn puts its own handler before this one while it serves, and sends itself the signal again afterwards.
        signal.signal(sent, signal.SIG_IGN)
    server.run()
    return 0 if server.started else 1


def leave(code: int) -> NoReturn:
    """End without tearing the interpreter down: Temporal's client can abort it there (sdk-python #300)."""
    shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
