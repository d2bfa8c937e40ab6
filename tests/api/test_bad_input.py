import json
import re
from collections.abc import Collection
from typing import Any, get_args

import httpx2
import pytest
from pydantic import SecretStr, ValidationError
from sqlalchemy import func, select

from api.app import create_app
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.db.tables import Task
from models import wording
from models.base import Body
from models.wording import PATTERNS, sentence_of
from tests.api.conftest import SECRET, new_task

STEP = {"key": "a", "instruction": "Do a."}
OTHER = {"key": "b", "instruction": "Do b."}

KEYED = Settings(jwt_secret=SecretStr(SECRET))


def every_body(root: type[Body] = Body) -> list[type[Body]]:
    """Return the body types that clients send, without those that the tests define."""
    ours = [each for each in root.__subclasses__() if each.__module__.startswith("models.")]
    return [*ours, *(below for each in ours for below in every_body(each))]


BAD_TASKS: list[tuple[str, dict[str, Any], str, str]] = [
    (
        "cyclic",
        {"plan": [STEP | {"depends_on": ["b"]}, OTHER | {"depends_on": ["a"]}]},
        "plan.0.depends_on",
        "The plan is cyclic. Remove one of these dependencies from depends_on: 'a' waits for 'b', which waits for 'a'.",
    ),
    ("waits for itself", {"plan": [OTHER, STEP | {"depends_on": ["a"]}]}, "plan.1.depends_on", "'a' waits for 'a'."),
    ("same key twice", {"plan": [STEP, OTHER, STEP]}, "plan.2.key", "Key 'a' is used more than once"),
    ("unknown dependency", {"plan": [OTHER, STEP | {"depends_on": ["z"]}]}, "plan.1.depends_on", "'z'"),
    ("unknown agent", {"plan": [STEP | {"agent": "wizard"}]}, "plan.0.agent", "'wizard'"),
    ("bad key", {"plan": [{"key": "../x", "instruction": "x"}]}, "plan.0.key", "lowercase letters"),
    ("empty plan", {"plan": []}, "plan", "at least one item, or omit"),
    ("201 subtasks", {"plan": [{"key": f"k{n}", "instruction": "x"} for n in range(201)]}, "plan", "at most 200"),
    ("schema of a task", {"output_schema": {"type": "objekt"}}, "output_schema", "The schema is invalid"),
    ("no schema", {"output_schema": "object"}, "output_schema", "Send an object"),
    ("large schema", {"output_schema": {"title": "x" * 40_000}}, "output_schema", "at most 32 KiB"),
    (
        "remote schema",
        {"output_schema": {"$ref": "file:///etc/passwd"}},
        "output_schema",
        "Only its own parts can be used",
    ),
    (
        "schema of a subtask",
        {"plan": [STEP, OTHER | {"output_schema": {"type": 1}}]},
        "plan.1.output_schema",
        "invalid",
    ),
    ("unknown provider", {"model": "acme/one"}, "model", "'acme'"),
    ("missing key", {"model": "openai/gpt-5.6"}, "model", "CHIMERA_OPENAI_API_KEY"),
    ("missing address", {"model": "local/llama"}, "model", "CHIMERA_LOCAL_BASE_URL"),
    ("no provider in model", {"model": "gpt"}, "model", "such as openai/gpt-5-mini"),
    ("wrong type", {"goal": 7}, "goal", "Send text"),
    ("no goal", {"goal": None}, "goal", "Send text"),
    ("blank goal", {"goal": "   "}, "goal", "Enter at least one character"),
    ("unknown field", {"owner_id": "me"}, "owner_id", "Unknown field"),
    ("status set by the caller", {"status": "completed"}, "status", "Unknown field"),
    ("mistyped field", {"prioriti": 1}, "prioriti", "Unknown field. Did you mean 'priority'?"),
    ("field of nothing", {"xyz": 1}, "xyz", "Unknown field. Use one of budget, fallbacks, goal, images,"),
    ("field in a subtask", {"plan": [STEP | {"zzz": 0}]}, "plan.0.zzz", "Use one of agent, decompose, depends_on,"),
    ("mistyped in a subtask", {"plan": [STEP | {"depends": []}]}, "plan.0.depends", "Did you mean 'depends_on'?"),
    ("mistyped in a budget", {"budget": {"max_token": 5}}, "budget.max_token", "Did you mean 'max_tokens'?"),
    ("endless field", {"x" * 100_000: 1}, "x" * 60, "Unknown field"),
    ("priority 0", {"priority": 0}, "priority", "1 or more"),
    ("plan in words", {"plan": "do it"}, "plan", "Send a list"),
    ("a budget that is a number", {"budget": 3}, "budget", "in curly brackets: {…}"),
    ("metadata that are a list", {"metadata": []}, "metadata", "in curly brackets: {…}"),
    ("a number that is text", {"priority": "3"}, "priority", "without quotes"),
    ("a number that is a truth", {"priority": True}, "priority", "whole number"),
    ("a truth that is text", {"start": "no"}, "start", "true or false"),
    ("a truth that is a number", {"start": 0}, "start", "true or false"),
    ("a short answer", {"limits": {"max_output_tokens": 15}}, "limits.max_output_tokens", "16 or more"),
    (
        "a longer answer than the model's",
        {"model": "simulator/fast", "limits": {"max_output_tokens": 16_385}},
        "limits.max_output_tokens",
        "According to Chimera's model data, 'simulator/fast' generates at most 16384 tokens per answer. Request fewer",
    ),
    ("half a call", {"limits": {"max_turns": 2.5}}, "limits.max_turns", "whole number"),
    ("an image that is a number", {"images": [7]}, "images.0", "Send the ID in quotes"),
    (
        "a long name in metadata",
        {"metadata": {"k" * 61: 1}},
        f"metadata.{'k' * 60}",
        "This entry's name is invalid: Use at most 60",
    ),
    ("empty budget", {"budget": {}}, "budget", "at least one of"),
    (
        "negative budget",
        {"budget": {"max_tokens": -1}},
        "budget.max_tokens",
        "The limit must be greater than 0. For no limit, omit the field",
    ),
    ("large metadata", {"metadata": {"k": "x" * 17_000}}, "metadata", "16384 bytes"),
    ("unknown policy", {"on_failure": "shrug"}, "on_failure", "'fail', 'skip' or 'retry'"),
    ("mistyped policy", {"on_failure": "Retri"}, "on_failure", "Did you mean 'retry'? Use one of 'fail', "),
]


