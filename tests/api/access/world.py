"""Every kind of object of one user, and the addresses of all routes with these objects."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.deps import ClosedRoute, Parts
from chimera.store import mcp_servers
from models.ids import UserId
from tests.api.conftest import PASSWORD, client_of, new_task
from tests.approvals import A_QUESTION, ask, begin

CANARY = "CANARY-of-alice"
API = "/api/v1"

OWNED = {
    "task_id": "tasks belong to a user",
    "approval_id": "approvals are shown to those who may decide",
    "question_id": "questions are approvals",
    "schedule_id": "schedules belong to a user",
    "file_id": "files belong to a user",
    "call_id": "AI calls belong to a user",
    "session_id": "chat sessions belong to a user",
    "sign_in_id": "sessions belong to a user",
    "message_id": "messages belong to a chat session",
    "reply_id": "replies belong to a user",
    "group_id": "groups are shown to their members",
    "member_id": "members belong to a group",
    "response_id": "responses are replies",
    "key_id": "API keys belong to a user",
    "notification_id": "notifications belong to a user",
    "agent": "agents belong to a user",
    "version": "versions belong to an agent",
    "model": "agents are models of OpenAI's API",
    "subject_id": "holds are on objects of a user",
}
"""Path parameters that name an object of a user."""
SHARED = {
    "name": "a server or tool of the caller, or a provider of the installation; see BY_NAME",
    "codec_pass": "a secret",
    "user_id": "only administrators name users",
    "user_key_id": "only administrators name other users' keys",
    "invitation_id": "only administrators invite users",
    "retention_id": "a record of a deletion, for administrators",
}
OTHER_NAMES = {
    (f"{API}/auth/sessions/{{session_id}}", "session_id"): "sign_in_id",
    (f"{API}/users/{{user_id}}/api-keys/{{key_id}}", "key_id"): "user_key_id",
}
"""Parameters that name another kind of object than on other routes."""
BY_NAME = {f"{API}/mcp-servers/{{name}}", f"{API}/mcp-servers/{{name}}/refresh"}
"""Routes whose `name` is an object of a user."""


class Route(NamedTuple):
    method: str
    path: str
    operation_id: str
    is_closed: bool

    @property
    def parameters(self) -> list[str]:
        """The kinds of objects that the address names."""
        return [self._kind_of(name) for name in re.findall(r"{(\w+)}", self.path)]

    @property
    def is_of_an_owner(self) -> bool:
        return self.path in BY_NAME or any(name in OWNED for name in self.parameters)

    def address(self, ids: Mapping[str, str]) -> str:
        return re.sub(r"{(\w+)}", lambda found: ids[self._kind_of(found[1])], self.path)

    def _kind_of(self, name: str) -> str:
        return OTHER_NAMES.get((self.path, name), name)


def routes_of(app: FastAPI) -> Iterator[Route]:
    """Yield every route of the API."""
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if isinstance(route, APIRoute) and route.include_in_schema:
            for method in sorted(route.methods or ()):
                yield Route(
                    method,
                    (context.path or "").replace(":path}", "}"),
                    route.operation_id or "",
                    isinstance(route, ClosedRoute),
                )


class World(NamedTuple):
    """The objects of one user, by path parameter."""

    client: httpx2.AsyncClient
    ids: dict[str, str]


async def world_of(app: FastAPI, client: httpx2.AsyncClient) -> World:
    """Create an object of each kind for the client's user; all texts contain the canary."""
    parts: Parts = app.state.parts
    me = (await client.get(f"{API}/auth/me")).json()
    user_id = UserId(me["id"])
    plan = [{"key": "facts", "instruction": CANARY}]
    task_id = str((await new_task(client, goal=CANARY, title=CANARY, plan=plan, metadata={"note": CANARY}))["id"])
    await begin(parts.database, task_id)
    question = await ask(parts.database, task_id, A_QUESTION)
    agent = f"a{uuid4().hex[:8]}"
    await client.post(f"{API}/agents", json={"name": agent, "prompt": CANARY, "description": CANARY})
    body = {"name": CANARY, "interval_s": 86400, "paused": True, "task": {"goal": CANARY}}
    schedule = (await client.post(f"{API}/schedules", json=body)).json()
    file = (await client.post(f"{API}/files", files={"file": (f"{CANARY}.txt", CANARY.encode())})).json()
    body = {"model": "simulator/embedding", "input": CANARY}
    call = await client.post(f"{API}/ai/embeddings", json=body, headers={"Prefer": "wait=0"})
    chat = (await client.post(f"{API}/chat/sessions", json={"title": CANARY, "instructions": CANARY})).headers[
        "Location"
    ]
    message = await client.post(f"{chat}/messages", json={"text": CANARY})
    group = (await client.post(f"{API}/groups", json={"name": f"{CANARY} {uuid4().hex[:8]}"})).json()
    body = {"email": f"{CANARY}@example.com".lower()}
    member = (await client.post(f"{API}/groups/{group['id']}/members", json=body)).json()
    server = f"s{uuid4().hex[:8]}"
    body = {"model": "simulator/standard", "input": CANARY, "background": True}
    response = (await client.post("/v1/responses", json=body)).json()
    key = (await client.post(f"{API}/auth/api-keys", json={"name": CANARY, "scopes": ["read"]})).json()
    notifications = (await client.get(f"{API}/system/notifications")).json()["items"]
    async with parts.database.begin() as session:
        await mcp_servers.add(session, user_id, server, f"http://127.0.0.1:9/{CANARY}", CANARY.encode())
    return World(
        client,
        {
            "task_id": task_id,
            "subject_id": task_id,
            "approval_id": question,
            "question_id": question,
            "schedule_id": str(schedule["id"]),
            "file_id": str(file["id"]),
            "call_id": call.headers["Location"].rpartition("/")[2],
            "session_id": chat.rpartition("/")[2],
            "sign_in_id": await another_session(app, client, str(me["email"])),
            "message_id": message.json()["message"]["id"],
            "reply_id": message.json()["reply"]["reply"]["id"],
            "group_id": str(group["id"]),
            "member_id": str(member["id"]),
            "response_id": response["id"],
            "key_id": str(key["id"]),
            "notification_id": str(notifications[0]["id"]),
            "agent": agent,
            "version": "1",
            "model": agent,
            "name": server,
            "codec_pass": "none",
            "user_id": user_id,
            "user_key_id": str(key["id"]),
            "invitation_id": str(uuid4()),
            "retention_id": str(uuid4()),
        },
    )


