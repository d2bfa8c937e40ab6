"""A tiny API that signs users in, refreshes once per token like the real one, and serves what a test provides."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from cli.http.sign_in import SignIn, write
from models.agents import AgentSpec
from models.ai_calls import AiCallView
from models.costs import CostView
from models.events import Frame
from models.files import FileView
from models.mcp_servers import McpServerView
from models.tasks import BudgetView, TaskView
from models.tools import ToolDetails
from tests.cli.builders import NOW, a_bill, task_view

Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class TinyApi:
    """Counts the requests that it receives. A used refresh token sets `session_ended`."""

    refresh_token: str = "first-refresh-token"
    access_tokens: set[str] = field(default_factory=set)
    session_ended: bool = False
    others_end_nothing: bool = False
    """Unknown tokens count as tokens of another session, and end no session."""
    refreshes: int = 0
    refresh_takes_s: float = 0.0
    refresh_held: asyncio.Event | None = None
    """If given, refreshes aren't answered until it is set."""
    refuse_refreshes: list[Response] = field(default_factory=list)
    """Responses to the next refreshes, before the usual ones."""
    tasks: list[TaskView] = field(default_factory=lambda: [task_view()])
    tasks_of_others: list[TaskView] = field(default_factory=list)
    streams: list[list[Frame]] = field(default_factory=list)
    asked_after: list[int] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    ai_calls: list[AiCallView] = field(default_factory=list)
    """The views returned for the only AI call, one after another. The last one is repeated."""
    agents: dict[str, AgentSpec] = field(default_factory=dict)
    tools: dict[str, ToolDetails] = field(default_factory=dict)
    mcp_servers: dict[str, McpServerView] = field(default_factory=dict)
    mcp_requests: list[Any] = field(default_factory=list)
    """The bodies that were sent to add servers or to accept tools."""
    files: list[tuple[FileView, bytes]] = field(default_factory=list)
    """The files of every task, with their contents."""
    bill: CostView = field(default_factory=a_bill)
    codec_answers: list[Response] = field(default_factory=list)
    refuse: list[Response] = field(default_factory=list)
    """Responses to the next requests, before the usual ones."""
    refuse_streams: list[Response] = field(default_factory=list)
    """Responses to the next streams only, before the usual ones."""

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/health/live", self._live),
                Route("/api/v1/auth/refresh", self._refresh, methods=["POST"]),
                Route("/api/v1/auth/me", self._signed_in(self._me)),
                Route("/api/v1/codec", self._signed_in(self._codec), methods=["POST"]),
                Route("/api/v1/tasks", self._signed_in(self._tasks)),
                Route("/api/v1/tasks", self._signed_in(self._create), methods=["POST"]),
                Route("/api/v1/tasks/{task_id}", self._signed_in(self._task)),
                Route("/api/v1/tasks/{task_id}/budget", self._signed_in(self._budget), methods=["POST"]),
                Route("/api/v1/tasks/{task_id}/retry", self._signed_in(self._task), methods=["POST"]),
                Route("/api/v1/agents", self._signed_in(self._list_agents)),
                Route("/api/v1/agents", self._signed_in(self._new_agent), methods=["POST"]),
                Route("/api/v1/agents/{name}", self._signed_in(self._agent), methods=["GET", "DELETE"]),
                Route("/api/v1/tools", self._signed_in(self._tools)),
                Route("/api/v1/tools/{name}", self._signed_in(self._tool)),
                Route("/api/v1/tools/{name}/accept", self._signed_in(self._accept), methods=["POST"]),
                Route("/api/v1/mcp-servers", self._signed_in(self._mcp_servers), methods=["GET", "POST"]),
                Route("/api/v1/mcp-servers/{name}", self._signed_in(self._remove_mcp_server), methods=["DELETE"]),
                Route("/api/v1/mcp-servers/{name}/refresh", self._signed_in(self._refresh_server), methods=["POST"]),
                Route("/api/v1/tasks/{task_id}/cost", self._signed_in(self._cost)),
                Route("/api/v1/tasks/{task_id}/subtasks", self._signed_in(self._subtasks)),
                Route("/api/v1/tasks/{task_id}/files", self._signed_in(self._files)),
                Route("/api/v1/files/{file_id}/content", self._signed_in(self._content)),
                Route("/api/v1/ai/embeddings", self._signed_in(self._new_ai_call), methods=["POST"]),
                Route("/api/v1/ai/calls/{call_id}", self._signed_in(self._ai_call)),
                Route("/api/v1/tasks/{task_id}/events", self._signed_in(self._events)),
            ]
        )

    def expire_access_tokens(self) -> None:
        self.access_tokens.clear()

    def kept_in(self, path: Path, api_url: str) -> Path:
        """Save a sign-in to this API whose access token must be refreshed first."""
        write(path, SignIn(api_url=api_url, email="me@example.com", refresh_token=self.refresh_token))
        return path

    async def _live(self, request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _refresh(self, request: Request) -> Response:
        if self.refuse_refreshes:
            return self.refuse_refreshes.pop(0)
        offered = (await request.json())["refresh_token"]
        if offered != self.refresh_token and self.others_end_nothing:
            return problem(401, "not_signed_in", "Sign in first")
        if offered != self.refresh_token:
            self.session_ended = True
            self.access_tokens.clear()
        if self.session_ended:
            return problem(401, "not_signed_in", "Sign in first")
        self.refreshes += 1
        self.refresh_token, access_token = uuid4().hex, uuid4().hex
        self.access_tokens.add(access_token)
        tokens = {"access_token": access_token, "refresh_token": self.refresh_token, "expires_in": 1800}
        await asyncio.sleep(self.refresh_takes_s)
        if self.refresh_held is not None:
            await self.refresh_held.wait()
        return JSONResponse(tokens)

    def _signed_in(self, handler: Handler) -> Handler:
        async def handle(request: Request) -> Response:
            if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.access_tokens:
                return problem(401, "not_signed_in", "Sign in first")
            if self.refuse:
                self.keys.append(request.headers.get("idempotency-key", ""))
                return self.refuse.pop(0)
            return await handler(request)

        return handle

    async def _me(self, request: Request) -> Response:
        me = {"id": str(uuid4()), "email": "me@example.com", "name": "", "role": "user", "created_at": NOW.isoformat()}
        return JSONResponse(me)

    async def _codec(self, request: Request) -> Response:
        return self.codec_answers.pop(0)

    async def _tasks(self, request: Request) -> Response:
        others = [] if request.query_params.get("shared") == "mine" else self.tasks_of_others
        return page_of([task.model_dump(mode="json") for task in (*others, *self.tasks)])

    async def _create(self, request: Request) -> Response:
        self.keys.append(request.headers["idempotency-key"])
        return _json(self.tasks[0])

    async def _task(self, request: Request) -> Response:
        found = [task for task in self.tasks if task.id == request.path_params["task_id"]]
        return _json(found[0]) if found else problem(404, "not_found", "Not found")

    async def _budget(self, request: Request) -> Response:
        limits = {"max_cost_micro_usd": None, "max_tokens": None, "max_model_calls": None} | await request.json()
        self.bill = self.bill.model_copy(update={"budget": BudgetView.model_validate(limits)})
        return _json(self.tasks[0])

    async def _tools(self, request: Request) -> Response:
        return page_of([tool.model_dump(mode="json") for tool in self.tools.values()])

    async def _tool(self, request: Request) -> Response:
        tool = self.tools.get(request.path_params["name"])
        return problem(404, "not_found", "Not found") if tool is None else JSONResponse(tool.model_dump(mode="json"))

    async def _accept(self, request: Request) -> Response:
        self.mcp_requests.append(await request.json())
        return await self._tool(request)

    async def _mcp_servers(self, request: Request) -> Response:
        if request.method == "POST":
            self.mcp_requests.append(await request.json())
            return JSONResponse(next(iter(self.mcp_servers.values())).model_dump(mode="json"), 201)
        return page_of([server.model_dump(mode="json") for server in self.mcp_servers.values()])

    async def _refresh_server(self, request: Request) -> Response:
        return JSONResponse(self.mcp_servers[request.path_params["name"]].model_dump(mode="json"))

    async def _remove_mcp_server(self, request: Request) -> Response:
        found = self.mcp_servers.pop(request.path_params["name"], None)
        return problem(404, "not_found", "Not found") if found is None else Response(status_code=204)

    async def _cost(self, request: Request) -> Response:
        return Response(self.bill.model_dump_json(), media_type="application/json")

    async def _list_agents(self, request: Request) -> Response:
        views = ({**agent.model_dump(mode="json"), "built_in": False} for agent in self.agents.values())
        return page_of([{"id": None, **view} for view in views])

    async def _new_agent(self, request: Request) -> Response:
        agent = AgentSpec.model_validate_json(await request.body())
        self.agents[agent.name] = agent
        return JSONResponse({**agent.model_dump(mode="json"), "built_in": False}, 201)

    async def _agent(self, request: Request) -> Response:
        name = request.path_params["name"]
        if name not in self.agents:
            return problem(404, "not_found", "Not found")
        if request.method == "DELETE":
            del self.agents[name]
            return Response(status_code=204)
        return JSONResponse({**self.agents[name].model_dump(mode="json"), "built_in": False})

    async def _subtasks(self, request: Request) -> Response:
        return page_of([])

    async def _files(self, request: Request) -> Response:
        items = [file.model_dump(mode="json") for file, _ in self.files]
        return page_of(items)

    async def _content(self, request: Request) -> Response:
        return Response(next(data for file, data in self.files if file.id == request.path_params["file_id"]))

    async def _new_ai_call(self, request: Request) -> Response:
        self.keys.append(request.headers["idempotency-key"])
        return Response(self.ai_calls[0].model_dump_json(), 202, media_type="application/json")

    async def _ai_call(self, request: Request) -> Response:
        call = self.ai_calls.pop(0) if len(self.ai_calls) > 1 else self.ai_calls[0]
        return Response(call.model_dump_json(), media_type="application/json")

    async def _events(self, request: Request) -> Response:
        self.asked_after.append(int(request.query_params["after"]))
        if self.refuse_streams:
            return self.refuse_streams.pop(0)
        frames = self.streams.pop(0) if self.streams else []
        events = "".join(f"event: {frame.kind}\ndata: {frame.model_dump_json()}\n\n" for frame in frames)
        return StreamingResponse(iter([events]), media_type="text/event-stream")


def problem(status: int, code: str, title: str, *, detail: str = "", fields: dict[str, str] | None = None) -> Response:
    errors = [{"field": name, "message": message} for name, message in (fields or {}).items()]
    body = {"status": status, "code": code, "title": title, "detail": detail, "instance": "abc", "errors": errors}
    return JSONResponse(body, status, media_type="application/problem+json")


def _json(task: TaskView) -> Response:
    return Response(task.model_dump_json(), media_type="application/json")


def no_room(**headers: str) -> Response:
    refusal = problem(429, "limit_reached", "A user has reached a limit", detail="This user has 10 open streams.")
    refusal.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return refusal


def page_of(items: list[Any]) -> Response:
    return JSONResponse({"items": items, "next_cursor": None})
