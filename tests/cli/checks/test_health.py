"""The running API reports what is wrong with its parts."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from chimera.config import payload_keys
from chimera.config.settings import Settings
from cli.checks.findings import Level
from cli.checks.health import health as health_of
from cli.http import sign_in
from models.users import Tokens
from tests.parts import serving
from tests.ports import free_port

KEY, OTHER_KEY = (payload_keys.made().partition(":")[2] for _ in range(2))


async def test_health_asks_the_signed_in_installation(tmp_path: Path) -> None:
    async def health(request: Request) -> Response:
        if request.headers.get("Authorization") is None:
            return JSONResponse({"status": "ok"})
        return JSONResponse({"status": "ok", "parts": {"database": {"state": "up"}}})

    settings = Settings(data_dir=tmp_path, api_port=free_port())
    assert [finding.what for finding in await health_of(settings, None)] == ["Chimera"]
    async with serving(Starlette(routes=[Route("/health", health)])) as url:
        tokens = Tokens(access_token="good", refresh_token="unused", expires_in=3600)
        sign_in.write(tmp_path / "cli.json", sign_in.SignIn.of(url, "alice@example.com", tokens))
        assert [finding.what for finding in await health_of(settings, None)] == ["running: database"]
        (tmp_path / "cli.json").unlink()
        strange = settings.model_copy(update={"api_port": int(url.rpartition(":")[2])})
        (finding,) = await health_of(strange, None)
        assert "chimera login" in finding.message


@pytest.mark.parametrize(
    ("asked", "level", "words"),
    [
        (f"k2:{KEY},k1:{OTHER_KEY}", Level.OK, ""),
        (
            f"k3:{KEY},k2:{OTHER_KEY}",
            Level.WARN,
            "encrypts with k3 and also decrypts with k2. To apply them, restart",
        ),
        (None, Level.WARN, "doesn't encrypt. To apply them, restart"),
    ],
    # Keys are random, but test names must be the same in each process.
    ids=("those in use", "the next", "none"),
)
async def test_keys_in_use_are_compared_with_the_settings(
    tmp_path: Path, asked: str | None, level: Level, words: str
) -> None:
    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok", "parts": {"temporal": {"state": "up"}}, "payload_keys": ["k2", "k1"]})

    secret = None if asked is None else SecretStr(asked)
    settings = Settings(data_dir=tmp_path, temporal_address="127.0.0.1:7233", payload_keys=secret)
    async with serving(Starlette(routes=[Route("/health", health)])) as url:
        there = settings.model_copy(update={"api_port": int(url.rpartition(":")[2])})
        [_, found] = await health_of(there, None)
        elsewhere = there.model_copy(update={"temporal_address": None})
        [_, printed] = await health_of(elsewhere, None)
    assert found.level is level
    assert found.message.startswith("the API encrypts with k2 and also decrypts with k1")
    assert words in found.message
    assert printed.level is Level.OK, "the settings of another installation are not known here"