async def another_session(app: FastAPI, client: httpx2.AsyncClient, email: str) -> str:
    """Sign in once more, so that a test can end a session without ending its own. Return the session's ID."""
    async with client_of(app) as elsewhere:
        await elsewhere.post(f"{API}/auth/login", json={"email": email, "password": PASSWORD})
    found = (await client.get(f"{API}/auth/sessions")).json()["items"]
    return next(str(each["id"]) for each in found if not each["current"])


UNKNOWN: dict[str, str] = {
    **dict.fromkeys(OWNED, str(uuid4())),
    "agent": "nobody",
    "version": "1",
    "model": "nobody",
    "notification_id": str(2**52),
    "response_id": f"resp_{uuid4()}",
    "name": "nothing",
    "codec_pass": "none",
    **dict.fromkeys(("user_id", "user_key_id", "invitation_id"), str(uuid4())),
    "retention_id": str(uuid4()),
}
"""Names and IDs of objects that don't exist."""


async def send(client: httpx2.AsyncClient, app: FastAPI, route: Route, ids: Mapping[str, str]) -> httpx2.Response:
    """Send a valid request to a route, with the body from the OpenAPI document."""
    operation: dict[str, Any] = app.openapi()["paths"][route.path][route.method.lower()]
    query = {
        each["name"]: "1" for each in operation.get("parameters", ()) if each["in"] == "query" and each["required"]
    }
    content = operation.get("requestBody", {}).get("content", {})
    body: dict[str, Any] = {}
    if "application/json" in content:
        body = {"json": content["application/json"]["example"]}
    elif "multipart/form-data" in content:
        body = {"files": {"file": ("a.txt", b"text")}, "data": {}}
    address = route.address(ids)
    if address.endswith("/events"):
        # A stream would last as long as its task.
        query["after"] = "x"
    # No worker runs in these tests, so nothing would end while a request waits.
    headers = {"Prefer": "wait=0"}
    return await client.request(route.method, address, params=query, headers=headers, **body)
