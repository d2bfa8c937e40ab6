"""Serves the API with uvicorn, and limits what a client can send, hold open and wait for."""

import asyncio
import os
import socket
import sys
from pathlib import Path

import structlog
import uvicorn
from fastapi import FastAPI

from api.deps import Parts
from api.live.protocol import SocketProtocol
from api.protocol import Protocol
from chimera.config.settings import Settings

log = structlog.get_logger()

WS_MAX_BYTES = 64 * 1024
GRACEFUL_SECONDS = 10
"""The slowest response is a steering receipt, after 5 s."""
PROXY_IDLE_SECONDS = 75
"""Longer than proxies keep an idle connection (load balancers 60 s), because a request fails if its connection is
closed at that moment. For other clients, `protocol.IDLE_SECONDS` applies, which is longer than they keep theirs
(httpx 5 s)."""
OWN_FILES = 200
"""Number of our own files and connections, for which the system's limit has to leave room."""


class Server(uvicorn.Server):
    """Reports when it is ready. On shutdown, releases waiting requests and streams before it waits for connections."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        ready_file = os.environ.get("CHIMERA_READY_FILE")
        if self.started and ready_file:
            await asyncio.to_thread(Path(ready_file).touch)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        parts: Parts = self.config.app.state.parts  # type: ignore[union-attr]
        parts.ai_call_waits.stop_waiting()
        await parts.hub.close()
        await parts.feed.close()
        await super().shutdown(sockets)


def config_of(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """Return the server configuration of `app` for these settings."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.api_port,
        http=Protocol,
        ws=SocketProtocol,
        ws_max_size=WS_MAX_BYTES,
        # Compression would repeat the work for each socket, and need a window of 50 KB per socket.
        ws_per_message_deflate=False,
        limit_concurrency=connections_of(settings),
        # By default, uvicorn trusts X-Forwarded-For from loopback, so any local process could choose its address.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        timeout_keep_alive=PROXY_IDLE_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
    )


def connections_of(settings: Settings) -> int:
    """Return the maximum number of connections: the setting, or fewer if the system's limit is lower."""
    if sys.platform == "win32":
        return settings.max_connections
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = settings.max_connections
    if soft != resource.RLIM_INFINITY and soft - OWN_FILES < most:
        most = max(OWN_FILES, soft - OWN_FILES)
        log.warning("connections_bounded_by_the_system", max_connections=most, open_files=soft)
    return most
