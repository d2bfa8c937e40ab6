"""Every endpoint of the specification and of the original description, in one list.

Each endpoint that exists is called with a valid request, and its answer is compared with the OpenAPI document. Who may
call it is tested for every route in `tests/api/access`.
"""

from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import jsonschema_rs
import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from tests.api.access.world import API, Route, World, routes_of, send, world_of
from tests.api.conftest import SignUp, administrator

HERE = "here"


class Endpoint(NamedTuple):
    method: str
    path: str
    part: str = HERE
    """The part of the API that it belongs to, if that part isn't complete yet."""


def _of(part: str, text: str) -> tuple[Endpoint, ...]:
    return tuple(
        Endpoint(method, path if path.startswith(("/v1", "/metrics")) else f"{API}{path}", part)
        for line in text.strip().splitlines()
        for methods, path in (line.split(),)
        for method in methods.split("/")
    )


ENDPOINTS = (
    *_of(
        HERE,
        """
        POST /auth/register
        POST /auth/login
        POST /auth/refresh
        POST /auth/logout
        GET/POST /agents
        GET/PUT/DELETE /agents/{}
        POST /agents/{}/activate
        POST /agents/{}/deactivate
        GET /agents/{}/status
        GET /agents/types/available
        GET /agents/models/available
        GET/POST /tasks
        GET/PUT/DELETE /tasks/{}
        POST /tasks/{}/execute
        POST /tasks/{}/cancel
        GET /tasks/{}/subtasks
        GET /tasks/types/available
        POST /tasks/{}/pause
        POST /tasks/{}/resume
        POST /tasks/{}/steer
        POST /tasks/{}/retry
        POST /tasks/{}/approvals/{}
        POST /tasks/{}/answers/{}
        GET /tasks/{}/events
        GET /tasks/{}/timeline
        GET /tasks/{}/cost
        GET/POST /schedules
        GET/PUT/DELETE /schedules/{}
        POST /schedules/{}/pause
        POST /schedules/{}/resume
        POST /schedules/{}/trigger
        POST /schedules/{}/backfill
        GET /schedules/{}/runs
        POST /ai/embeddings
        POST /ai/images
        POST /ai/transcriptions
        POST /ai/tokens/count
        GET /ai/providers
        POST /ai/providers/{}/validate
        GET/POST /files
        GET/DELETE /files/{}
        GET/PUT /auth/me
        GET/POST /auth/api-keys
        DELETE /auth/api-keys/{}
        GET/POST /chat/sessions
        GET/PUT/DELETE /chat/sessions/{}
        GET/POST /chat/sessions/{}/messages
        GET /chat/sessions/{}/export
        GET /chat/sessions/{}/summary
        GET /chat/sessions/{}/suggestions
        POST /chat/completions
        GET /analytics/overview
        GET /analytics/agents/performance
        GET /analytics/tasks/analytics
        GET /analytics/usage/daily
        GET /analytics/system/metrics
        GET /analytics/export
        POST /analytics/metrics/record
        GET /system/logs
        GET /system/notifications
        GET /metrics
        POST /v1/chat/completions
        POST /v1/responses
        GET /v1/models
        """,
    ),
    *_of("runs", "POST /tasks/{}/fork"),
)
OTHERS = {("GET", "/health"), ("GET", "/health/live"), ("GET", "/health/ready"), ("GET", "/docs"), ("WS", "/ws")}
NOT_POSSIBLE = {
    "execute_task": "the task isn't a draft",
    "resume_task": "the task waits for an answer",
    "retry_task": "the task hasn't failed",
    "pause_task": "the task may wait for an answer",
    "delete_task": "the task is open",
    "change_task": "the task has begun",
    "get_retention_run": "there is no such record",
    "erase_me": "the password is wrong",
    "get_erasure": "nothing was erased",
    "create_group": "the name may be taken",
    "remove_member": "the member may be removed already",
    "decide_approval": "it is a question",
    "decide": "it is a question",
    "answer_question": "it has been answered at its other address",
    "delegate_approval": "the example names an unknown user",
    "rollback_agent": "only possible for an own agent",
    "register": "the example's address isn't new twice",
    "login": "the example isn't an account",
    "refresh": "the example isn't a token",
    "decode_payloads": "the example isn't an address",
    "change_password": "the example isn't the password",
    "create_first_administrator": "there is an administrator",
    "reset_password": "the example isn't a token",
    "start_oidc": "there is no identity provider",
    "finish_oidc": "there is no identity provider",
    "link_oidc": "there is no identity provider",
    "create_password_reset": "service accounts have no password",
    "choose_chat_branch": "the example names an unknown message",
    "delete_user_key": "its account has been deleted",
    "get_openai_model": "the agent has been deactivated",
    "create_openai_chat_completion": "no worker answers",
    "delete_openai_response": "the response hasn't ended",
    "accept_tool": "no tool has changed",
    "get_tool": "no worker has published a tool",
    "refresh_mcp_server": "nothing listens at the server's address",
    "create_mcp_server": "nothing listens at the example's address",
    "create_transcription": "the example has no recording",
    "change_agent": "the example has another name",
    "cancel_ai_call": "the call may have ended",
    "get_health": "no worker runs",
    "is_ready": "a part may be away",
    "create_images": "the example may be rejected by the simulator that isn't there",
    "create_embeddings": "the simulator isn't there",
    "test_policy": "only a test",
    "steer_task": "no run answers",
    "backfill_schedule": "the example's period has no runs",
    "trigger_schedule": "Temporal may not know the schedule",
    "follow_task": "a stream would last as long as its task",
    "follow_reply": "a stream would last as long as its reply",
    "follow_changes": "a stream wouldn't end",
}
"""Operations that may answer with a documented error in this test, each with the reason."""
LAST = ("logout", "delete_", "cancel_")
"""Operations that would take the session or the objects away from the others; the first comes last."""


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, app: FastAPI) -> httpx2.AsyncClient:
    return await administrator(sign_up, app.state.parts.database)


