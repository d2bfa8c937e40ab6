"""Remedies as requests that programs can send."""

from typing import Literal
from urllib.parse import quote

from pydantic import Field

from models.base import Contract
from models.remedies import Action, Remedy

_API = "/api/v1"
"""As in `api/deps.py`, which can't be imported here because it imports this module. A test checks each address."""

Method = Literal["GET", "POST", "PUT", "DELETE"]

REQUESTS: dict[Action, tuple[Method, str] | None] = {
    Action.SIGN_IN: ("POST", f"{_API}/auth/login"),
    Action.REFRESH_TOKEN: ("POST", f"{_API}/auth/refresh"),
    Action.CREATE_API_KEY: ("POST", f"{_API}/auth/api-keys"),
    Action.LIST_API_KEYS: ("GET", f"{_API}/auth/api-keys"),
    Action.LIST_USERS: ("GET", f"{_API}/users"),
    Action.LIST_INVITATIONS: ("GET", f"{_API}/invitations"),
    Action.LIST_SESSIONS: ("GET", f"{_API}/auth/sessions"),
    Action.CREATE_CODEC_ADDRESS: ("POST", f"{_API}/codec"),
    Action.CREATE_TASK: ("POST", f"{_API}/tasks"),
    Action.EXECUTE_TASK: ("POST", f"{_API}/tasks/{{target}}/execute"),
    Action.RESUME_TASK: ("POST", f"{_API}/tasks/{{target}}/resume"),
    Action.RETRY_TASK: ("POST", f"{_API}/tasks/{{target}}/retry"),
    Action.RAISE_BUDGET: ("POST", f"{_API}/tasks/{{target}}/budget"),
    Action.CANCEL_TASK: ("POST", f"{_API}/tasks/{{target}}/cancel"),
    Action.DELETE_TASK: ("DELETE", f"{_API}/tasks/{{target}}"),
    Action.SHOW_TASK: ("GET", f"{_API}/tasks/{{target}}"),
    Action.SHOW_COST: ("GET", f"{_API}/tasks/{{target}}/cost"),
    Action.SHOW_LIMITS: ("GET", f"{_API}/usage/limits"),
    Action.LIST_TASKS: ("GET", f"{_API}/tasks"),
    Action.CREATE_AGENT: ("POST", f"{_API}/agents"),
    Action.CHANGE_AGENT: ("PUT", f"{_API}/agents/{{target}}"),
    Action.ACTIVATE_AGENT: ("POST", f"{_API}/agents/{{target}}/activate"),
    Action.LIST_AGENT_VERSIONS: ("GET", f"{_API}/agents/{{target}}/versions"),
    Action.LIST_AGENTS: ("GET", f"{_API}/agents"),
    Action.LIST_TOOLS: ("GET", f"{_API}/tools"),
    Action.SHOW_TOOL: ("GET", f"{_API}/tools/{{target}}"),
    Action.ACCEPT_TOOL: ("POST", f"{_API}/tools/{{target}}/accept"),
    Action.LIST_MCP_SERVERS: ("GET", f"{_API}/mcp-servers"),
    Action.LIST_MODELS: ("GET", f"{_API}/agents/models/available"),
    Action.LIST_PROVIDERS: ("GET", f"{_API}/ai/providers"),
    Action.SHOW_APPROVAL: ("GET", f"{_API}/approvals/{{target}}"),
    Action.LIST_APPROVALS: ("GET", f"{_API}/approvals"),
    Action.RAISE_REPLY_BUDGET: ("POST", f"{_API}/replies/{{target}}/budget"),
    Action.SHOW_REPLY: ("GET", f"{_API}/replies/{{target}}"),
    Action.SHOW_AI_CALL: ("GET", f"{_API}/ai/calls/{{target}}"),
    Action.LIST_AI_CALLS: ("GET", f"{_API}/ai/calls"),
    Action.LIST_FILES: ("GET", f"{_API}/files"),
    Action.LIST_CHAT_SESSIONS: ("GET", f"{_API}/chat/sessions"),
    Action.LIST_CHAT_MESSAGES: ("GET", f"{_API}/chat/sessions/{{target}}/messages"),
    Action.LIST_SCHEDULES: ("GET", f"{_API}/schedules"),
    Action.CHECK_HEALTH: ("GET", "/health"),
    Action.READ_API_DOCUMENT: ("GET", "/openapi.json"),
    Action.START_CHIMERA: None,  # before the start, nothing answers requests
}
"""The request for each action; None for an action that only a command can carry out."""


class RemedyView(Contract):
    """A remedy, with the request that performs its action."""

    action: Action
    target: str | None = Field(default=None, description="ID or name of the object that the action applies to")
    method: Method
    href: str = Field(description="Request path on this server")
    body: dict[str, int] | None = Field(
        default=None, description="Fields to send in the request body. `null` if no fields are suggested."
    )


def view_of(remedy: Remedy | None) -> RemedyView | None:
    """Return a remedy as a request; None if there is none."""
    request = REQUESTS[remedy.action] if remedy else None
    if remedy is None or request is None:
        return None
    method, template = request
    href = template.replace("{target}", quote(remedy.target or "", safe=""))
    return RemedyView(
        action=remedy.action, target=remedy.target, method=method, href=href, body=dict(remedy.options) or None
    )
