"""Remedies of errors: actions, not addresses or commands.

The API shows a remedy as a request (`api/remedies.py`), the command line as a command (`cli/output/remedies.py`).
"""

from collections.abc import Mapping
from enum import StrEnum
from math import ceil

from pydantic import Field

from models.base import Contract
from models.ids import RunId

CENT_MICRO_USD = 10_000


class Action(StrEnum):
    """An action that an error recommends. Each one is available as a request, a command, or both."""

    SIGN_IN = "sign_in"
    REFRESH_TOKEN = "refresh_token"  # noqa: S105  # no secret
    CREATE_API_KEY = "create_api_key"
    LIST_API_KEYS = "list_api_keys"
    LIST_USERS = "list_users"
    LIST_INVITATIONS = "list_invitations"
    LIST_SESSIONS = "list_sessions"
    CREATE_CODEC_ADDRESS = "create_codec_address"
    CREATE_TASK = "create_task"
    EXECUTE_TASK = "execute_task"
    RESUME_TASK = "resume_task"
    RETRY_TASK = "retry_task"
    RAISE_BUDGET = "raise_budget"
    CANCEL_TASK = "cancel_task"
    DELETE_TASK = "delete_task"
    SHOW_TASK = "show_task"
    SHOW_COST = "show_cost"
    SHOW_LIMITS = "show_limits"
    LIST_TASKS = "list_tasks"
    CREATE_AGENT = "create_agent"
    CHANGE_AGENT = "change_agent"
    ACTIVATE_AGENT = "activate_agent"
    LIST_AGENT_VERSIONS = "list_agent_versions"
    LIST_AGENTS = "list_agents"
    LIST_TOOLS = "list_tools"
    SHOW_TOOL = "show_tool"
    ACCEPT_TOOL = "accept_tool"
    LIST_MCP_SERVERS = "list_mcp_servers"
    LIST_MODELS = "list_models"
    LIST_PROVIDERS = "list_providers"
    SHOW_APPROVAL = "show_approval"
    LIST_APPROVALS = "list_approvals"
    SHOW_REPLY = "show_reply"
    RAISE_REPLY_BUDGET = "raise_reply_budget"
    SHOW_AI_CALL = "show_ai_call"
    LIST_AI_CALLS = "list_ai_calls"
    LIST_FILES = "list_files"
    LIST_CHAT_SESSIONS = "list_chat_sessions"
    LIST_CHAT_MESSAGES = "list_chat_messages"
    LIST_SCHEDULES = "list_schedules"
    CHECK_HEALTH = "check_health"
    READ_API_DOCUMENT = "read_api_document"
    START_CHIMERA = "start_chimera"


class Remedy(Contract):
    """An action that helps you continue."""

    action: Action
    target: str | None = Field(default=None, description="ID or name of the object that the action applies to")
    options: Mapping[str, int] = Field(default_factory=dict, description="Fields to send when performing the action")


def raise_budget(run_id: RunId, limit: str, needed: int | None) -> Remedy:
    """Return the remedy that raises the limit that a call would exceed.

    The new limit is twice the amount that the call `needed`, because a lower one would soon be reached again. Amounts
    of money are rounded up to whole cents.
    """
    if needed is None:
        return Remedy(action=Action.RAISE_BUDGET, target=run_id)
    unit = CENT_MICRO_USD if limit == "max_cost_micro_usd" else 1
    return Remedy(action=Action.RAISE_BUDGET, target=run_id, options={limit: ceil(2 * needed / unit) * unit})
