"""The client for other libraries, such as the MCP SDK."""

import asyncio
from collections.abc import Sequence

import httpx2
import pytest

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.egress.transport import Ways
from tests.chimera.egress.servers import Arrived, Internet, Place, pours, redirects, says, serving, zone
from tests.destinations import ADDRESSES, spellings

REFUSED = (EgressRefused, EgressFailed, httpx2.InvalidURL, httpx2.TransportError)


def client_for(place: Place) -> EgressClient:
    return EgressClient(Settings(egress_allow=place.listed()))


async def test_no_spelling_of_a_private_destination_connects() -> None:
    async with serving(says(b"secret")) as place:
        resolve = zone({**ADDRESSES, "localhost": ("127.0.0.1",)})
        async with EgressClient(Settings(), Ways(resolve)).guarded() as client:
            for url in spellings(place.port):
                with pytest.raises(REFUSED):
                    await client.post(url, content=b"x")
        assert place.connects == 0


async def test_a_name_that_changes_its_address_is_refused() -> None:
    answers = iter([["93.184.215.14"], ["127.0.0.1"]])

    async def rebinds(host: str, port: int) -> Sequence[str]:
        return next(answers)

    async with serving(says(b"public", headers={"Connection": "close"})) as place:
        network = Internet(place)
        async with EgressClient(Settings(), Ways(rebinds, network)).guarded() as client:
            assert (await client.get("http://rebound.example/")).content == b"public"
            with pytest.raises(EgressRefused, match="isn't a public host"):
                await client.get("http://rebound.example/")
        assert network.connected == ["93.184.215.14"]
        assert place.arrived[0].headers["host"] == "rebound.example"


async def test_redirects_are_returned_not_followed() -> None:
    async with serving(redirects("/next")) as place, client_for(place).guarded() as client:
        assert (await client.get(place.url())).status_code == 302
        assert place.connects == 1


async def test_compressed_responses_are_refused() -> None:
    async with serving(says(b"x", headers={"Content-Encoding": "gzip"})) as place:
        async with client_for(place).guarded() as client:
            with pytest.raises(EgressRefused, match="can't be decompressed"):
                await client.get(place.url())
        assert place.arrived[0].headers["accept-encoding"] == "identity"


async def test_an_endless_body_stops_at_the_limit() -> None:
    async with serving(pours(bytes(1 << 16))) as place, client_for(place).guarded(max_bytes=100_000) as client:
        with pytest.raises(EgressRefused, match="larger than 100000 bytes"):
            await client.get(place.url())


async def events(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    for _ in range(50):
        writer.write(b"data: " + b"x" * 5000 + b"\r\n\r\n")
        await writer.drain()
    while True:
        writer.write(b"data: " + b"x" * 5000)
        await writer.drain()


async def test_an_event_stream_is_limited_by_event() -> None:
    seen: list[int] = []
    async with (
        serving(events) as place,
        client_for(place).guarded(max_bytes=100_000) as client,
        client.stream("GET", place.url()) as response,
    ):
        with pytest.raises(EgressRefused, match="larger than 100000 bytes"):
            await count(response, seen)
    assert sum(seen) > 250_000


async def count(response: httpx2.Response, seen: list[int]) -> None:
    """Append the size of each piece that arrives to `seen`, so that they are known even if an error follows."""
    pieces = response.aiter_bytes()
    while piece := await anext(pieces, b""):
        seen.append(len(piece))
