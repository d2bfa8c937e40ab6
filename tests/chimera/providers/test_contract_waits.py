"""Silence, cancels and connections, for each provider."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing

import pytest

from chimera.providers.base import Provider
from chimera.providers.local import provider as local
from chimera.providers.wire import http as wires
from models import errors
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.chimera.simulated import answer_of
from tests.ports import free_port
from tests.until import until
from tests.wires.base import ModelAnswer, Wire
from tests.wires.scripted import Scripted
from tests.wires.server import FOREVER, Script

LIMIT_S = 0.5
HALF = ModelAnswer(pieces=("It is ",), stop=None)
PAUSE_S = 0.1
MANY = 600
"""Enough pauses that only Chimera's own limits can end them."""


@pytest.fixture(scope="module")
async def impatient(wire: Wire, server: Scripted) -> AsyncIterator[Provider]:
    """A provider that waits only a moment for the first byte, but tolerates any silence after it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "FIRST_BYTE_S", 0.0)
        async with provider_at(wire, server.url, call_first_byte_s=LIMIT_S) as made:
            # Load the SDK first, so that its import doesn't count toward the limit.
            await made.connect()
            yield made


@pytest.fixture(scope="module")
async def strict(wire: Wire, server: Scripted) -> AsyncIterator[Provider]:
    """A provider that tolerates only short pauses within an answer, however late it begins."""
    async with provider_at(wire, server.url, call_stall_s=LIMIT_S) as made:
        yield made


@pytest.mark.parametrize("head", [False, True], ids=["before the head", "before the first event"])
async def test_silence_before_an_answer_is_a_timeout(
    wire: Wire, impatient: Provider, server: Scripted, head: bool
) -> None:
    found = await raised(impatient, asked(wire), server, Script([FOREVER], head_at_once=head))
    assert type(found) is errors.ProviderTimeout
    assert found.may_be_billed, "the prompt was there"
    await until(lambda: server.cut == 1)


async def test_keep_alives_are_no_progress(wire: Wire, impatient: Provider, strict: Provider, server: Scripted) -> None:
    kept_alive: list[bytes | float] = [wire.keep_alive, PAUSE_S] * MANY
    found = await raised(impatient, asked(wire), server, Script(kept_alive))
    assert type(found) is errors.ProviderTimeout
    found = await raised(strict, asked(wire), server, Script([*wire.frames_of(HALF), *kept_alive]))
    assert type(found) is errors.Stalled
    assert "0.5 s" in found.message


async def test_silence_within_an_answer_is_a_stall(wire: Wire, strict: Provider, server: Scripted) -> None:
    found = await raised(strict, asked(wire), server, Script([*wire.frames_of(HALF), FOREVER]))
    assert type(found) is errors.Stalled
    assert found.retryable
    assert found.may_be_billed
    await until(lambda: server.cut == 1)


async def test_thoughts_are_progress(wire: Wire, server: Scripted) -> None:
    frames = wire.frames_of(ModelAnswer(thoughts=("Hm. ",) * 12, pieces=("Yes.",)))
    steps: list[bytes | float] = []
    for frame in frames:
        steps += [frame, PAUSE_S] if b"Hm. " in frame else [frame]
    server.answers(Script(steps))
    # Together, the pauses exceed the limit, but each leaves room for the delays of a busy machine.
    async with provider_at(wire, server.url, call_stall_s=10 * PAUSE_S) as thinking:
        assert (await answer_of(thinking, asked(wire))).text == "Yes."


async def test_a_refused_connection_is_retried(wire: Wire) -> None:
    async with provider_at(wire, f"http://127.0.0.1:{free_port()}") as away:
        with pytest.raises(errors.Unreachable) as found:
            await answer_of(away, asked(wire))
        with pytest.raises(errors.Unreachable):
            await away.models()
    setting = "CHIMERA_SIMULATOR_URL" if away.name == "simulator" else f"CHIMERA_{away.name.upper()}_BASE_URL"
    assert setting in found.value.message
    assert found.value.retryable
    assert not found.value.may_be_billed


async def test_connecting_has_a_limit_of_its_own(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "CONNECT_S", LIMIT_S)
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        # Nothing accepts connections, and there is room for only one, so the next connection isn't answered.
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        async with provider_at(wire, f"http://127.0.0.1:{full.getsockname()[1]}") as unseen:
            await unseen.connect()
            with pytest.raises(errors.Unreachable) as found:
                await answer_of(unseen, asked(wire))
    assert not found.value.may_be_billed


@pytest.mark.parametrize(
    ("answer", "head"), [(None, False), (None, True), (HALF, True)], ids=["no head", "no event", "in mid-answer"]
)
async def test_a_cancel_closes_the_connection(
    wire: Wire, provider: Provider, server: Scripted, answer: ModelAnswer | None, head: bool
) -> None:
    frames: Sequence[bytes] = wire.frames_of(answer) if answer else ()
    server.answers(Script([*frames, FOREVER], head_at_once=head))
    call = asyncio.create_task(answer_of(provider, asked(wire)))
    await until(lambda: len(server.bodies) == 1)
    await asyncio.sleep(0.05)
    call.cancel()
    await until(lambda: server.cut == 1)
    with pytest.raises(asyncio.CancelledError):
        await call


async def test_leaving_the_iterator_closes_the_connection(wire: Wire, provider: Provider, server: Scripted) -> None:
    server.answers(Script([*wire.frames_of(HALF), FOREVER]))
    async with aclosing(provider.stream(asked(wire))) as items:
        await anext(items)
    await until(lambda: server.cut == 1)


async def test_reading_stops_at_the_size_limit(wire: Wire, provider: Provider, server: Scripted) -> None:
    large = ModelAnswer(pieces=("ten bytes " * 1000,) * 11, stop=None)
    found = await raised(
        provider, asked(wire), server, Script([*wire.frames_of(large), *wire.frames_of(large), FOREVER])
    )
    assert type(found) is errors.AnswerTooLarge
    await until(lambda: server.cut == 1)


async def test_leaving_one_answer_leaves_another_alone(wire: Wire, provider: Provider, server: Scripted) -> None:
    frames = wire.frames_of(ModelAnswer(pieces=("It is ", "done.")))
    server.answers(Script([*frames[:-1], LIMIT_S, frames[-1]]))
    other = asyncio.create_task(answer_of(provider, asked(wire)))
    async with aclosing(provider.stream(asked(wire))) as items:
        await anext(items)
    assert (await other).text == "It is done."
    assert len(server.bodies) == 2
    await until(lambda: server.cut == 1)
