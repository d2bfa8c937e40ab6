"""Remedies as commands."""

import re

from cli.output.bill import as_option
from cli.output.text import one_line, short
from models.remedies import Action, Remedy

COMMANDS: dict[Action, str | None] = {
    Action.SIGN_IN: "login",
    Action.REFRESH_TOKEN: None,  # commands renew their sign-in by themselves
    Action.CREATE_API_KEY: "keys create <name>",
    Action.LIST_API_KEYS: "keys list",
    Action.LIST_USERS: "users list",
    Action.LIST_INVITATIONS: "users invitations",
    Action.LIST_SESSIONS: "account sessions",
    Action.CREATE_CODEC_ADDRESS: "codec",
    Action.CREATE_TASK: "run <goal>",
    Action.EXECUTE_TASK: None,  # only programs create and start drafts
    Action.RESUME_TASK: "resume {target}",
    Action.RETRY_TASK: "retry {target}",
    Action.RAISE_BUDGET: "budget {target}",
    Action.CANCEL_TASK: "cancel {target}",
    Action.DELETE_TASK: "delete {target}",
    Action.SHOW_TASK: "show {target}",
    Action.SHOW_COST: "cost {target}",
    Action.SHOW_LIMITS: "limits",
    Action.LIST_TASKS: "tasks",
    Action.CREATE_AGENT: "agents create <name> --prompt <prompt>",
    Action.CHANGE_AGENT: "agents change {target}",
    Action.ACTIVATE_AGENT: "agents activate {target}",
    Action.LIST_AGENT_VERSIONS: "agents versions {target}",
    Action.LIST_AGENTS: "agents",
    Action.LIST_TOOLS: "tools list",
    Action.SHOW_TOOL: "tools show {target}",
    Action.ACCEPT_TOOL: "tools accept {target}",
    Action.LIST_MCP_SERVERS: "mcp list",
    Action.LIST_MODELS: "models",
    Action.LIST_PROVIDERS: "models",
    Action.SHOW_APPROVAL: "approvals show {target}",
    Action.LIST_APPROVALS: "approvals",
    Action.SHOW_REPLY: None,  # no command shows a single reply
    Action.RAISE_REPLY_BUDGET: None,
    Action.SHOW_AI_CALL: "calls show {target}",
    Action.LIST_AI_CALLS: "calls",
    Action.LIST_FILES: None,  # no command lists files
    Action.LIST_CHAT_SESSIONS: None,  # no command lists sessions
    Action.LIST_CHAT_MESSAGES: None,  # no command lists messages
    Action.LIST_SCHEDULES: "schedules list",
    Action.CHECK_HEALTH: "doctor",
    Action.READ_API_DOCUMENT: None,  # commands know the addresses
    Action.START_CHIMERA: "up",
}
"""The command for each action, without `chimera`; None for an action that no command can carry out."""

_NAMED = frozenset(
    {
        Action.CHANGE_AGENT,
        Action.ACTIVATE_AGENT,
        Action.LIST_AGENT_VERSIONS,
        Action.SHOW_TOOL,
        Action.ACCEPT_TOOL,
    }
)
"""Actions on objects with names. Other objects have IDs, whose beginning is sufficient."""

_SPENDING_LIMIT = re.compile(r"\bmax_cost_(day|month)_micro_usd\b")
"""A user's limit in a message: the API's field, which the command line sets with an option."""

_LOOKING = ("show_", "list_", "check_")
"""Prefixes of actions that don't change anything."""


def command_of(remedy: Remedy | None) -> str | None:
    """Return the command of a remedy; None if there is none."""
    command = COMMANDS[remedy.action] if remedy else None
    if remedy is None or command is None:
        return None
    target = one_line(remedy.target or "")
    named = command.format(target=target if remedy.action in _NAMED else short(target))
    return " ".join(["chimera", named.strip(), *(as_option(*each) for each in remedy.options.items())])


def run_line(remedy: Remedy | None) -> str:
    """Return a line with the remedy's command; empty if there is none."""
    command = command_of(remedy)
    if remedy is None or command is None:
        return ""
    return f"{'See' if remedy.action.startswith(_LOOKING) else 'Run'}: {command}"


def with_command(message: str, remedy: Remedy | None) -> str:
    """Append the remedy's command to a message."""
    if remedy is not None and remedy.action is Action.SHOW_LIMITS:
        message = _SPENDING_LIMIT.sub(r"this limit with 'chimera limits USER --\1 <USD>'", message)
    return " ".join(filter(None, (message, run_line(remedy))))