@pytest.mark.parametrize(
    ("fields", "field", "expected"), [case[1:] for case in BAD_TASKS], ids=[case[0] for case in BAD_TASKS]
)
async def test_a_bad_task_is_refused_by_field(
    alice: httpx2.AsyncClient, database: Database, fields: dict[str, Any], field: str, expected: str
) -> None:
    before = await _tasks_in(database)
    answer = await alice.post("/api/v1/tasks", json={"goal": "Find out.", **fields})
    problem = answer.json()
    assert answer.status_code == problem["status"] == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any(error["field"] == field and expected in error["message"] for error in problem["errors"]), problem
    assert problem["instance"] == answer.headers["X-Request-ID"]
    assert await _tasks_in(database) == before


async def test_a_number_that_overflows_is_named(alice: httpx2.AsyncClient) -> None:
    body = b'{"goal": "a", "metadata": {"k": [{"n": -1e400}]}}'
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["errors"][0]["field"]) == (422, "metadata")
    assert "too large. Send it as text" in problem["errors"][0]["message"]


async def test_a_plan_with_one_bad_subtask_has_one_fault(alice: httpx2.AsyncClient) -> None:
    body = {"goal": "Find out.", "plan": [{"key": "A B", "instruction": "x"}]}
    assert [error["field"] for error in (await alice.post("/api/v1/tasks", json=body)).json()["errors"]] == [
        "plan.0.key"
    ]


