"""IDs of other users in bodies, filters and cursors; and fields that no caller may set (S14, S17)."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from fastapi import FastAPI

from tests.api.access.test_matrix import ADMIN_ONLY
from tests.api.access.world import API, CANARY, Route, World, routes_of, send, world_of
from tests.api.conftest import SignUp, administrator

NOT_FOR_CALLERS: dict[str, Any] = {
    "id": "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "owner_id": "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "user_id": "8f14e45f-ceea-467f-a9c1-2b1c6e0d9f3a",
    "role_id": 1,
    "is_admin": True,
    "status": "completed",
    "cost": 0,
    "spent_micro_usd": 0,
    "approved": True,
    "created_at": "2000-01-01T00:00:00Z",
    "workflow_id": "x",
    "tool_policy": {},
    "disabled_at": None,
    "password_hash": "x",
    "built_in": True,
}
"""Fields that a row has, or that look as if it had them."""
OPEN_BODIES = {
    "decode_payloads": "Temporal's own format, which may get new fields",
    "create_openai_chat_completion": "OpenAI's clients send fields that Chimera ignores",
    "create_openai_response": "OpenAI's clients send fields that Chimera ignores",
}
CHECKED_IDS = {"images", "file_id", "sha256", "attachments", "parent_id", "message_id", "tool_call_id", "user_id"}
"""Fields of bodies that contain IDs of objects; each has a case in `cases`, except for a hash, a client's own ID, and
the user that only administrators name."""

Admins = tuple[httpx2.AsyncClient, httpx2.AsyncClient]


@pytest.fixture(scope="module")
async def alices(app: FastAPI, sign_up: SignUp) -> World:
    return await world_of(app, await sign_up())


@pytest.fixture(scope="module")
async def bobs(app: FastAPI, sign_up: SignUp) -> World:
    return await world_of(app, await sign_up())


@pytest.fixture(scope="module")
async def admins(app: FastAPI, sign_up: SignUp) -> Admins:
    database = app.state.parts.database
    return await administrator(sign_up, database), await administrator(sign_up, database)


def with_bodies(app: FastAPI) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Yield each route with a JSON body, and an example of that body."""
    for route in routes_of(app):
        operation = app.openapi()["paths"][route.path][route.method.lower()]
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if content is not None:
            yield route, content["example"]


async def test_no_body_sets_a_field_of_a_row(app: FastAPI, bobs: World) -> None:
    tried = 0
    for route, example in with_bodies(app):
        if route.operation_id in OPEN_BODIES or not route.is_closed:
            continue
        properties = schema_of(app, route).get("properties", {})
        address = route.address({**bobs.ids, "name": "simulator"} if "{name}" in route.path else bobs.ids)
        for field, value in NOT_FOR_CALLERS.items():
            if field in properties:
                continue
            answer = await bobs.client.request(
                route.method, address, json={**example, field: value}, headers={"Prefer": "wait=0"}
            )
            assert answer.status_code in (422, 403, 404), f"{route} {field}: {answer.status_code} {answer.text[:200]}"
            if answer.status_code == 422:
                assert field in [each["field"].rpartition(".")[2] for each in answer.json()["errors"]], answer.text
            tried += 1
    print(f"{tried} fields in bodies of {len(list(with_bodies(app)))} routes")
    assert tried >= 350


def schema_of(app: FastAPI, route: Route) -> dict[str, Any]:
    document = app.openapi()
    body = document["paths"][route.path][route.method.lower()]["requestBody"]["content"]["application/json"]["schema"]
    for branch in (body, *body.get("anyOf", ())):
        if "$ref" in branch:
            found: dict[str, Any] = document["components"]["schemas"][branch["$ref"].rpartition("/")[2]]
            return found
    return dict(body)


