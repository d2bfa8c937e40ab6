"""Workers load recordings into memory as late as possible, and only a few at a time."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from pydantic import ValidationError

from activities.calls import media, media_requests
from activities.calls.media import RECORDINGS_HELD, RECORDINGS_WAITING
from chimera.config.settings import Settings
from chimera.db.engine import Connection
from chimera.ledger import input_files
from chimera.providers.limits.limiter import ProviderLimits
from models.activity_options import COMPLETE
from models.ai_calls import Operation
from models.errors import RateLimited
from models.files import InputFile
from models.model_calls import PLACE_SECONDS, SETTLE_SECONDS
from tests.api.ai.conftest import AI, Gate, arrivals, ended
from tests.conftest import SimulatorServer
from tests.media import a_wav
from tests.until import until

pytestmark = pytest.mark.usefixtures("runs")

MODEL = "simulator/transcription"
OTHER_PLACES = 2


@pytest.fixture(scope="module")
def api_settings(api_settings: Settings) -> Settings:
    return api_settings.model_copy(
        update={"max_concurrent_activities": RECORDINGS_HELD + RECORDINGS_WAITING + OTHER_PLACES}
    )


async def transcribe(client: httpx2.AsyncClient, prompt: str = "x", **headers: str) -> httpx2.Response:
    sent: dict[str, Any] = {"data": {"model": MODEL, "prompt": prompt}, "files": {"file": ("a.wav", a_wav(0.1))}}
    return await client.post(f"{AI}/transcriptions", headers=headers, **sent)


async def test_a_call_that_gets_no_place_reads_no_recording(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    read = input_files.read

    async def refusing(self: ProviderLimits, account: str, tokens: int) -> None:
        seen.append("asked for a place")
        if len(seen) < 3:
            raise RateLimited("Not yet.", retry_after_s=0.1)

    async def noting(connection: Connection, owner_id: str, file_ids: Sequence[str]) -> list[InputFile]:
        seen.append("read")
        return await read(connection, owner_id, file_ids)

    monkeypatch.setattr(ProviderLimits, "take", refusing)
    monkeypatch.setattr(input_files, "read", noting)
    assert (await transcribe(alice)).status_code == 200
    assert seen == ["asked for a place"] * 3 + ["read"]


async def test_a_file_deleted_before_sending_ends_the_call(
    alice: httpx2.AsyncClient, simulator: SimulatorServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = input_files.read

    async def too_late(connection: Connection, owner_id: str, file_ids: Sequence[str]) -> list[InputFile]:
        assert (await alice.delete(f"/api/v1/files/{file_ids[0]}")).status_code == 204
        return await read(connection, owner_id, file_ids)

    monkeypatch.setattr(input_files, "read", too_late)
    answer = await transcribe(alice, Prefer="wait=0")
    call = await ended(alice, answer.headers["Location"])
    assert (call["status"], call["error_code"], call["attempts"]) == ("failed", "not_found", 0)
    assert arrivals(simulator, call["id"]) == 0


def test_an_activity_outlasts_all_that_it_waits_for() -> None:
    with pytest.raises(ValidationError, match="less than or equal to 840"):
        Settings(call_total_s=841)
    waits = PLACE_SECONDS + Settings(call_total_s=840).call_total_s + SETTLE_SECONDS
    assert timedelta(seconds=waits + 30) < COMPLETE["start_to_close_timeout"]


async def test_recordings_that_wait_leave_places_for_other_calls(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "PLACE_RETURN_S", 0.1)
    many = RECORDINGS_HELD + RECORDINGS_WAITING + OTHER_PLACES + 1
    gate = Gate(Operation.TRANSCRIPTIONS)
    monkeypatch.setattr(media_requests, "ask", gate.ask)
    waiting = await asyncio.gather(*(transcribe(alice, f"{n}", Prefer="wait=0") for n in range(many)))
    await until(lambda: gate.held == RECORDINGS_HELD)
    answer = await alice.post(f"{AI}/embeddings", json={"model": "simulator/embedding", "input": "tea"})
    assert answer.status_code == 200
    gate.opened.set()
    ends = [await ended(alice, each.headers["Location"]) for each in waiting]
    assert {(end["status"], end["attempts"]) for end in ends} == {("completed", 1)}


async def test_a_worker_holds_few_recordings_at_once(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = Gate(Operation.TRANSCRIPTIONS)
    monkeypatch.setattr(media_requests, "ask", gate.ask)
    answering = asyncio.gather(*(transcribe(alice) for _ in range(RECORDINGS_HELD + 3)))
    await until(lambda: gate.held == RECORDINGS_HELD)
    # If nothing held back the other calls, they would arrive during this pause.
    await asyncio.sleep(0.3)
    gate.opened.set()
    assert {answer.status_code for answer in await answering} == {200}
    assert gate.most_held == RECORDINGS_HELD