async def test_a_plan_may_name_a_coordinator_and_no_planner(alice: httpx2.AsyncClient) -> None:
    body = {"goal": "Find out.", "start": False, "plan": [OTHER, STEP | {"agent": "coordinator"}]}
    assert (await alice.post("/api/v1/tasks", json=body)).status_code in (201, 202)
    body["plan"] = [OTHER, STEP | {"agent": "planner"}]
    problem = (await alice.post("/api/v1/tasks", json=body)).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "plan.1.agent")
    message = problem["errors"][0]["message"]
    assert "'planner'. Use one of" in message
    assert message.endswith("set decompose to true instead.")


async def test_a_bad_plan_names_each_place_and_counts_them(alice: httpx2.AsyncClient) -> None:
    body = {"goal": "Find out.", "plan": [STEP | {"depends_on": ["y", "z"]}, OTHER, STEP]}
    problem = (await alice.post("/api/v1/tasks", json=body)).json()
    places = [error["field"] for error in problem["errors"]]
    assert (problem["code"], places) == ("plan_invalid", ["plan.0.depends_on", "plan.0.depends_on", "plan.2.key"])
    assert problem["detail"] == problem["errors"][0]["message"] + " (2 more in 'errors')"


async def test_many_plan_problems_are_counted_and_some_named(alice: httpx2.AsyncClient) -> None:
    plan = [{"key": f"k{n}", "instruction": "x", "depends_on": ["z"]} for n in range(60)]
    problem = (await alice.post("/api/v1/tasks", json={"goal": "Find out.", "plan": plan})).json()
    assert len(problem["errors"]) == 20
    assert problem["detail"].endswith("(59 more; 'errors' lists the first 20)")


async def test_problems_name_a_plans_place_in_the_schedule(alice: httpx2.AsyncClient) -> None:
    body = {"name": "x", "interval_s": 60, "task": {"goal": "Find out.", "plan": [STEP, STEP]}}
    problem = (await alice.post("/api/v1/schedules", json=body)).json()
    assert (problem["status"], problem["errors"][0]["field"]) == (422, "task.plan.1.key")


