"""The metrics of the installation: for administrators, and for Prometheus."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import httpx2
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr
from sqlalchemy import delete, func, insert, text, update

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Outbox, Run
from chimera.ledger.analytics import system
from chimera.ledger.analytics.system import OPEN_RUNS
from chimera.reports import exposition
from chimera.reports.exposition import serve_metrics
from chimera.reports.processes import SelfReport
from tests.api.conftest import SignUp, administrator, client_of
from tests.api.routes.test_analytics import a_task_of
from tests.chimera.ledger.test_rollups import answered, left_in_doubt
from tests.ports import free_port
from tests.runs import new_user
from tests.until import LIMIT_S, until_true

TOKEN = "the token of these tests, which is long enough"
SYSTEM = "/api/v1/analytics/system/metrics"


@pytest.fixture
async def with_token(api_settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(api_settings.model_copy(update={"metrics_token": SecretStr(TOKEN)}))
    async with app.router.lifespan_context(app), client_of(app) as client:
        client.headers["Authorization"] = f"Bearer {TOKEN}"
        yield client


async def test_only_administrators_and_the_token_read_metrics(
    sign_up: SignUp, database: Database, anonymous: httpx2.AsyncClient, with_token: httpx2.AsyncClient
) -> None:
    user, admin = await sign_up(), await administrator(sign_up, database)
    assert (await anonymous.get("/metrics")).status_code == 401
    assert (await anonymous.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).status_code == 401
    assert (await user.get("/metrics")).status_code == 403
    assert (await admin.get("/metrics")).status_code == 200
    assert (await with_token.get("/metrics")).status_code == 200
    assert (await with_token.get("/metrics", headers={"Authorization": "Bearer nein"})).status_code == 401
    for headers in ({"Authorization": "Bearer nein"}, {"Authorization": ""}):
        assert "CHIMERA_METRICS_TOKEN" in (await with_token.get("/metrics", headers=headers)).json()["detail"]
    assert "CHIMERA_METRICS_TOKEN" in (await user.get("/metrics")).json()["detail"]
    assert (await with_token.get("/api/v1/auth/me")).status_code == 401
    assert (await user.get(SYSTEM)).status_code == 403


async def test_metrics_have_closed_labels(sign_up: SignUp, database: Database, with_token: httpx2.AsyncClient) -> None:
    user = await sign_up()
    await a_task_of(user, database, answered, left_in_doubt)
    answer = await with_token.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    families = {family.name: family for family in text_string_to_metric_families(answer.text)}
    attempts = {
        (sample.labels["provider"], sample.labels["status"]): sample.value
        for sample in families["chimera_attempts"].samples
    }
    assert attempts["simulator", "finished"] >= 1
    assert sum(sample.value for sample in families["chimera_in_doubt"].samples) >= 1
    assert {"chimera_tokens", "chimera_cost_micro_usd", "chimera_runs_open", "chimera_runs_created"} <= set(families)
    labels = {name for family in families.values() for sample in family.samples for name in sample.labels}
    assert labels <= {"provider", "status", "sort", "kind", "component", "process"}
    me = (await user.get("/api/v1/auth/me")).json()
    assert me["id"] not in answer.text
    assert me["email"] not in answer.text


async def test_processes_report_themselves(sign_up: SignUp, database: Database, app: FastAPI) -> None:
    admin = await administrator(sign_up, database)

    async def has_reported() -> bool:
        found = (await admin.get(SYSTEM)).json()
        return any(process["name"] == app.state.parts.report.name for process in found["processes"])

    await until_true(has_reported)
    found = (await admin.get(SYSTEM)).json()
    figures = next(each["figures"] for each in found["processes"] if each["name"] == app.state.parts.report.name)
    assert figures["memory_bytes"] > 1_000_000
    assert figures["pool_size"] > figures["pool_in_use"] >= 0
    assert (figures["sockets"], figures["slots"]) == (0, None)
    assert figures["loop_lag_ms"] >= 0
    assert figures["log_dropped"] == 0
    assert found["queues"]["outbox"] >= 0


async def test_a_worker_serves_its_own_metrics(database: Database) -> None:
    port = free_port()
    stop = serve_metrics("127.0.0.1", port, SecretStr(TOKEN), SelfReport(database, "worker"))
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LIMIT_S) as client:
            assert (await client.get("/metrics")).status_code == 401
            allowed = {"Authorization": f"Bearer {TOKEN}"}
            assert (await client.get("/other", headers=allowed)).status_code == 404
            answer = await client.get("/metrics", headers=allowed)
        assert answer.status_code == 200
        assert "chimera_process_cpu_share" in answer.text
    finally:
        await asyncio.to_thread(stop)


async def test_a_silent_client_delays_no_other(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exposition._Quiet, "timeout", 10 * LIMIT_S)
    port = free_port()
    stop = serve_metrics("127.0.0.1", port, SecretStr(TOKEN), SelfReport(database, "worker"))
    silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    async with asyncio.timeout(LIMIT_S):
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=LIMIT_S) as client:
            allowed = {"Authorization": f"Bearer {TOKEN}"}
            assert (await client.get("/metrics", headers=allowed)).status_code == 200
        await asyncio.to_thread(stop)
    for _, writer in silent:
        writer.close()


async def test_open_runs_are_counted_by_index(database: Database) -> None:
    async with database.begin() as session:
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(await session.scalars(text(f"EXPLAIN {OPEN_RUNS}")))
    assert "runs_open" in plan, plan
    assert "Seq Scan" not in plan, plan


async def test_failed_deliveries_keep_their_age(database: Database) -> None:
    owner, ages = await new_user(database), dict[str, float]()
    async with database.begin() as session:
        await session.execute(delete(Outbox))
        for status in ("paused", "running"):
            # The start of a paused task waits until the task is admitted, and what follows waits with it.
            run_id = await session.scalar(
                insert(Run).values(owner_id=owner, kind="task", status=status).returning(Run.id)
            )
            old = {"run_id": run_id, "created_at": func.now() - timedelta(minutes=5)}
            await session.execute(insert(Outbox).values(kind="start", **old))
            await session.execute(insert(Outbox).values(kind="cancel", **old))
            await session.execute(update(Outbox).values(next_attempt_at=func.now() + timedelta(seconds=30)))
            ages[status] = (await system.queues(session))[1].outbox_oldest_s or 0.0
        await session.rollback()
    assert ages == {"paused": 0.0, "running": 300.0}
