"""The user's own model server is asked for its models."""

import pytest
from starlette.responses import JSONResponse, PlainTextResponse, Response

from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.checks.model_server import local_provider
from tests.cli.checks.servers import model_server
from tests.parts import serving
from tests.ports import free_port


async def local_provider_at(base_url: str | None) -> Finding:
    return await local_provider(Settings(local_base_url=base_url))


async def test_an_unresponsive_model_server_is_reported_with_a_remedy() -> None:
    found = await local_provider_at(f"http://127.0.0.1:{free_port()}/v1")
    assert found.level is Level.WARN
    assert "Start the model server, or correct its address in CHIMERA_LOCAL_BASE_URL." in found.message


async def test_a_working_model_server_is_listed_with_models() -> None:
    async with serving(model_server(JSONResponse({"data": [{"id": "qwen3"}]}))) as url:
        found = await local_provider_at(f"{url}/v1")
    assert (found.level, "models: qwen3" in found.message) == (Level.OK, True)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (PlainTextResponse("hello"), "should end in /v1"),
        (JSONResponse({"error": "no"}, 404), "returned status 404"),
        (JSONResponse({"error": "no"}, 401), "CHIMERA_LOCAL_API_KEY"),
    ],
)
async def test_a_server_with_another_protocol_is_reported(answer: Response, words: str) -> None:
    async with serving(model_server(answer)) as url:
        found = await local_provider_at(f"{url}/v1")
    assert (found.level, words in found.message) == (Level.WARN, True)


async def test_no_own_model_server_is_fine() -> None:
    assert (await local_provider_at(None)).level is Level.OK