async def test_many_problems_are_counted_and_some_named(
    alice: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Similar field names are looked up only for the problems that are listed, because the lookup is slow."""
    looked_for: list[str] = []

    def noting(name: str, known: Collection[str], n: int) -> list[str]:
        looked_for.append(name)
        return []

    monkeypatch.setattr(wording, "get_close_matches", noting)
    answer = await alice.post("/api/v1/tasks", json={"goal": "x"} | {f"field{n}": n for n in range(190)})
    assert len(answer.json()["errors"]) == 20
    assert "(189 more; 'errors' lists the first 20)" in answer.json()["detail"]
    assert len(looked_for) <= 20


def test_every_validation_pattern_has_a_description() -> None:
    patterns = set(re.findall(r'"pattern": ?("(?:[^"\\\\]|\\\\.)*")', json.dumps(create_app(KEYED).openapi())))
    settings = json.dumps(Settings.model_json_schema())
    patterns |= set(re.findall(r'"pattern": ?("(?:[^"\\\\]|\\\\.)*")', settings))
    assert len(patterns) >= 6
    assert {json.loads(pattern) for pattern in patterns} <= PATTERNS.keys()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (body, name)
        for body in every_body()
        for name, field in body.model_fields.items()
        if {bool, int, float} & {field.annotation, *get_args(field.annotation)}
    ],
)
def test_text_is_no_number_or_boolean(body: type[Body], field: str) -> None:
    with pytest.raises(ValidationError) as raised:
        body.model_validate({field: "1"})
    assert [error["loc"] for error in raised.value.errors() if error["type"].endswith("_type")] == [(field,)]


@pytest.mark.parametrize("value", [None, True, -1, 1.5, 10**400, float("inf"), "", "x", "x" * 200_000, [], [[]], {}])
@pytest.mark.parametrize("body", every_body(), ids=lambda body: body.__name__)
def test_responses_never_contain_validator_text(body: type[Body], value: object) -> None:
    with pytest.raises(ValidationError) as raised:
        body.model_validate({"no such field": 1, **dict.fromkeys(body.model_fields, value)})
    entries = raised.value.errors()
    assert {sentence_of(entry) for entry in entries}.isdisjoint(entry["msg"] for entry in entries)


@pytest.mark.parametrize(
    ("path", "field", "expected"),
    [
        ("tasks?stauts=failed", "stauts", "Unknown parameter. Did you mean 'status'?"),
        (
            "tasks?x=failed",
            "x",
            "Unknown parameter. Use one of agent, cursor, limit, q, schedule_id, shared, sort, status, waits_for.",
        ),
        ("agents?x=1", "x", "Unknown parameter. Use one of cursor, limit, shared."),
        ("auth/me?x=1", "x", "Unknown parameter. Remove it."),
        ("tasks?status=foo", "status", "Use one of 'draft', 'queued',"),
        ("tasks?status=draft&status=canceled", "status", "Did you mean 'cancelled'? Use one of"),
        ("tasks?limit=many", "limit", "Use a whole number"),
    ],
)
async def test_an_unknown_parameter_is_named_with_a_remedy(
    alice: httpx2.AsyncClient, path: str, field: str, expected: str
) -> None:
    problem = (await alice.get(f"/api/v1/{path}")).json()
    assert (problem["status"], [error["field"] for error in problem["errors"]]) == (422, [field])
    assert expected in problem["errors"][0]["message"]


async def test_a_parameter_wrong_twice_is_named_once(alice: httpx2.AsyncClient) -> None:
    problem = (await alice.get("/api/v1/tasks?status=xx&status=yy")).json()
    assert [error["field"] for error in problem["errors"]] == ["status"]
    assert "more in" not in problem["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"goal": "\xff"}',
        rb'{"goal": "a\u0000b"}',
        rb'{"goal": "a", "metadata": {"k": ["\u0000"]}}',
        rb'{"goal": "\ud800"}',
        b'{"goal": "a", "metadata": {"k": NaN}}',
        b'{"goal": "a", "metadata": {"k": ' + b"[" * 300 + b"]" * 300 + b"}}",
        b'{"goal": "a", "metadata": ' + b"[" * 10_000,
    ],
    ids=["cut off", "not UTF-8", "NUL", "NUL inside", "lone surrogate", "NaN", "300 deep", "10,000 deep"],
)
async def test_unstorable_json_gets_a_400(alice: httpx2.AsyncClient, database: Database, body: bytes) -> None:
    before = await _tasks_in(database)
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert await _tasks_in(database) == before


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"goal": "x",}', "trailing comma at line 1 column 14"),
        (b'{\n  "goal": NaN}', "expected value at line 2 column 11"),
        (b"{'goal': 1}", "key must be a string at line 1 column 2"),
        (rb'{"goal": "a\u0000b"}', "a string contains a NUL character"),
    ],
)
async def test_invalid_json_is_reported_with_its_place(alice: httpx2.AsyncClient, body: bytes, reason: str) -> None:
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["title"]) == (400, "The request body is not valid JSON")
    assert f"Invalid JSON: {reason}. Send JSON in UTF-8" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b'{"goal": "a", "goal": "b"}', "goal"),
        (b'{"goal": "a", "plan": [{"key": "a", "instruction": "x", "key": "b"}]}', "plan.0.key"),
        (b'{"goal": "a", "metadata": {"k": 1, "k": 1}}', "metadata.k"),
    ],
)
async def test_a_name_twice_in_one_object_is_refused(
    alice: httpx2.AsyncClient, database: Database, body: bytes, field: str
) -> None:
    before = await _tasks_in(database)
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    name = field.rpartition(".")[2]
    message = f"The field '{name}' appears twice in the same JSON object. Send each field only once."
    assert (answer.status_code, answer.json()["errors"]) == (422, [{"field": field, "message": message}])
    assert await _tasks_in(database) == before


async def test_a_mark_before_a_body_is_left_out(alice: httpx2.AsyncClient) -> None:
    body = b'\xef\xbb\xbf{"goal": "Find out.", "start": false}'
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["goal"]) == (202, "Find out.")


async def test_a_goal_may_speak_of_escapes(alice: httpx2.AsyncClient) -> None:
    goal = r"Explain \u0000 in JSON: \\u0000."
    assert (await new_task(alice, goal=goal))["goal"] == goal


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b'"Find out."', b"3"])
async def test_a_body_without_an_object_is_explained(alice: httpx2.AsyncClient, body: bytes) -> None:
    answer = await alice.post("/api/v1/tasks", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    [error] = answer.json()["errors"]
    assert error == {"field": "body", "message": "Send a JSON object with Content-Type: application/json."}


@pytest.mark.parametrize("kind", ["tasks", "schedules", "files", "ai/calls", "agents"])
async def test_missing_objects_are_named_with_the_list_command(alice: httpx2.AsyncClient, kind: str) -> None:
    name = "af14e45f-ceea-467f-a9c1-2b1c6e0d9f3a"
    answer = await alice.get(f"/api/v1/{kind}/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert f"{name!r}. Choose one from the list of " in answer.json()["detail"]
    remedy = answer.json()["remedy"]
    assert (remedy["method"], remedy["href"]) == ("GET", f"/api/v1/{kind}")
    assert (await alice.get(remedy["href"])).status_code == 200


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_bodies_of_foreign_forms_are_refused(alice: httpx2.AsyncClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    answer = await alice.post("/api/v1/tasks", content=b'{"goal": "Find out."}', headers=headers)
    assert answer.status_code == 422
    assert "Content-Type: application/json" in answer.json()["detail"]


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_above_the_limit_gets_a_413(
    alice: httpx2.AsyncClient, api_settings: Settings, database: Database, chunked: bool
) -> None:
    before = await _tasks_in(database)
    body = b'{"goal": "' + b"x" * 5_000_000 + b'"}'

    async def pieces() -> Any:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    answer = await alice.post(
        "/api/v1/tasks", content=pieces() if chunked else body, headers={"Content-Type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert str(api_settings.max_body_bytes) in answer.json()["detail"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert await _tasks_in(database) == before


async def test_a_body_just_below_the_limit_is_read(alice: httpx2.AsyncClient, api_settings: Settings) -> None:
    plan = [{"key": f"k{n}", "instruction": "x" * 19_000} for n in range(50)]
    body = {"goal": "Find out.", "start": False, "plan": plan}
    answer = await alice.post("/api/v1/tasks", json=body)
    assert answer.status_code == 202
    assert answer.json()["subtasks_total"] == 50


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 201, "naïve"])
async def test_an_unusable_idempotency_key_is_named(alice: httpx2.AsyncClient, key: str) -> None:
    headers = [(b"Idempotency-Key", key.encode("latin-1"))]
    answer = await alice.post("/api/v1/tasks", json={"goal": "Find out."}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


@pytest.mark.parametrize("path", ["/api/v1/tasks/1", "/api/v1/tasks/%00", "/api/v1/schedules/..%2fx"])
async def test_a_malformed_id_causes_no_server_error(alice: httpx2.AsyncClient, path: str) -> None:
    assert (await alice.get(path)).status_code in (404, 422)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("name", ["%00", "A%20b", "x" * 61])
async def test_an_invalid_agent_name_is_refused(alice: httpx2.AsyncClient, method: str, name: str) -> None:
    answer = await alice.request(method, f"/api/v1/agents/{name}")
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"]) == (422, "agent")
    assert error["message"].endswith("Use an agent's name, such as poet, or its ID.")


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("PATCH", "/api/v1/tasks", 405)])
async def test_missing_pages_get_a_problem_document(
    alice: httpx2.AsyncClient, method: str, path: str, status: int
) -> None:
    answer = await alice.request(method, path)
    assert answer.status_code == answer.json()["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"


async def _tasks_in(database: Database) -> int:
    async with database.begin() as session:
        return await session.scalar(select(func.count()).select_from(Task)) or 0
