"""An API on loopback that records requests, and tools for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.openapi.loading import load
from chimera.tools.problems import LoadedTools


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
        self.place = ""
        """The host and port."""

    @property
    def url(self) -> str:
        return f"http://{self.place}"

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
    api.place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield api
    finally:
        server.close()


def document(paths: Mapping[str, Any], version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    """Return an OpenAPI document."""
    return {"openapi": version, "info": {"title": "Test", "version": "1"}, "paths": paths, **more}


async def loaded(
    folder: Path,
    doc: Mapping[str, Any] | str | bytes,
    *,
    allow: Collection[str] = (),
    secrets: Mapping[str, str] | None = None,
    taken: Collection[str] = (),
    **entry: Any,
) -> LoadedTools:
    """Load the tools of one API, named `shop`, from a document in a file. `allow` is the allow-list of servers."""
    data = doc if isinstance(doc, bytes) else doc.encode() if isinstance(doc, str) else json.dumps(doc).encode()
    (folder / "shop.json").write_bytes(data)
    whole = {"document": "shop.json", "operations": ["*"], "base_url": "http://127.0.0.1:1", **entry}
    whole = {name: value for name, value in whole.items() if value is not None}
    file = folder / "apis.json"
    file.write_text(json.dumps({"apis": {"shop": whole}}))
    values = {name: SecretStr(value) for name, value in (secrets or {}).items()}
    settings = Settings(openapi_file=file, egress_allow=tuple(allow))
    return await load(settings, EgressClient(settings), values.get, taken)
