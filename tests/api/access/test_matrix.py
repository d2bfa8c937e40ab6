"""The access matrix: every route, called by its owner, another user, an administrator, and callers without rights.

It is generated from the router. A new route is in it, or it fails `test_every_route_is_classified` until this file says
what the route shows. What a list of another user's objects shows is tested by the canary in all texts.
"""

import json
import re

import httpx2
import jwt
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from api.deps import PUBLIC, Parts
from chimera.db.engine import Database
from chimera.db.tables import User
from models.ids import UserId
from models.openai.errors import is_openai
from tests.api.access.world import CANARY, OWNED, SHARED, UNKNOWN, Route, World, routes_of, send, world_of
from tests.api.conftest import SignUp, administrator, client_of

OWN = {
    "create_task",
    "estimate_task",
    "get_task_counts",
    "list_tasks",
    "list_approvals",
    "get_policy",
    "replace_policy",
    "test_policy",
    "logout",
    "change_password",
    "me",
    "list_agents",
    "create_agent",
    "list_tools",
    "list_mcp_servers",
    "create_mcp_server",
    "create_schedule",
    "list_schedules",
    "preview_schedule",
    "create_embeddings",
    "create_images",
    "list_ai_calls",
    "create_transcription",
    "create_file",
    "list_files",
    "list_chat_sessions",
    "create_chat_session",
    "search_chats",
    "create_completion",
    "list_groups",
    "create_group",
    "change_me",
    "create_ws_ticket",
    "list_api_keys",
    "create_api_key",
    "list_sessions",
    "end_other_sessions",
    "link_oidc",
    "get_limits",
    "list_notifications",
    "read_notifications",
    "get_overview",
    "get_agents_performance",
    "get_tasks_analytics",
    "list_daily_usage",
    "get_daily_latency",
    "export_analytics",
    "record_metrics",
    "list_metrics",
    "create_openai_chat_completion",
    "create_openai_response",
    "list_openai_models",
    "follow_changes",
    "erase_me",
    "export_me",
    "get_erasure",
    "list_holds",
}
"""Operations without an object in their address, on what belongs to the caller."""
SAME_FOR_ALL = {
    "list_task_types",
    "list_agent_types",
    "list_models",
    "list_providers",
    "count_tokens",
    "get_installation_policy",
    "get_tool",
    "accept_tool",
}
"""Operations that show the same to every user."""
ADMIN_ONLY = {
    "replace_installation_policy",
    "create_codec_address",
    "validate_provider",
    "list_users",
    "create_service_account",
    "get_user",
    "change_user",
    "delete_user",
    "disable_user",
    "enable_user",
    "create_password_reset",
    "list_user_keys",
    "create_service_key",
    "delete_user_key",
    "get_user_limits",
    "set_user_limits",
    "list_invitations",
    "create_invitation",
    "delete_invitation",
    "list_audit_entries",
    "get_system_metrics",
    "list_system_log",
}
ADMIN_ONLY |= {"list_retention_runs", "run_retention", "get_retention_run"}
OWNER_ONLY = {
    "list_task_messages": "a conversation is private",
    "replace_schedule": "the owner pays for its tasks",
    "backfill_schedule": "the owner pays for its tasks",
    "list_chat_messages": "a conversation is private",
    "get_chat_message": "a conversation is private",
    "get_chat_summary": "a conversation is private",
    "get_chat_suggestions": "a conversation is private",
    "export_chat_session": "a conversation is private",
    "list_reply_messages": "a conversation is private",
    "get_openai_response": "a conversation is private",
}
"""Operations on an object that administrators may see, but not with these."""
OF_ONE_USER = ("agent", "name", "model")
"""Parameters of objects that even administrators address only among their own."""
STREAMS = {"follow_task", "follow_reply", "follow_changes"}
NOT_YET = {"get_erasure"}
"""Operations that find nothing before the caller has requested something."""
FOR_VIEWERS = {
    "erase_me": "deletes the own content, with the password",
    "estimate_task": "changes nothing",
    "preview_schedule": "changes nothing",
    "test_policy": "changes nothing",
    "count_tokens": "changes nothing",
    "create_ws_ticket": "only for reading",
    "logout": "a viewer's own account",
    "change_password": "a viewer's own account",
    "change_me": "a viewer's own account",
    "link_oidc": "a viewer's own account",
    "create_api_key": "a viewer's own account; the key can only read",
    "delete_api_key": "a viewer's own account",
    "end_session": "a viewer's own account",
    "end_other_sessions": "a viewer's own account",
    "read_notification": "a viewer's own inbox",
    "read_notifications": "a viewer's own inbox",
}
"""Operations other than reads that are permitted to viewers."""
NO_WORKER = {"get_tool"}
"""Reads of what only a worker publishes, and no worker runs here."""
SPEND = {
    "get_chat_summary": "a model writes it",
    "get_chat_suggestions": "a model writes them",
}
"""Reads that may cost something, so viewers only get what has been written."""

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture(scope="module")
def routes(app: FastAPI) -> list[Route]:
    return list(routes_of(app))


