"""Servers that are loading a model, and servers that can't load it: which calls wait, and what that costs."""

from typing import Any

import pytest

from chimera.providers.refusals.bodies import read_error_body
from chimera.providers.refusals.model_loading import cannot_load, is_loading
from chimera.providers.refusals.refusal import Refusal
from models import errors
from models.errors import ProviderError
from tests.chimera.providers.asking import asked, provider_at, raised
from tests.wires.base import Wire
from tests.wires.scripted import Scripted
from tests.wires.server import Script, plain
from tests.wires.sse import event
from tests.wires.vendors import WIRES

LOCAL = next(wire for wire in WIRES if wire.name == "local")
LLAMA_CPP = {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}}
LOADING: list[tuple[int | None, Any]] = [
    (503, LLAMA_CPP),
    (None, LLAMA_CPP),
    (500, {"error": {"message": "unexpected server status: llm server loading model", "type": "api_error"}}),
    (503, {"error": "Model meta-llama/Llama-2-70b-chat is currently loading", "estimated_time": 20.0}),
    (503, "Model is still loading, please try again later"),
    (503, {"message": "The model is being downloaded."}),
    (503, {"error": {"message": "Server is starting up", "code": 503}}),
    (503, {"detail": "Service Unavailable: the engine is initializing"}),
    (424, {"error": {"message": "Model qwen3 is not ready", "code": "no_ready"}}),
    (429, {"message": "Too early", "__type": "ModelNotReadyException"}),
    (503, {"error": {"message": "Try again soon", "code": "DEPLOYMENT_SCALING_UP"}}),
    (409, {"message": "The model is loading"}),
]
OTHERS: list[tuple[int | None, Any]] = [
    (503, {"error": {"message": "server busy, please try again.  maximum pending requests exceeded"}}),
    (500, {"error": {"message": "timed out waiting for llama runner to start - progress 0.40 - "}}),
    (500, {"error": {"message": "model requires more system memory (9.1 GiB) than is available (3.2 GiB)"}}),
    (500, {"error": {"message": "llama runner process has terminated: exit status 2"}}),
    (503, {"error": {"message": "Failed to load model 'qwen3': out of memory"}}),
    (500, {"error": {"message": "error loading model: unknown architecture"}}),
    (503, {"error": "Loading model failed"}),
    (400, {"error": "No models loaded. Please load a model in the developer page."}),
    (400, {"error": {"message": "Bad field 'the model is loading'"}}),
    (404, {"error": {"message": "model 'qwen3' not found, try pulling it first"}}),
    (503, {"error": {"message": "Service unavailable"}}),
    (500, {"error": {"message": "The model is not loaded"}}),
    (500, {"error": {"message": "Error downloading the image"}}),
]


@pytest.mark.parametrize(("status", "body"), LOADING)
def test_a_model_that_is_loading_is_recognised(status: int | None, body: Any) -> None:
    assert is_loading(read_error_body(body), status)


@pytest.mark.parametrize(("status", "body"), OTHERS)
def test_other_problems_are_not_loading(status: int | None, body: Any) -> None:
    assert not is_loading(read_error_body(body), status)


@pytest.mark.parametrize("words", ["Failed to load model 'x'", "Could not load the model", "Loading x failed"])
def test_a_model_that_cannot_load_is_not_an_absence(words: str) -> None:
    assert cannot_load(words)
    assert not Refusal("local", "m", 503, words).trouble().away
    assert Refusal("local", "m", 503, "upstream connect error or disconnect").trouble().away


async def test_loading_costs_nothing_and_names_itself(wire: Wire, server: Scripted) -> None:
    for status, body in LOADING:
        if status is not None:
            async with provider_at(wire, server.url) as made:
                found = await raised(made, asked(wire), server, plain(status, body))
            assert type(found) is errors.ModelLoading
            assert (found.retryable, found.away, found.may_be_billed, found.usage) == (True, False, False, None)
            assert f"{wire.name} is starting or loading" in found.message


async def test_loading_within_a_stream_costs_nothing(server: Scripted) -> None:
    found = await _raised(server, Script([event(LLAMA_CPP)]))
    assert type(found) is errors.ModelLoading
    assert not found.may_be_billed


async def test_loading_amid_an_answer_was_paid_for(server: Scripted) -> None:
    half = {"choices": [{"index": 0, "delta": {"content": "It is "}}]}
    found = await _raised(server, Script([event(half), event(LLAMA_CPP)]))
    assert type(found) is errors.InternalFailure
    assert found.may_be_billed


async def test_a_servers_own_time_to_wait_is_kept(server: Scripted) -> None:
    found = await _raised(server, plain(503, LLAMA_CPP, retry_after="7"))
    assert found.retry_after_s == 7


async def _raised(server: Scripted, script: Script) -> ProviderError:
    async with provider_at(LOCAL, server.url) as made:
        return await raised(made, asked(LOCAL), server, script)
