"""The catalog of an installation: keys are validated over real HTTP, models are listed, and no secret is shown."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chimera.config.settings import Settings
from chimera.providers.catalog import Available
from models import errors
from models.providers import Verdict
from models.tasks import TaskSpec
from tests.chimera.simulated import Running, running_simulator
from tests.parts import serving
from tests.ports import free_port

KEY = "sk-proj-veryverysecret1234567890"


@pytest.fixture(scope="module")
async def simulator() -> AsyncIterator[Running]:
    async with running_simulator() as running:
        yield running


@asynccontextmanager
async def available(**changes: object) -> AsyncIterator[Available]:
    found = Available(Settings(_env_file=None).model_copy(update=changes))
    try:
        yield found
    finally:
        await found.close()


@asynccontextmanager
async def vendor(status: int, code: str = "") -> AsyncIterator[str]:
    """A server that answers every request alike, quoting the key that it received. Yields its address."""

    async def answer(request: Request) -> Response:
        error = {"message": f"about {request.headers['authorization']}", "type": code, "code": code}
        return Response(json.dumps({"error": error}), status, media_type="application/json")

    async with serving(Starlette(routes=[Route("/{path:path}", answer, methods=["GET", "POST"])])) as url:
        yield f"{url}/v1"


async def test_a_valid_keys_models_are_counted(simulator: Running) -> None:
    async with available(simulator_url=simulator.url) as found:
        validation = await found.validate("simulator")
    assert validation.verdict is Verdict.VALID
    assert (validation.models or 0) >= 2
    assert validation.cost_micro_usd == 0


async def test_with_a_model_one_short_call_is_made_and_priced(simulator: Running) -> None:
    async with available(simulator_url=simulator.url) as found:
        validation = await found.validate("simulator", "standard")
        assert validation.verdict is Verdict.VALID
        assert 0 < validation.cost_micro_usd < 1000
        assert (await found.validate("simulator", "simulator/standard")).cost_micro_usd == validation.cost_micro_usd
        with pytest.raises(errors.UnknownPrice):
            await found.validate("simulator", "no-such-model")


@pytest.mark.parametrize(
    ("status", "code", "verdict"),
    [
        (401, "invalid_api_key", Verdict.WRONG_KEY),
        (429, "insufficient_quota", Verdict.NO_QUOTA),
        (429, "rate_limit_exceeded", Verdict.RATE_LIMITED),
        (503, "server_error", Verdict.UNREACHABLE),
        (400, "odd", Verdict.FAILED),
    ],
)
async def test_key_problems_differ_and_hide_the_key(status: int, code: str, verdict: Verdict) -> None:
    async with vendor(status, code) as url, available(openai_api_key=SecretStr(KEY), openai_base_url=url) as found:
        validation = await found.validate("openai")
    assert validation.verdict is verdict
    assert KEY not in validation.model_dump_json()
    assert validation.models is None


async def test_an_unavailable_server_hides_no_other(simulator: Running) -> None:
    away = f"http://127.0.0.1:{free_port()}/v1"
    async with available(simulator_url=simulator.url, local_base_url=away) as found:
        assert (await found.validate("local")).verdict is Verdict.UNREACHABLE
        view = await found.models()
    assert set(view.unreachable) == {"local"}
    assert {model.provider for model in view.models} == {"simulator"}
    standard = next(model for model in view.models if model.model == "simulator/standard")
    assert standard.usable
    assert standard.simulated
    assert standard.price is not None


async def test_an_unconfigured_provider_names_the_missing_setting() -> None:
    async with available() as found:
        validation = await found.validate("openai")
        views = {view.name: view for view in await found.providers()}
        with pytest.raises(errors.NotFound):
            await found.validate("nobody")
    assert validation.verdict is Verdict.NOT_CONFIGURED
    assert "CHIMERA_OPENAI_API_KEY" in validation.message
    assert not views["openai"].configured
    assert "CHIMERA_OPENAI_API_KEY" in views["openai"].advice


async def test_a_model_without_price_is_listed_unusable() -> None:
    async def answer(request: Request) -> Response:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in ("gpt-4o", "secret-thing")]
        return Response(json.dumps({"object": "list", "data": listed}), media_type="application/json")

    async with (
        serving(Starlette(routes=[Route("/v1/models", answer)])) as url,
        available(openai_api_key=SecretStr(KEY), openai_base_url=f"{url}/v1") as found,
    ):
        models = {model.model: model for model in (await found.models()).models}
    assert models["openai/gpt-4o"].usable
    assert models["openai/gpt-4o"].context_tokens == 128_000
    assert not models["openai/secret-thing"].usable
    assert "CHIMERA_PRICES" in models["openai/secret-thing"].advice


async def test_every_usable_listed_model_is_callable() -> None:
    by = Random(7)
    kinds = "aZ9 -._:/@+~#?%&=()[]{}\\'\"éß模😀" + "\t\x00\x1b\u200b\u202e\u00a0\ud800"
    names = ["".join(by.choices(kinds[: by.choice((28, 33, len(kinds)))], k=by.randint(1, 12))) for _ in range(2000)]
    names += ["x" * 240, "x" * 241]

    async def answer(request: Request) -> Response:
        listed = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in names]
        return Response(json.dumps({"object": "list", "data": listed}), media_type="application/json")

    async with (
        serving(Starlette(routes=[Route("/v1/models", answer)])) as url,
        available(local_base_url=f"{url}/v1") as found,
    ):
        models = (await found.models()).models
    usable = [model.model for model in models if model.usable]
    assert len(models) == len(set(names))
    assert f"local/{'x' * 240}" in usable
    for ref in usable:
        assert TaskSpec(goal="x", model=ref).model == ref
        assert ref.removeprefix("local/") in names
    others = [model for model in models if not model.usable]
    assert len(others) > 100
    assert all("Tasks can't use this name" in model.advice for model in others)
