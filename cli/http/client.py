"""A client of the HTTP API for commands: one method for each request, with typed responses."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import httpx2
from pydantic import TypeAdapter
from pydantic_core import from_json

from cli.errors import NotReachable, Refused
from cli.http.requests import Requests
from models.agent_activity import AgentMetricsView, AgentStatusView
from models.agent_versions import VersionDiff, VersionView
from models.agents import AgentView
from models.ai_calls import AiCallPage, AiCallView, Operation
from models.analytics import Overview
from models.approvals import ApprovalId, ApprovalPage, ApprovalView
from models.base import Body
from models.codec import CodecAddress
from models.costs import CostView
from models.estimates import TaskEstimate
from models.files import FilePage, FileView
from models.ids import AiCallId, FileId, ScheduleId, TaskId
from models.limits import LimitsView
from models.mcp_servers import McpServerView
from models.messages import MessagePage
from models.notifications import NotificationCounts, NotificationId, NotificationPage, NotificationView
from models.policies import PolicyTestView, PolicyView
from models.providers import ModelsView, ProviderView
from models.schedules import BackfillView, PreviewView, ScheduleView
from models.shares import Shared
from models.subtasks import SubtaskView
from models.system_log import LogPage
from models.tasks import Budget, Guidance, GuidanceView, TaskPage, TaskRetry, TaskView
from models.tools import ToolDetails, ToolView
from models.users import MeView, Tokens

SERVER_TIMEOUT = httpx2.Timeout(60.0, connect=5.0)
"""For a request that waits for another server, which may be slow."""

WAIT_S = 2
"""How long a request waits for a call's end before the command reports that it takes longer."""

PATIENCE_S = 30.0
"""How long a new task is sent repeatedly while the API doesn't respond."""

_AGENTS = TypeAdapter(tuple[AgentView, ...])
_MCP_SERVERS = TypeAdapter(tuple[McpServerView, ...])
_PROVIDERS = TypeAdapter(tuple[ProviderView, ...])
_SCHEDULES = TypeAdapter(tuple[ScheduleView, ...])
_SUBTASKS = TypeAdapter(tuple[SubtaskView, ...])
_TOOLS = TypeAdapter(tuple[ToolView, ...])
_VERSIONS = TypeAdapter(tuple[VersionView, ...])


