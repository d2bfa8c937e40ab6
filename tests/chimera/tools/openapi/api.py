"""An API on loopback that records requests, and a client for it in the shape of the client for the outside."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.tools.openapi.loading import load
from chimera.tools.problems import LoadedTools
from models.errors import ChimeraError


@dataclass(frozen=True)
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Answer:
    """An answer. With `breaks`, the connection is closed instead."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})
    breaks: bool = False


class Api:
    """The API. `answer` may be replaced at any time."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.answer: Callable[[Seen], Answer] = lambda seen: Answer()
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
            headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            seen = Seen(first.split(" ")[0], first.split(" ")[1], headers, body)
            self.seen.append(seen)
            answer = self.answer(seen)
            if not answer.breaks:
                head = {"content-length": str(len(answer.body)), "connection": "close", **answer.headers}
                text = "".join(f"{name}: {value}\r\n" for name, value in head.items())
                writer.write(f"HTTP/1.1 {answer.status} Said\r\n{text}\r\n".encode() + answer.body)
                await writer.drain()
        finally:
            writer.close()


@asynccontextmanager
async def an_api() -> AsyncIterator[Api]:
    """Serve an API on a free port of the loopback address."""
    api = Api()
    server = await asyncio.start_server(api.serve, "127.0.0.1", 0)
    api.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()


class Failed(ChimeraError):
    """A request that failed, as the client for the outside reports it."""

    code = "egress_failed"

    def __init__(self, message: str, *, was_sent: bool) -> None:
        super().__init__(message)
        self.was_sent = was_sent


class Refused(ChimeraError):
    """A request or response that isn't allowed, as the client for the outside reports it."""

    code = "egress_refused"

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True)
class Received:
    """A response."""

    status: int
    headers: httpx2.Headers
    url: str
    media_type: str
    body: bytes


class Client:
    """Sends requests without any checks."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        accept: Collection[str] = ("*/*",),
        max_bytes: int = 5_000_000,
        timeout_s: float = 30.0,
        follow: bool = True,
    ) -> Received:
        async with httpx2.AsyncClient(trust_env=False) as client:
            try:
                found = await client.request(method, url, headers=headers, content=body or None, timeout=timeout_s)
            except httpx2.ConnectError:
                raise Failed(f"{url} can't be reached.", was_sent=False) from None
            except httpx2.TransportError:
                raise Failed(f"{url} didn't answer.", was_sent=True) from None
        if len(found.content) > max_bytes:
            raise Refused(f"The response from {url} is too large.", status=found.status_code)
        media_type = found.headers.get("content-type", "").partition(";")[0]
        return Received(found.status_code, found.headers, str(found.url), media_type, found.content)


def document(paths: Mapping[str, Any], version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    """Return an OpenAPI document."""
    return {"openapi": version, "info": {"title": "Test", "version": "1"}, "paths": paths, **more}


async def loaded(
    folder: Path,
    doc: Mapping[str, Any] | str | bytes,
    *,
    secrets: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
    **entry: Any,
) -> LoadedTools:
    """Load the tools of one API, named `shop`, from a document in a file."""
    data = doc if isinstance(doc, bytes) else doc.encode() if isinstance(doc, str) else json.dumps(doc).encode()
    (folder / "shop.json").write_bytes(data)
    whole = {"document": "shop.json", "operations": ["*"], "base_url": "http://127.0.0.1:1", **entry}
    whole = {name: value for name, value in whole.items() if value is not None}
    file = folder / "apis.json"
    file.write_text(json.dumps({"apis": {"shop": whole}}))
    values = {name: SecretStr(value) for name, value in (secrets or {}).items()}
    return await load(Settings(openapi_file=file), Client(), values.get, taken)
