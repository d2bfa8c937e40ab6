"""Endless bodies over a real socket: how much of them a worker reads, and what it reports."""

import gzip
import tracemalloc

import pytest

from models import errors
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.until import until
from tests.wires.base import Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script

MEGABYTE = b"no " * 350_000
ENDLESS = [b'{"error": {"message": "Out of luck"}} ', *[MEGABYTE] * 500]
JSON = {"content-type": "application/json"}
MOST_BYTES = 40_000_000
"""The most memory that a call in these tests may use, including the libraries."""


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """A hundred megabytes of spaces after a refusal, compressed to a tenth of a megabyte."""
    return gzip.compress(b'{"error": {"message": "Out of luck"}}' + b" " * 100_000_000)


@pytest.mark.parametrize(
    ("status", "kind"), [(500, errors.InternalFailure), (503, errors.Overloaded), (400, errors.BadRequest)]
)
async def test_a_refusal_without_an_end_is_cut(
    wire: Wire, server: Scripted, status: int, kind: type[errors.ProviderError]
) -> None:
    async with provider_at(wire, server.url) as made:
        found = await raised(made, asked(wire), server, Script(ENDLESS, status, JSON))
        assert type(found) is kind
        assert "Out of luck" in found.message
        await until(lambda: server.cut == 1)
        server.answers(Script(ENDLESS, status, JSON))
        with pytest.raises(kind):
            await made.models()


async def test_a_refusal_that_breaks_off_keeps_its_status(wire: Wire, server: Scripted) -> None:
    broken = Script([b'{"error": {"message": "Wrong key'], 401, JSON, end=False)
    async with provider_at(wire, server.url) as made:
        assert type(await raised(made, asked(wire), server, broken)) is errors.WrongKey


async def test_a_packed_refusal_is_measured_unpacked(wire: Wire, server: Scripted, bomb: bytes) -> None:
    script = Script([bomb], 500, JSON | {"content-encoding": "gzip"})
    async with provider_at(wire, server.url) as made:
        await made.connect()
        tracemalloc.start()
        try:
            found = await raised(made, asked(wire), server, script)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert "Out of luck" in found.message
    assert peak < MOST_BYTES


async def test_double_compression_is_refused(wire: Wire, server: Scripted, bomb: bytes) -> None:
    script = Script([gzip.compress(bomb)], 200, JSON | {"content-encoding": "gzip, gzip"})
    async with provider_at(wire, server.url) as made:
        found = await raised(made, asked(wire), server, script)
    assert type(found) is errors.Malformed
    assert "compressed more than once (gzip, gzip)" in found.message


@pytest.mark.parametrize("script", [Script([b'{"data": [', *[MEGABYTE] * 100], 200, JSON)], ids=["endless"])
async def test_a_list_without_an_end_is_given_up(wire: Wire, server: Scripted, script: Script) -> None:
    async with provider_at(wire, server.url) as made:
        server.answers(script)
        with pytest.raises(errors.AnswerTooLarge, match="The list is larger than 16777216 bytes"):
            await made.models()
    await until(lambda: server.cut == 1)


@pytest.mark.parametrize("content_type", ["application/json", "text/event-stream"])
@pytest.mark.parametrize("begun", [b'{"choices": [{"message": "', b'data: {"choices": "'])
async def test_endless_answers_and_events_are_given_up(
    wire: Wire, server: Scripted, begun: bytes, content_type: str
) -> None:
    script = Script([begun, *[MEGABYTE] * 500], 200, {"content-type": content_type})
    async with provider_at(wire, server.url) as made:
        found = await raised(made, asked(wire), server, script)
    assert type(found) is errors.AnswerTooLarge
    await until(lambda: server.cut == 1)


async def test_an_answer_may_be_packed(wire: Wire, server: Scripted) -> None:
    async with provider_at(wire, server.url) as made:
        body = gzip.compress(b'{"error": {"message": "Model is at capacity"}}')
        found = await raised(made, asked(wire), server, Script([body], 500, JSON | {"content-encoding": "gzip"}))
    assert type(found) is errors.Overloaded