class Client(Requests):
    """The API client of one signed-in caller."""

    async def me(self) -> MeView:
        return MeView.model_validate_json(await self._get("/auth/me"))

    async def token(self) -> str:
        """Return an access token that is valid now."""
        await self.me()
        return await self._session.access_token()

    async def change_password(self, current: str, new: str) -> None:
        """Change the caller's password and continue with the new session."""
        change = {"current_password": current, "new_password": new}
        await self._session.replace(Tokens.model_validate_json(await self._post("/auth/password", change)))

    async def create_task(self, spec: Mapping[str, Any]) -> TaskView:
        """Create a task. Every try has the same idempotency key, so the task is created only once."""
        key, give_up = uuid4().hex, time.monotonic() + PATIENCE_S
        pause_s = 0.2
        while True:
            try:
                answer = await self._post("/tasks", spec, headers={"Idempotency-Key": key})
                return TaskView.model_validate_json(answer)
            except (NotReachable, Refused) as error:
                away = isinstance(error, NotReachable) or error.problem.status == HTTPStatus.SERVICE_UNAVAILABLE
                if not away or time.monotonic() + pause_s > give_up:
                    raise
            await asyncio.sleep(pause_s)
            pause_s = min(2.0, pause_s * 2)

    async def task(self, task_id: TaskId) -> TaskView:
        return TaskView.model_validate_json(await self._get(f"/tasks/{task_id}"))

    async def tasks(
        self, *, statuses: Sequence[str] = (), limit: int = 20, cursor: str | None = None, shared: Shared | None = None
    ) -> TaskPage:
        params: dict[str, Any] = {"limit": limit, "status": list(statuses)}
        if shared is not None:
            params["shared"] = shared
        if cursor is not None:
            params["cursor"] = cursor
        return TaskPage.model_validate_json(await self._get("/tasks", params))

    async def subtasks(self, task_id: TaskId) -> tuple[SubtaskView, ...]:
        return await self._all(f"/tasks/{task_id}/subtasks", _SUBTASKS)

    async def limits(self) -> LimitsView:
        return LimitsView.model_validate_json(await self._get("/usage/limits"))

    async def limits_of(self, user_id: str) -> LimitsView:
        return LimitsView.model_validate_json(await self._get(f"/users/{quote(user_id, safe='')}/limits"))

    async def set_limits(self, user_id: str, limits: Mapping[str, int | None]) -> LimitsView:
        return LimitsView.model_validate_json(await self._put(f"/users/{quote(user_id, safe='')}/limits", limits))

    async def delete_task(self, task_id: TaskId) -> None:
        await self._send("DELETE", f"/tasks/{task_id}")

    async def codec_address(self) -> CodecAddress:
        return CodecAddress.model_validate_json(await self._post("/codec"))

    async def agents(self, *, shared: Shared | None = None) -> tuple[AgentView, ...]:
        return await self._all("/agents", _AGENTS, {} if shared is None else {"shared": shared})

    async def agent(self, name: str) -> AgentView:
        return AgentView.model_validate_json(await self._get(_agent_path(name)))

    async def create_agent(self, spec: Mapping[str, Any]) -> AgentView:
        return AgentView.model_validate_json(await self._post("/agents", spec))

    async def change_agent(self, name: str, spec: Mapping[str, Any]) -> AgentView:
        return AgentView.model_validate_json(await self._put(_agent_path(name), spec))

    async def agent_versions(self, name: str) -> tuple[VersionView, ...]:
        return await self._all(_agent_path(name, "/versions"), _VERSIONS)

    async def agent_diff(self, name: str, older: int, newer: int) -> VersionDiff:
        params = {"from": older, "to": newer}
        return VersionDiff.model_validate_json(await self._get(_agent_path(name, "/diff"), params))

    async def roll_back_agent(self, name: str, version: int) -> AgentView:
        answer = await self._post(_agent_path(name, "/rollback"), {"version": version})
        return AgentView.model_validate_json(answer)

    async def control_agent(self, name: str, what: str) -> AgentView:
        """Activate or deactivate an agent."""
        return AgentView.model_validate_json(await self._post(_agent_path(name, f"/{what}")))

    async def agent_status(self, name: str) -> AgentStatusView:
        return AgentStatusView.model_validate_json(await self._get(_agent_path(name, "/status")))

    async def agent_metrics(self, name: str, since: str | None) -> AgentMetricsView:
        params = {} if since is None else {"since": since}
        return AgentMetricsView.model_validate_json(await self._get(_agent_path(name, "/metrics"), params))

    async def delete_agent(self, name: str) -> None:
        await self._send("DELETE", _agent_path(name))

    async def tools(self, agent: str | None = None) -> tuple[ToolView, ...]:
        """Return the tools that agents can use, or those of one agent."""
        return await self._all("/tools", _TOOLS, {} if agent is None else {"agent": agent})

    async def tool(self, name: str) -> ToolDetails:
        return ToolDetails.model_validate_json(await self._get(f"/tools/{quote(name, safe='')}"))

    async def accept_tool(self, name: str, sha256: str) -> ToolDetails:
        answer = await self._post(f"/tools/{quote(name, safe='')}/accept", {"sha256": sha256})
        return ToolDetails.model_validate_json(answer)

    async def mcp_servers(self) -> tuple[McpServerView, ...]:
        return await self._all("/mcp-servers", _MCP_SERVERS)

    async def add_mcp_server(self, spec: Mapping[str, Any]) -> McpServerView:
        """Add a server. This waits for the server, which lists its tools."""
        return McpServerView.model_validate_json(await self._post("/mcp-servers", spec, timeout=SERVER_TIMEOUT))

    async def refresh_mcp_server(self, name: str) -> McpServerView:
        path = f"/mcp-servers/{quote(name, safe='')}/refresh"
        return McpServerView.model_validate_json(await self._post(path, timeout=SERVER_TIMEOUT))

    async def remove_mcp_server(self, name: str) -> None:
        await self._send("DELETE", f"/mcp-servers/{quote(name, safe='')}")

    async def models(self) -> ModelsView:
        return ModelsView.model_validate_json(await self._get("/agents/models/available"))

    async def providers(self) -> tuple[ProviderView, ...]:
        return _PROVIDERS.validate_json(await self._get("/ai/providers"))

    async def schedules(self) -> tuple[ScheduleView, ...]:
        return await self._all("/schedules", _SCHEDULES)

    async def schedule_runs(self, schedule_id: ScheduleId, *, limit: int = 20, cursor: str | None = None) -> TaskPage:
        params = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        return TaskPage.model_validate_json(await self._get(f"/schedules/{schedule_id}/runs", params))

    async def create_schedule(self, spec: Mapping[str, Any]) -> ScheduleView:
        return ScheduleView.model_validate_json(await self._post("/schedules", spec))

    async def preview_schedule(self, spec: Mapping[str, Any]) -> PreviewView:
        return PreviewView.model_validate_json(await self._post("/schedules/preview", spec))

    async def replace_schedule(self, schedule_id: ScheduleId, spec: Mapping[str, Any]) -> ScheduleView:
        return ScheduleView.model_validate_json(await self._put(f"/schedules/{schedule_id}", spec))

    async def backfill_schedule(self, schedule_id: ScheduleId, backfill: Mapping[str, Any]) -> BackfillView:
        answer = await self._post(f"/schedules/{schedule_id}/backfill", backfill)
        return BackfillView.model_validate_json(answer)

    async def control_schedule(self, schedule_id: ScheduleId, what: str) -> None:
        """Pause, resume or trigger a schedule."""
        await self._post(f"/schedules/{schedule_id}/{what}")

    async def delete_schedule(self, schedule_id: ScheduleId) -> None:
        await self._send("DELETE", f"/schedules/{schedule_id}")

    async def new_ai_call(
        self, operation: Operation, fields: Mapping[str, Any], key: str, *, file: tuple[str, bytes] | None = None
    ) -> AiCallId:
        """Request an embedding, image or transcription. Return after its end or after WAIT_S. Raises Refused."""
        headers = {"Prefer": f"wait={WAIT_S}", "Idempotency-Key": key}
        path = f"/ai/{operation}"
        if file is None:
            answer = await self._post(path, fields, headers)
        else:
            answer = await self._send("POST", path, headers=headers, data=dict(fields), files={"file": file})
        return AiCallId(str(from_json(answer)["id"]))

    async def ai_call(self, call_id: AiCallId) -> AiCallView:
        return AiCallView.model_validate_json(await self._get(f"/ai/calls/{call_id}"))

    async def ai_calls(self, *, limit: int = 20, cursor: str | None = None) -> AiCallPage:
        params = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        return AiCallPage.model_validate_json(await self._get("/ai/calls", params))

    async def cancel_ai_call(self, call_id: AiCallId) -> AiCallView:
        return AiCallView.model_validate_json(await self._post(f"/ai/calls/{call_id}/cancel"))

    async def upload(self, name: str, data: bytes) -> FileView:
        return FileView.model_validate_json(await self._send("POST", "/files", files={"file": (name, data)}))

    async def delete_file(self, file_id: FileId) -> None:
        await self._send("DELETE", f"/files/{file_id}")

    async def file_content(self, file_id: FileId) -> bytes:
        return await self._get(f"/files/{file_id}/content")

    async def task_files(self, task_id: TaskId, *, limit: int = 20, cursor: str | None = None) -> FilePage:
        params = {"limit": limit} | ({} if cursor is None else {"cursor": cursor})
        return FilePage.model_validate_json(await self._get(f"/tasks/{task_id}/files", params))

    async def estimate(self, spec: Mapping[str, Any]) -> TaskEstimate:
        return TaskEstimate.model_validate_json(await self._post("/tasks/estimate", spec))

    async def cost(self, task_id: TaskId) -> CostView:
        return CostView.model_validate_json(await self._get(f"/tasks/{task_id}/cost"))

    async def control(self, task_id: TaskId, what: str) -> TaskView:
        """Cancel, pause or resume a task."""
        return TaskView.model_validate_json(await self._post(f"/tasks/{task_id}/{what}"))

    async def messages(self, task_id: TaskId, path: str, cursor: str | None = None) -> MessagePage:
        params = {"path": path, "limit": 100} | ({} if cursor is None else {"cursor": cursor})
        return MessagePage.model_validate_json(await self._get(f"/tasks/{task_id}/messages", params))

    async def retry(self, task_id: TaskId, wish: TaskRetry) -> TaskView:
        return TaskView.model_validate_json(await self._post(f"/tasks/{task_id}/retry", _body_of(wish)))

    async def set_budget(self, task_id: TaskId, budget: Budget) -> TaskView:
        return TaskView.model_validate_json(await self._post(f"/tasks/{task_id}/budget", _body_of(budget)))

    async def steer(self, task_id: TaskId, guidance: Guidance) -> GuidanceView:
        return GuidanceView.model_validate_json(await self._post(f"/tasks/{task_id}/steer", _body_of(guidance)))

    async def approvals(
        self, *, statuses: Sequence[str] = (), limit: int = 20, cursor: str | None = None
    ) -> ApprovalPage:
        """Return a page of the caller's inbox or, with statuses, of all approvals that the caller can see."""
        params: dict[str, Any] = {"limit": limit, "status": list(statuses)}
        if cursor is not None:
            params["cursor"] = cursor
        return ApprovalPage.model_validate_json(await self._get("/approvals", params))

    async def approval(self, approval_id: ApprovalId) -> ApprovalView:
        return ApprovalView.model_validate_json(await self._get(f"/approvals/{approval_id}"))

    async def decide(self, approval_id: ApprovalId, decision: Mapping[str, Any]) -> ApprovalView:
        answer = await self._post(f"/approvals/{approval_id}/decision", decision)
        return ApprovalView.model_validate_json(answer)

    async def answer(self, question_id: ApprovalId, text: str) -> ApprovalView:
        answer = await self._post(f"/approvals/{question_id}/answer", {"answer": text})
        return ApprovalView.model_validate_json(answer)

    async def notifications(self, *, unread: bool, limit: int = 20, cursor: str | None = None) -> NotificationPage:
        """Return a page of the caller's notifications, newest first."""
        params: dict[str, Any] = {"limit": limit, "unread": str(unread).lower()}
        if cursor is not None:
            params["cursor"] = cursor
        return NotificationPage.model_validate_json(await self._get("/system/notifications", params))

    async def read_notification(self, notification_id: NotificationId) -> NotificationView:
        answer = await self._post(f"/system/notifications/{notification_id}/read")
        return NotificationView.model_validate_json(answer)

    async def read_notifications(self, up_to: NotificationId) -> NotificationCounts:
        return NotificationCounts.model_validate_json(await self._post("/system/notifications/read", {"up_to": up_to}))

    async def delegate_approval(self, approval_id: ApprovalId, wish: Mapping[str, Any]) -> ApprovalView:
        return ApprovalView.model_validate_json(await self._post(f"/approvals/{approval_id}/delegate", wish))

    async def overview(self, params: Mapping[str, Any]) -> Overview:
        return Overview.model_validate_json(await self._get("/analytics/overview", params))

    async def system_log(self, params: Mapping[str, Any]) -> LogPage:
        return LogPage.model_validate_json(await self._get("/system/logs", params))

    async def policy(self) -> PolicyView:
        return PolicyView.model_validate_json(await self._get("/policy"))

    async def set_policy(self, policy: Mapping[str, Any], *, installation: bool) -> Any:
        """Replace the caller's rules, or those of the installation; return the API's response."""
        return from_json(await self._put(f"/policy{'/installation' if installation else ''}", policy))

    async def try_policy(self, call: Mapping[str, Any]) -> PolicyTestView:
        return PolicyTestView.model_validate_json(await self._post("/policy/test", call))

    def events(self, task_id: TaskId, after: int) -> AbstractAsyncContextManager[httpx2.EventSource]:
        """Open the stream of a task's frames after the sequence number `after`."""
        return self.stream(f"/tasks/{task_id}/events", {"after": after})


def _body_of(body: Body) -> dict[str, Any]:
    return body.model_dump(mode="json", exclude_none=True)


def _agent_path(name: str, rest: str = "") -> str:
    return f"/agents/{quote(name, safe='')}{rest}"