@pytest.fixture(scope="module")
async def world(app: FastAPI, admin: httpx2.AsyncClient) -> World:
    """Return an administrator's objects, and accounts that only administrators have."""
    world = await world_of(app, admin)
    account = (await admin.post(f"{API}/users", json={"name": f"a{uuid4().hex[:8]}"})).json()["id"]
    key = {"name": "a key", "scopes": ["read"]}
    created = (await admin.post(f"{API}/users/{account}/api-keys", json=key)).json()
    invitation = (await admin.post(f"{API}/invitations", json={})).json()
    more = {"user_id": account, "user_key_id": created["id"], "invitation_id": invitation["id"]}
    return World(admin, {**world.ids, **more})


def plain(path: str) -> str:
    """Return a path without the names of its parameters."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))


def test_every_endpoint_of_the_list_exists(app: FastAPI) -> None:
    there = {(route.method, plain(route.path)) for route in routes_of(app)}
    missing = [each for each in ENDPOINTS if (each.method, each.path) not in there]
    print(f"{len(ENDPOINTS) - len(missing)} of {len(ENDPOINTS)} endpoints of the list, and {len(there)} in all")
    for each in missing:
        print(f"missing: {each.method} {each.path} ({each.part})")
    assert [each for each in missing if each.part == HERE] == []


def test_pages_probes_and_sockets_exist(app: FastAPI) -> None:
    paths = {context.path for context in iter_route_contexts(app.routes)}
    assert {path for _, path in OTHERS} | {"/ws/test", "/openapi.json"} <= paths


async def test_every_endpoint_answers_as_documented(app: FastAPI, world: World) -> None:
    document, answered = app.openapi(), 0
    routes = sorted(routes_of(app), key=turn_of)
    for route in routes:
        ids = {**world.ids, "name": "simulator"} if "/providers/" in route.path else world.ids
        answer = await send(world.client, app, route, ids)
        assert answer.is_success or route.operation_id in NOT_POSSIBLE, f"{route}: {answer.text[:300]}"
        check(document, route, answer)
        answered += 1
    print(f"{answered} operations answered as documented")
    assert answered >= 150


def turn_of(route: Route) -> int:
    return max((len(LAST) - place for place, name in enumerate(LAST) if route.operation_id.startswith(name)), default=0)


def check(document: dict[str, Any], route: Route, answer: httpx2.Response) -> None:
    """Compare an answer with the OpenAPI document: its status, its media type and its schema."""
    responses = document["paths"][route.path][route.method.lower()]["responses"]
    described = responses.get(str(answer.status_code)) or responses[f"{answer.status_code // 100}XX"]
    if "$ref" in described:
        described = document["components"]["responses"][described["$ref"].rpartition("/")[2]]
    content = described.get("content", {})
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if not content:
        assert answer.content == b"", route
        return
    assert media_type in content or "*/*" in content, f"{route}: {media_type}"
    if media_type.endswith("json"):
        schema = {**content[media_type]["schema"], "components": document["components"]}
        value = answer.text if "ndjson" in media_type else answer.json()
        problems = [error.message for error in jsonschema_rs.validator_for(schema).iter_errors(value)]
        assert problems == [], f"{route}: {answer.text[:500]}"
