"""The model server, called over HTTP."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from tests.ports import free_port
from tests.until import LIMIT_S
from tests.wires.chat_completions.answers import replying
from tests.wires.model_server import Model, ModelServer, ServedAnswer, refusal
from tests.wires.server import listening


@pytest.fixture
async def server() -> AsyncIterator[tuple[ModelServer, httpx2.AsyncClient]]:
    made = ModelServer()
    async with (
        listening(made.respond, free_port()) as url,
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=LIMIT_S) as client,
    ):
        yield made, client


async def ask(client: httpx2.AsyncClient, model: str) -> httpx2.Response:
    return await client.post("/v1/chat/completions", json={"model": model})


async def test_the_last_answer_is_given_again(server: tuple[ModelServer, httpx2.AsyncClient]) -> None:
    made, client = server
    made.models["m"] = model = Model((refusal(429, {}, retry_after="3"), replying("b", media_type=None)))
    reported = [await ask(client, "m") for _ in range(3)]
    assert [(answer.status_code, answer.headers.get("retry-after")) for answer in reported] == [
        (429, "3"),
        (200, None),
        (200, None),
    ]
    assert "content-type" not in reported[1].headers
    assert len(model.arrivals) == 3
    assert (await ask(client, "other")).status_code == 404


async def test_a_cut_answer_has_no_end(server: tuple[ModelServer, httpx2.AsyncClient]) -> None:
    made, client = server
    made.models["m"] = Model((ServedAnswer("half", cut=True),))
    with pytest.raises(httpx2.RemoteProtocolError):
        await ask(client, "m")


async def test_every_wire_finds_its_model(server: tuple[ModelServer, httpx2.AsyncClient]) -> None:
    made, client = server
    made.models["a/b"] = model = Model((replying("b"),))
    await client.post("/v1/messages", json={"model": "a/b"})
    await client.post("/v1beta/models/a/b:streamGenerateContent", json={})
    assert len(model.arrivals) == 2
    assert (await client.get("/v1/models")).json()["data"][0]["id"] == "a/b"
