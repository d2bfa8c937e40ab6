"""Providers and their models over HTTP: who may validate a key, and what a caller learns."""

import httpx2
from sqlalchemy import select, update

from chimera.db.engine import Database
from chimera.db.tables import User
from tests.api.conftest import SignUp


async def test_providers_are_listed_with_missing_settings(alice: httpx2.AsyncClient) -> None:
    providers = {each["name"]: each for each in (await alice.get("/api/v1/ai/providers")).json()}
    assert providers["simulator"] == {
        "name": "simulator",
        "configured": True,
        "simulated": True,
        "operations": ["embeddings", "images", "transcriptions"],
        "advice": "",
    }
    assert "CHIMERA_LOCAL_BASE_URL" in providers["local"]["advice"]


async def test_only_an_administrator_tries_a_key(
    alice: httpx2.AsyncClient, sign_up: SignUp, database: Database
) -> None:
    refused = await alice.post("/api/v1/ai/providers/simulator/validate")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")

    admin = await sign_up()
    async with database.begin() as session:
        newest = await session.scalar(select(User.id).order_by(User.created_at.desc()).limit(1))
        await session.execute(update(User).where(User.id == newest).values(role="admin"))
    # In these tests, nothing listens at the simulator's address.
    answer = await admin.post("/api/v1/ai/providers/simulator/validate")
    assert (answer.status_code, answer.json()["verdict"]) == (200, "unreachable")
    assert (await admin.post("/api/v1/ai/providers/nobody/validate")).status_code == 404
    wrong = await admin.post("/api/v1/ai/providers/simulator/validate", json={"modell": "x"})
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "modell")


async def test_an_unavailable_provider_is_named_beside_the_models(alice: httpx2.AsyncClient) -> None:
    view = (await alice.get("/api/v1/agents/models/available")).json()
    assert view["models"] == []
    assert {each["model"]: each["operation"] for each in view["media"]} == {
        "simulator/embedding": "embeddings",
        "simulator/image": "images",
        "simulator/transcription": "transcriptions",
    }
    assert list(view["unreachable"]) == ["simulator"]


async def test_tokens_are_counted_or_estimated(alice: httpx2.AsyncClient) -> None:
    counted = await alice.post("/api/v1/ai/tokens/count", json={"model": "openai/gpt-5.6", "text": "hello world"})
    assert counted.json() == {"model": "openai/gpt-5.6", "tokens": 2, "estimated": False}
    estimated = await alice.post("/api/v1/ai/tokens/count", json={"model": "local/qwen3", "text": "hello world"})
    assert estimated.json()["estimated"]
    unknown = await alice.post("/api/v1/ai/tokens/count", json={"model": "nobody/x", "text": "hello"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_provider")
