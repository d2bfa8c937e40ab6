"""Providers are checked for the settings that they need, and for keys that work."""

import importlib.util

import pytest
from pydantic import SecretStr
from starlette.responses import JSONResponse

from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.providers import default_model, keys, providers
from tests.cli.checks.servers import model_server
from tests.parts import serving
from tests.ports import free_port


@pytest.mark.parametrize("key", ["ключ", "“quoted”", "two\nlines", " blank"])
async def test_an_unusable_key_is_reported(key: str) -> None:
    settings = Settings(
        local_base_url=f"http://127.0.0.1:{free_port()}/v1", local_api_key=SecretStr(key), openai_api_key=SecretStr(key)
    )
    found = [finding for finding in await providers(settings) if finding.level is Level.FAIL]
    assert ["OPENAI" in finding.message for finding in found] == [True, False]
    assert all("Copy the key into CHIMERA_" in finding.message for finding in found)


@pytest.mark.parametrize(
    ("status", "level", "words"),
    [(200, Level.OK, "valid; 1 models"), (401, Level.FAIL, "CHIMERA_OPENAI_API_KEY"), (503, Level.WARN, "unreachable")],
)
async def test_a_vendors_key_is_tried_on_request(status: int, level: Level, words: str) -> None:
    answer = JSONResponse({"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}, status)
    async with serving(model_server(answer)) as url:
        key = SecretStr("sk-very-secret-1234567890")
        settings = Settings(_env_file=None).model_copy(update={"openai_api_key": key, "openai_base_url": f"{url}/v1"})
        (found,) = await keys(settings)
    assert (found.what, found.level) == ("key for openai", level)
    assert words in found.message
    assert "1234567890" not in found.message


@pytest.mark.parametrize(
    ("model", "key", "level", "words"),
    [
        ("simulator/standard", None, Level.OK, ""),
        ("openai/gpt-4o", None, Level.WARN, "Set CHIMERA_OPENAI_API_KEY"),
        ("openai/gpt-4o", "sk-key", Level.OK, ""),
        ("openai/gpt-of-nobody", "sk-key", Level.WARN, "The price of 'openai/gpt-of-nobody' is unknown"),
        ("local/any", None, Level.WARN, "CHIMERA_LOCAL_BASE_URL"),
    ],
)
def test_an_unusable_default_model_is_reported(model: str, key: str | None, level: Level, words: str) -> None:
    secret = None if key is None else SecretStr(key)
    settings = Settings(_env_file=None).model_copy(
        update={"default_model": model, "openai_api_key": secret, "local_base_url": None}
    )
    (found,) = default_model(settings)
    assert (found.what, found.level) == (f"default model {model}", level)
    assert words in found.message


async def test_a_missing_local_model_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: object())
    found = await providers(Settings(local_model="/nope/x.gguf"))
    (model,) = [finding for finding in found if "CHIMERA_LOCAL_MODEL" in finding.what]
    assert (model.level, "The file '/nope/x.gguf' doesn't exist" in model.message) == (Level.WARN, True)