def cases(ids: dict[str, str], own: dict[str, str]) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield requests that name another user's objects: a name, the method, the path, and the request's content."""
    chat = f"/chat/sessions/{own['session_id']}"
    yield "attachment", "POST", f"{chat}/messages", {"json": {"text": "x", "attachments": [ids["file_id"]]}}
    yield "message before", "POST", f"{chat}/messages", {"json": {"text": "x", "parent_id": ids["message_id"]}}
    yield "message of a branch", "PUT", f"{chat}/leaf", {"json": {"message_id": ids["message_id"]}}
    yield "agent of a chat", "POST", "/chat/sessions", {"json": {"agent": ids["agent"]}}
    messages = [{"role": "user", "content": "x"}]
    yield "agent of a completion", "POST", "/chat/completions", {"json": {"agent": ids["agent"], "messages": messages}}
    yield "user of figures", "GET", "/analytics/overview", {"params": {"user_id": ids["user_id"]}}
    plan = [{"key": "a", "instruction": "x", "agent": ids["agent"]}]
    task = {"goal": "x", "start": False}
    daily = {"name": "x", "interval_s": 86400, "paused": True}
    agent = {"name": "own", "prompt": "x", "tools": [f"{ids['name']}__*"]}
    images = [ids["file_id"]]
    yield "image of a task", "POST", "/tasks", {"json": {**task, "images": images}}
    yield "agent of a task", "POST", "/tasks", {"json": {**task, "plan": plan}}
    yield "image of an estimate", "POST", "/tasks/estimate", {"json": {**task, "images": images}}
    yield "agent of an estimate", "POST", "/tasks/estimate", {"json": {**task, "plan": plan}}
    yield "image of a schedule", "POST", "/schedules", {"json": {**daily, "task": {"goal": "x", "images": images}}}
    yield "agent of a schedule", "POST", "/schedules", {"json": {**daily, "task": {"goal": "x", "plan": plan}}}
    yield (
        "image in a preview",
        "POST",
        "/schedules/preview",
        {"json": {**daily, "task": {"goal": "x", "images": images}}},
    )
    form = {"data": {"model": "simulator/whisper", "file_id": ids["file_id"]}, "files": {"x": b""}}
    yield "recording", "POST", "/ai/transcriptions", form
    yield "server of an agent", "POST", "/agents", {"json": agent}
    yield "schedule of a list", "GET", "/tasks", {"params": {"schedule_id": ids["schedule_id"]}}
    yield "agent of the tools", "GET", "/tools", {"params": {"agent": ids["agent"]}}
    yield (
        "server in a policy test",
        "POST",
        "/policy/test",
        {"json": {"tool": f"{ids['name']}__add", "agent": "writer"}},
    )


async def test_ids_of_others_are_unknown_everywhere(alices: World, bobs: World) -> None:
    tried = 0
    for what, method, path, content in cases(alices.ids, bobs.ids):
        answer = await bobs.client.request(method, f"{API}{path}", **content, headers={"Prefer": "wait=0"})
        is_list = method == "GET" and answer.status_code == 200
        is_test = path == "/policy/test"
        assert answer.status_code in (404, 422) or is_list or is_test, f"{what}: {answer.text}"
        assert CANARY not in answer.text, what
        if is_list:
            assert answer.json()["items"] == [], what
        if is_test:
            assert answer.json()["known"] is False
        tried += 1
    for method, path in (("PUT", f"/tasks/{bobs.ids['task_id']}"), ("PUT", f"/schedules/{bobs.ids['schedule_id']}")):
        body = {"images": [alices.ids["file_id"]]}
        change = body if "/tasks/" in path else {"name": "x", "interval_s": 60, "task": {"goal": "x", **body}}
        answer = await bobs.client.request(method, f"{API}{path}", json=change)
        assert answer.status_code in (404, 409, 422), answer.text
        tried += 1
    print(f"{tried} bodies and filters with another user's ID")


async def test_ids_of_others_are_unknown_to_openais_clients(alices: World, bobs: World) -> None:
    image = {"type": "input_image", "file_id": alices.ids["file_id"]}
    bodies: list[dict[str, Any]] = [
        {"model": alices.ids["agent"], "input": "x"},
        {"model": "simulator/standard", "input": "x", "previous_response_id": alices.ids["response_id"]},
        {"model": "simulator/standard", "input": [{"role": "user", "content": [image]}]},
    ]
    for body in bodies:
        answer = await bobs.client.post("/v1/responses", json={**body, "background": True})
        assert answer.status_code in (400, 404), f"{body}: {answer.text}"
        assert CANARY not in answer.text


async def test_each_id_in_a_body_has_its_case(app: FastAPI) -> None:
    """A new field with an ID fails this test until it has a case above."""
    schemas = app.openapi()["components"]["schemas"]
    bodies = {name for name in schemas if schemas[name].get("additionalProperties") is False}
    found = {
        field
        for name in bodies
        for field, schema in schemas[name].get("properties", {}).items()
        if field.endswith(("_id", "_ids")) or "uuid" in str(schema)
    }
    assert found <= CHECKED_IDS, f"add cases for {sorted(found - CHECKED_IDS)}"


async def test_cursors_of_others_are_invalid(app: FastAPI, alices: World, bobs: World, admins: Admins) -> None:
    lists = tried = 0
    for route, needed in with_parameter(app, "cursor"):
        lists += 1
        one, other = admins if route.operation_id in ADMIN_ONLY else (alices.client, bobs.client)
        page = await one.get(route.address(alices.ids), params={**needed, "limit": 1})
        cursors = ["AAAA", "x" * 200, "%00", "' OR 1=1 --", page.json().get("next_cursor") or "none"]
        for cursor in cursors:
            answer = await other.get(route.address(bobs.ids), params={**needed, "cursor": cursor})
            assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "cursor"), f"{route}: {cursor}"
            tried += 1
    print(f"{tried} cursors for {lists} lists")
    assert lists >= 12


@pytest.mark.parametrize("limit", ["-1", "0", "101", "1000000000", "1e3", "1.5", "x", ""])
async def test_no_list_returns_more_than_100(app: FastAPI, bobs: World, admins: Admins, limit: str) -> None:
    for route, needed in with_parameter(app, "limit"):
        client = admins[0] if route.operation_id in ADMIN_ONLY else bobs.client
        answer = await client.get(route.address(bobs.ids), params={**needed, "limit": limit})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "limit"), route


def with_parameter(app: FastAPI, name: str) -> Iterator[tuple[Route, dict[str, str]]]:
    """Yield each route that has this query parameter, with the parameters that it requires."""
    for route in routes_of(app):
        operation = app.openapi()["paths"][route.path][route.method.lower()]
        query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
        if name in {each["name"] for each in query}:
            yield route, {each["name"]: "1" for each in query if each["required"]}


@pytest.mark.parametrize("sort", ["password_hash", "id", "created_at;", "1", "random()", "-", "created_at,id"])
async def test_lists_are_sorted_by_an_allow_list(bobs: World, sort: str) -> None:
    answer = await bobs.client.get(f"{API}/tasks", params={"sort": sort})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "sort")


async def test_pages_contain_each_item_once(app: FastAPI, sign_up: SignUp) -> None:
    client: httpx2.AsyncClient = await sign_up()
    for index in range(5):
        await client.post(f"{API}/agents", json={"name": f"a{index}", "prompt": "x"})
        body = {"name": str(index), "interval_s": 60, "paused": True, "task": {"goal": "x"}}
        await client.post(f"{API}/schedules", json=body)
    for path, key in (("/agents", "name"), ("/schedules", "id")):
        whole = [each[key] for each in (await client.get(f"{API}{path}", params={"limit": 100})).json()["items"]]
        assert await in_pages(client, path, key, 2) == whole
        assert len(set(whole)) == len(whole) >= 5


async def in_pages(client: httpx2.AsyncClient, path: str, key: str, limit: int) -> list[str]:
    found: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        params: dict[str, Any] = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = (await client.get(f"{API}{path}", params=params)).json()
        assert len(page["items"]) <= limit
        found += [each[key] for each in page["items"]]
        cursor = page["next_cursor"]
    return found


async def test_the_owner_reads_what_bob_may_not(app: FastAPI, alices: World) -> None:
    """Otherwise, the tests above would prove nothing."""
    seen = 0
    for route in routes_of(app):
        if route.method == "GET" and route.is_of_an_owner and not route.path.endswith("/events"):
            seen += CANARY in (await send(alices.client, app, route, alices.ids)).text
    assert seen >= 8
