from typing import Any
from uuid import uuid4

import httpx2
import pytest
from sqlalchemy import func, insert, select

from chimera.db.engine import Database
from chimera.db.tables import Call, Run, Subtask, Task
from chimera.ledger.estimates import MOST_SUBTASKS, NEWEST
from models.runs import RunStatus
from tests.api.conftest import SignUp

ESTIMATE = "/api/v1/tasks/estimate"
MODEL = "simulator/standard"
PLAN = [
    {"key": "facts", "instruction": "Collect facts.", "agent": "researcher"},
    {"key": "text", "instruction": "Write.", "agent": "writer", "depends_on": ["facts"]},
]


async def test_without_similar_tasks_an_estimate_uses_prices(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    plan = [{"key": "facts", "instruction": "Collect facts.", "agent": "critic"}]
    few = await _estimate(carol, goal="Go.", plan=plan)
    assert (few["based_on"], few["samples"], few["duration_ms"], few["simulated"]) == ("prices", 0, None, True)
    # A single subtask of an agent without tools is one call, whose answer is the task's.
    assert few["model_calls"] == {"p50": 1, "p90": 1}
    many = await _estimate(carol, goal="Go.", plan=PLAN)
    for name in ("model_calls", "tokens", "cost_micro_usd"):
        assert 0 < few[name]["p50"] < many[name]["p50"] < many[name]["p90"], name
    async with database.begin() as session:
        assert await session.scalar(select(func.count()).select_from(Run).where(Run.owner_id == await _id(carol))) == 0


async def test_an_estimate_counts_what_the_request_says(sign_up: SignUp) -> None:
    carol = await sign_up()
    plain = await _estimate(carol, goal="Go.")
    longer = await _estimate(carol, goal="Go. " * 5000)
    cut = await _estimate(carol, goal="Go.", limits={"max_output_tokens": 16, "max_turns": 1})
    assert longer["tokens"]["p50"] > plain["tokens"]["p50"] + 5000
    assert cut["model_calls"]["p90"] < plain["model_calls"]["p90"]
    assert cut["cost_micro_usd"]["p50"] < plain["cost_micro_usd"]["p50"]


async def test_five_similar_tasks_are_the_base(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    owner = await _id(carol)
    for cost in (100, 200, 300, 400):
        await _completed(database, owner, ("writer", "researcher"), spent_micro_usd=cost)
    assert (await _estimate(carol, goal="Go.", plan=PLAN))["based_on"] == "prices"
    await _completed(database, owner, ("researcher", "writer"), spent_micro_usd=9000)
    found = await _estimate(carol, goal="Go.", plan=PLAN)
    assert (found["based_on"], found["samples"]) == ("similar_tasks", 5)
    assert found["cost_micro_usd"] == {"p50": 300, "p90": 9000}
    assert found["model_calls"] == {"p50": 4, "p90": 4}
    assert found["tokens"] == {"p50": 30, "p90": 30}
    # Ten seconds, of which a person took three.
    assert found["duration_ms"] == {"p50": 7000, "p90": 7000}


async def test_only_similar_tasks_of_the_caller_count(sign_up: SignUp, database: Database) -> None:
    carol, dave = await sign_up(), await sign_up()
    owner = await _id(carol)
    agents = ("researcher", "writer")
    for _ in range(5):
        await _completed(database, await _id(dave), agents)
        await _completed(database, owner, agents, model="simulator/fast")
        await _completed(database, owner, ("researcher", "critic"))
        await _completed(database, owner, agents, status=RunStatus.FAILED)
        await _completed(database, owner, agents, planned=True)
    given = await _estimate(carol, goal="Go.", plan=PLAN)
    assert (given["based_on"], given["samples"]) == ("prices", 0)
    planned = await _estimate(carol, goal="Go.")
    assert (planned["based_on"], planned["samples"]) == ("similar_tasks", 5)


async def test_an_estimate_says_whether_the_budget_covers_it(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    for cost in (100, 200, 300, 400, 500):
        await _completed(database, await _id(carol), (), planned=True, spent_micro_usd=cost)
    for budget, fits in (
        (None, None),
        ({"max_cost_micro_usd": 499}, False),
        ({"max_cost_micro_usd": 500}, True),
        ({"max_cost_micro_usd": 500, "max_model_calls": 3}, False),
        ({"max_tokens": 29}, False),
        ({"max_tokens": 30}, True),
    ):
        assert (await _estimate(carol, goal="Go.", budget=budget))["within_budget"] is fits, budget


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"goal": ""}, "goal"),
        ({"goal": "Go.", "model": "openai/gpt-5-mini"}, "model"),
        ({"goal": "Go.", "plan": [{"key": "a", "instruction": "Go.", "agent": "nobody"}]}, "plan.0.agent"),
        ({"goal": "Go.", "images": [str(uuid4())]}, "images.0"),
    ],
)
async def test_an_estimate_is_checked_like_a_task(alice: httpx2.AsyncClient, body: dict[str, Any], field: str) -> None:
    estimated = (await alice.post(ESTIMATE, json=body)).json()
    created = (await alice.post("/api/v1/tasks", json=body)).json()
    assert (estimated["status"], estimated["code"]) == (created["status"], created["code"])
    assert [each["field"] for each in estimated["errors"]] == [each["field"] for each in created["errors"]] == [field]