@pytest.fixture(scope="module")
async def alices(app: FastAPI, alice: httpx2.AsyncClient) -> World:
    return await world_of(app, alice)


@pytest.fixture(scope="module")
async def bobs(app: FastAPI, bob: httpx2.AsyncClient) -> World:
    return await world_of(app, bob)


@pytest.fixture(scope="module")
async def admin(sign_up: SignUp, database: Database, app: FastAPI) -> httpx2.AsyncClient:
    parts: Parts = app.state.parts
    return await administrator(sign_up, parts.database)


def closed(routes: list[Route]) -> list[Route]:
    return [route for route in routes if route.is_closed]


def of_owners(routes: list[Route]) -> list[Route]:
    return [route for route in closed(routes) if route.is_of_an_owner]


def test_every_route_is_classified(routes: list[Route]) -> None:
    known = OWN | SAME_FOR_ALL | ADMIN_ONLY
    for route in routes:
        assert set(route.parameters) <= OWNED.keys() | SHARED.keys(), f"{route}: add its parameter to OWNED or SHARED"
        if route.is_closed and not route.is_of_an_owner:
            assert route.operation_id in known, f"{route}: add it to OWN, SAME_FOR_ALL or ADMIN_ONLY"
        if not route.is_closed:
            assert (route.method, route.path) in PUBLIC, route
    assert known <= {route.operation_id for route in routes}
    print(f"{len(routes)} routes, {len(closed(routes))} closed, {len(of_owners(routes))} with an object of a user")


async def test_another_users_object_looks_unknown(
    app: FastAPI, routes: list[Route], alices: World, bobs: World
) -> None:
    """Bob gets, byte by byte, the answer for an object that doesn't exist, and changes nothing."""
    before = await state_of(app, routes, alices)
    cells = 0
    for route in of_owners(routes):
        for parameter in route.parameters:
            foreign = {**bobs.ids, parameter: alices.ids[parameter]}
            missing = {**bobs.ids, parameter: UNKNOWN[parameter]}
            if foreign == bobs.ids:
                continue
            answers = [await send(bobs.client, app, route, ids) for ids in (foreign, missing)]
            shown = [
                comparable(answer, ids[parameter]) for answer, ids in zip(answers, (foreign, missing), strict=True)
            ]
            assert shown[0] == shown[1], f"{route} {parameter}"
            assert answers[0].status_code in (404, 422), f"{route} {parameter}: {answers[0].text}"
            assert CANARY not in answers[0].text
            cells += 1
    assert await state_of(app, routes, alices) == before
    print(f"{cells} cells: another user's {len(OWNED)} kinds of objects")
    assert cells >= 45


async def test_lists_show_only_the_callers_objects(
    app: FastAPI, routes: list[Route], alices: World, sign_up: SignUp
) -> None:
    stranger = await sign_up()
    hidden = ADMIN_ONLY | STREAMS | NOT_YET
    reads = [route for route in closed(routes) if route.method == "GET" and not route.parameters]
    lists = [route for route in reads if route.operation_id not in hidden]
    for route in lists:
        answer = await send(stranger, app, route, {})
        assert answer.status_code == 200, f"{route}: {answer.text}"
        assert CANARY not in answer.text, route
        assert not [each for each in alices.ids.values() if len(each) > 5 and each in answer.text], route
    print(f"{len(lists)} lists")
    assert len(lists) >= 14


async def test_anonymous_callers_get_401(app: FastAPI, routes: list[Route], alices: World) -> None:
    async with client_of(app) as anonymous:
        for route in closed(routes):
            answer = await send(anonymous, app, route, alices.ids)
            assert refusal(answer) == (401, NOT_SIGNED_IN[is_openai(route.path)]), route
            assert CANARY not in answer.text
    print(f"{len(closed(routes))} routes without a token")


async def test_disabled_callers_get_401(app: FastAPI, routes: list[Route], alices: World, sign_up: SignUp) -> None:
    parts: Parts = app.state.parts
    disabled = await sign_up()
    # Before its first request, because rights are kept for a moment.
    token = disabled.headers["Authorization"].removeprefix("Bearer ")
    user_id = jwt.decode(token, options={"verify_signature": False})["sub"]
    async with parts.database.begin() as session:
        await session.execute(update(User).where(User.id == user_id).values(disabled_at=User.created_at))
    for route in closed(routes):
        answer = await send(disabled, app, route, alices.ids)
        assert refusal(answer) == (401, NOT_SIGNED_IN[is_openai(route.path)]), route
        assert CANARY not in answer.text
    print(f"{len(closed(routes))} routes for a disabled user")


