"""`chimera embed`, `image` and `transcribe` against the real API, a worker and the simulator."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from cli import ai_calls
from cli.errors import NotThere, Refused, WrongUsage
from cli.stack.stack import sign_in_here
from tests.conftest import SimulatorServer
from tests.media import a_png, a_wav
from tests.parts import SECRET, fresh_database, serving
from tests.runs import runs_with_worker
from tests.until import LIMIT_S


@pytest.fixture(scope="module")
async def chimera_folder(
    parts: Settings, simulator: SimulatorServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Path]:
    """Run a Chimera, and yield the folder with its sign-in."""
    folder = tmp_path_factory.mktemp("signed-in")
    async with fresh_database(parts.database_url or "") as url:
        settings = parts.model_copy(
            update={
                "database_url": url,
                "data_dir": folder,
                "jwt_secret": SecretStr(SECRET),
                "simulator_url": simulator.url,
                "task_queue": "cli-media",
                "graceful_shutdown_s": 1.0,
            }
        )
        # Keep the API's log out of what the commands print.
        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        app = create_app(settings)
        async with app.router.lifespan_context(app), serving(app) as address:
            await sign_in_here(settings.model_copy(update={"api_port": int(address.rpartition(":")[2])}))
            # Start the worker after the first user has been created, because its helpers create their own users.
            async with runs_with_worker(settings):
                yield folder
        structlog.reset_defaults()


@pytest.fixture(autouse=True)
def signed_in(chimera_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(chimera_folder))


async def test_a_vector_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert await ai_calls.embed("tea", dimensions=3) == 0
    printed = capsys.readouterr()
    assert len(json.loads(printed.out)) == 3
    assert "simulator/embedding, simulated: 3 dimensions, $0.000001" in printed.err


async def test_an_image_is_saved(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "cat.png"
    assert await ai_calls.image("a cat", out, size="64x64") == 0
    printed = capsys.readouterr()
    assert out.read_bytes().startswith(a_png()[:16])
    assert printed.out == f"{out}\n"
    assert "image/png" in printed.err
    with pytest.raises(WrongUsage, match="doesn't exist"):
        await ai_calls.image("a cat", tmp_path / "none" / "cat.png")


async def test_a_recording_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wav = tmp_path / "note.wav"
    wav.write_bytes(a_wav(2))
    assert await ai_calls.transcribe(wav) == 0
    assert "No model processed this recording (2 s, " in capsys.readouterr().out
    assert await ai_calls.transcribe(wav, as_json=True) == 0
    assert json.loads(capsys.readouterr().out)["simulated"] is True
    with pytest.raises(WrongUsage, match="can't be read"):
        await ai_calls.transcribe(tmp_path / "none.wav")
    wav.write_bytes(b"")
    with pytest.raises(WrongUsage, match=r"note\.wav' is empty"):
        await ai_calls.transcribe(wav)


async def test_a_long_call_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.http.client.WAIT_S", 0)
    assert await ai_calls.image("a cat [[sim: delay=1]]", tmp_path / "a.png") == 0
    assert re.search("Waiting for call [0-9a-f]{8}: it", capsys.readouterr().err)
    with pytest.raises(Refused, match="rejected the content"):
        await ai_calls.image("a cat [[sim: status=400; code=moderation_blocked]]", tmp_path / "b.png")
    assert not (tmp_path / "b.png").exists()


async def test_an_image_into_a_folder_costs_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def listed() -> str:
        await ai_calls.list_calls(limit=100, as_json=True)
        return capsys.readouterr().out

    before = await listed()
    with pytest.raises(WrongUsage, match="is a folder"):
        await ai_calls.image("a cat", tmp_path)
    assert await listed() == before


async def test_a_left_call_continues_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cli.http.client.WAIT_S", 0)
    generation, printed = asyncio.create_task(ai_calls.image("a cat [[sim: hang=1]]", tmp_path / "a.png")), ""
    async with asyncio.timeout(LIMIT_S):
        while "Waiting for call" not in printed:
            await asyncio.sleep(0.1)
            printed += capsys.readouterr().err
    generation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await generation
    found = re.search("The call continues. To show it, run:   chimera calls show (.*)", capsys.readouterr().err)
    assert found
    assert await ai_calls.show(found[1]) == 0
    with pytest.raises(WrongUsage, match="has no image"):
        await ai_calls.show(found[1], tmp_path / "a.png")
    assert await ai_calls.cancel(found[1]) == 0
    cancelled = capsys.readouterr().out
    assert re.search("is (being )?cancelled. No more requests will be sent to its provider", cancelled)
    async with asyncio.timeout(LIMIT_S):
        while await ai_calls.show(found[1]) != 2:
            await asyncio.sleep(0.1)


async def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    await ai_calls.image("a cat")
    (tmp_path / "image.png").write_bytes(b"mine")
    with pytest.raises(WrongUsage, match=r"image\.png' already exists\. .*--force"):
        await ai_calls.image("a cat", tmp_path / "image.png")
    await ai_calls.image("a cat")
    assert (tmp_path / "image.png").read_bytes() == b"mine"
    assert (tmp_path / "image-2.png").read_bytes().startswith(a_png()[:16])
    await ai_calls.image("a cat", tmp_path / "image.png", force=True)
    assert (tmp_path / "image.png").read_bytes().startswith(a_png()[:16])


async def test_the_result_of_a_call_can_be_shown_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    await ai_calls.image("a dog", tmp_path / "a.png")
    capsys.readouterr()
    await ai_calls.list_calls(limit=1, as_json=True)
    call_id = json.loads(capsys.readouterr().out)["items"][0]["id"]
    assert await ai_calls.show(call_id, tmp_path / "b.png") == 0
    assert capsys.readouterr().out == f"{tmp_path / 'b.png'}\n"
    assert (tmp_path / "b.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    await ai_calls.list_calls(limit=20)
    assert call_id[:8] in capsys.readouterr().out
    with pytest.raises(NotThere, match="chimera calls"):
        await ai_calls.show("ffffffff")