async def test_an_estimate_knows_an_agent_by_id_and_name(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    spec = {"name": "poet", "prompt": "Rhyme. " * 1000, "max_output_tokens": 16}
    agent = (await carol.post("/api/v1/agents", json=spec)).json()
    plan = [{"key": "a", "instruction": "Go.", "agent": agent["id"]}]
    named = await _estimate(carol, goal="Go.", plan=[{**plan[0], "agent": "poet"}])
    assert await _estimate(carol, goal="Go.", plan=plan) == named
    assert named["tokens"]["p50"] > 2000
    for _ in range(5):
        await _completed(database, await _id(carol), ("poet",))
    assert (await _estimate(carol, goal="Go.", plan=plan))["samples"] == 5


async def test_an_estimate_reads_a_bounded_number_of_rows(sign_up: SignUp, database: Database) -> None:
    carol = await sign_up()
    owner = await _id(carol)
    for _ in range(6):
        await _completed(database, owner, ("critic",) * 200)
    plan = [{"key": f"a{n}", "instruction": "Go.", "agent": "critic"} for n in range(200)]
    assert (await _estimate(carol, goal="Go.", plan=plan))["samples"] == 5
    assert NEWEST * 3 + MOST_SUBTASKS <= 2000
    async with database.begin() as session:
        plan_of = "EXPLAIN SELECT id FROM runs WHERE owner_id = %(owner)s AND kind = 'task' AND status = 'completed'"
        connection = await session.connection()
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        await connection.exec_driver_sql("SET LOCAL enable_sort = off")
        rows = await connection.exec_driver_sql(f"{plan_of} ORDER BY created_at DESC LIMIT 300", {"owner": owner})
        text = "\n".join(row[0] for row in rows)
    assert "using runs_owner_status" in text, text
    assert "Sort" not in text


async def _estimate(client: httpx2.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post(ESTIMATE, json=body)
    assert answer.status_code == 200, answer.text
    estimate: dict[str, Any] = answer.json()
    return estimate


async def _id(client: httpx2.AsyncClient) -> str:
    return str((await client.get("/api/v1/auth/me")).json()["id"])


async def _completed(
    database: Database,
    owner_id: str,
    agents: tuple[str, ...],
    *,
    model: str = MODEL,
    planned: bool = False,
    status: RunStatus = RunStatus.COMPLETED,
    spent_micro_usd: int = 100,
) -> None:
    """Write the rows of a task that has ended: 10 seconds, 4 calls and 30 tokens."""
    run_id = str(uuid4())
    start, end = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, 10), func.now()
    async with database.begin() as session:
        await session.execute(
            insert(Run).values(
                id=run_id,
                owner_id=owner_id,
                kind="task",
                status=status,
                simulated=True,
                spent_micro_usd=spent_micro_usd,
                input_tokens=20,
                output_tokens=10,
                model_calls=4,
                subtasks_total=len(agents),
                started_at=start,
                ended_at=end,
                waited_ms=3000,
            )
        )
        await session.execute(insert(Task).values(run_id=run_id, title="", goal="Go.", model=model, policy={}))
        for place, agent in enumerate(agents):
            session.add(
                Subtask(
                    run_id=run_id,
                    path=f"s{place}",
                    parent="",
                    position=place,
                    key=f"s{place}",
                    title="",
                    instruction="Go.",
                    agent=agent,
                    depends_on=[],
                    decompose=False,
                )
            )
        if planned:
            session.add(Call(run_id=run_id, path="", purpose="plan", step=1, attempt=1, status="finished"))