async def test_users_cant_do_what_administrators_can(app: FastAPI, routes: list[Route], bobs: World) -> None:
    own = [route for route in closed(routes) if route.operation_id in ADMIN_ONLY]
    for route in own:
        answer = await send(bobs.client, app, route, {**bobs.ids, "name": "simulator"})
        assert refusal(answer) == (403, "forbidden"), route
    print(f"{len(own)} operations only for administrators")
    assert len(own) == len(ADMIN_ONLY)


async def test_viewers_read_and_change_nothing(app: FastAPI, routes: list[Route], sign_up: SignUp) -> None:
    """A viewer reads its objects from the time when it was a user."""
    world = await world_of(app, await sign_up())
    before = await state_of(app, routes, world)
    await become(app, world, "viewer")
    assert before.keys() == (await state_of(app, routes, world)).keys()
    changes = [route for route in closed(routes) if route.method != "GET" or route.operation_id in SPEND]
    refused = [route for route in changes if route.operation_id not in FOR_VIEWERS]
    for route in refused:
        answer = await send(world.client, app, route, world.ids)
        assert refusal(answer) == (403, "forbidden"), f"{route}: {answer.text}"
    for route in closed(routes):
        if route.method == "GET" and route.operation_id not in STREAMS | NOT_YET | SPEND.keys():
            expected = 403 if route.operation_id in ADMIN_ONLY else 404 if route.operation_id in NO_WORKER else 200
            answer = await send(world.client, app, route, world.ids)
            assert answer.status_code == expected, f"{route}: {answer.text}"
    assert await state_of(app, routes, world) == before
    assert FOR_VIEWERS.keys() <= {route.operation_id for route in changes}
    print(f"{len(refused)} operations refused to viewers, {len(FOR_VIEWERS)} permitted")
    assert len(refused) >= 70


async def test_administrators_see_all_users_objects(
    app: FastAPI, routes: list[Route], admin: httpx2.AsyncClient, sign_up: SignUp
) -> None:
    world = await world_of(app, await sign_up())
    seen = 0
    for route in of_owners(routes):
        if route.method != "GET" or route.operation_id in STREAMS:
            continue
        answer = await send(admin, app, route, world.ids)
        is_hidden = set(route.parameters) & set(OF_ONE_USER) or route.operation_id in OWNER_ONLY
        expected = {404} if is_hidden else {200}
        assert answer.status_code in expected | ({403} if is_hidden else set()), f"{route}: {answer.text[:300]}"
        seen += 1
    print(f"{seen} reads by an administrator")
    assert seen >= 18


async def test_every_answer_has_the_security_headers(app: FastAPI, routes: list[Route], bobs: World) -> None:
    """Every route, with an answer and with an error (S41)."""
    answers = 0
    async with client_of(app) as anonymous:
        for route in routes:
            for client, ids in ((anonymous, bobs.ids), (bobs.client, UNKNOWN)):
                if route.operation_id in ("logout", "change_password"):
                    continue
                headers = (await send(client, app, route, ids)).headers
                policy = headers["Content-Security-Policy"]
                assert all(
                    word in policy for word in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'")
                )
                assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store"), route
                assert headers["Referrer-Policy"] == "no-referrer"
                assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
                assert "Server" not in headers
                answers += 1
    print(f"{answers} answers of {len(routes)} routes have all headers")


async def state_of(app: FastAPI, routes: list[Route], world: World) -> dict[str, str]:
    """Return what an owner reads about its objects."""
    reads = [route for route in of_owners(routes) if route.method == "GET" and route.operation_id not in STREAMS]
    # What metrics count begins with the request, so it differs by a moment; and what a model writes may have started.
    reads = [route for route in reads if not route.path.endswith("/metrics") and route.operation_id not in SPEND]
    return {route.path: (await send(world.client, app, route, world.ids)).text for route in reads}


async def become(app: FastAPI, world: World, role: str) -> None:
    """Give the owner of a world another role, which applies to its next request."""
    parts: Parts = app.state.parts
    user_id = UserId(world.ids["user_id"])
    async with parts.database.begin() as session:
        await session.execute(update(User).where(User.id == user_id).values(role=role))
    parts.auth.forget(user_id)


NOT_SIGNED_IN = {False: "not_signed_in", True: "invalid_api_key"}
"""Code of the error, by whether the route belongs to OpenAI's API."""


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    """Return the status of an error and its code, from a problem document or in OpenAI's shape."""
    body = answer.json()
    return answer.status_code, body.get("error", body)["code"]


def comparable(answer: httpx2.Response, id: str) -> tuple[int, str]:
    """Return an answer without the ID that was asked for, and without the request's own ID."""
    text = answer.text
    if answer.headers.get("content-type", "").endswith("json"):
        body = answer.json()
        if isinstance(body, dict):
            body.pop("instance", None)
        text = json.dumps(body)
    # An ID may be a number, such as 4, which is also a part of the status.
    return answer.status_code, re.sub(rf"(?<!\w){re.escape(id)}(?!\w)", "<id>", text)
