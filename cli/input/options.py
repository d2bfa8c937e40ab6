"""Translates the names of the API's fields to the options of a command."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.errors import FieldProblem

Options = Mapping[str, str]
"""The options or arguments of a command, by the field that each sets: `{"task.budget": "--budget-usd"}`."""

NO_OPTIONS: Options = {}

REPEATED = frozenset({"--tool", "--fallback", "--image", "TEXT", "--header"})
"""Options and arguments that may be given more than once, each time with one item of a list."""

BODY = "body"
"""The field name in problems with a whole request. No option has this name."""


def option_of(field: str, options: Options) -> str:
    """Return the option for a field or its nearest parent, with the rest of the path; the field if there is none."""
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        if (option := options.get(".".join(parts[:length]))) is not None:
            rest = ".".join(parts[length:])
            if rest.isdecimal() and option in REPEATED:
                return f"{option}, number {int(rest) + 1}"
            return f"{option}, at {rest}" if rest else option
    return field


def in_options(problem: "FieldProblem", options: Options) -> tuple[str, str]:
    """Translate a problem with a field to an option: return the option and the message."""
    option = option_of(problem.field, options)
    # In a file, fields keep their names.
    return option, problem.message if ", at " in option else with_options(problem.message, options)


def with_options(message: str, options: Options) -> str:
    """Replace the names of fields in a message with options."""
    for field, option in options.items():
        name = field.rpartition(".")[2]
        # Names without an underscore are also ordinary words.
        if "_" in name:
            message = re.sub(rf"\b{name}\b", option, message)
    return message


TASK: Options = {
    "goal": "GOAL",
    "model": "--model",
    "budget.max_cost_micro_usd": "--budget-usd",
    "budget": "--budget-usd",
    "plan": "--plan",
    "images": "--image",
    "limits.max_output_tokens": "--max-output-tokens",
    "limits.max_turns": "--max-turns",
    "output_schema": "--output-schema",
    "on_failure": "--on-failure",
    "on_truncated": "--on-truncated",
    "subtasks": "--subtasks",
    "priority": "--priority",
}
TIMING: Options = {
    "cron": "--cron",
    "interval_s": "--interval-s",
    "time_zone": "--time-zone",
    "overlap": "--overlap",
    "after": "--after",
}
SCHEDULE: Options = {"name": "NAME", **TIMING, **{f"task.{field}": option for field, option in TASK.items()}}
CHANGE: Options = {**SCHEDULE, "name": "--name", "task.goal": "--goal"}
AGENT: Options = {
    "name": "NAME",
    "prompt": "--prompt",
    "description": "--description",
    "role": "--role",
    "model": "--model",
    "fallbacks": "--fallback",
    "tools": "--tool",
    "temperature": "--temperature",
    "reasoning_effort": "--reasoning-effort",
    "max_output_tokens": "--max-output-tokens",
    "limits.max_turns": "--max-turns",
    "limits.max_tool_calls": "--max-tool-calls",
    "limits.max_identical_calls": "--max-identical-calls",
    "limits.max_seconds": "--max-seconds",
    "limits.max_cost_micro_usd": "--max-cost-usd",
    "output_schema": "--output-schema",
}
MCP_SERVER: Options = {"name": "NAME", "url": "URL", "headers": "--header"}
LIMITS: Options = {"user_id": "USER", "max_cost_day_micro_usd": "--day", "max_cost_month_micro_usd": "--month"}
API_KEY: Options = {"name": "NAME", "scopes": "--scope", "expires_in_days": "--days"}
USER: Options = {"role": "ROLE"}
INVITATION: Options = {"email": "--email", "role": "--role", "expires_in_hours": "--hours"}
GROUP: Options = {"name": "NAME"}
MEMBER: Options = {"email": "EMAIL", "role": "--manager"}
SHARE: Options = {"right": "--right"}
CHAT: Options = {"agent": "--agent", "model": "--model", "instructions": "--system", "text": "MESSAGE"}
SERVICE_ACCOUNT: Options = {"name": "NAME", "role": "--role"}
ME: Options = {"name": "--name", "email": "--email", "preferences.time_zone": "--time-zone", "time_zone": "--time-zone"}
BACKFILL: Options = {"start": "--start", "end": "--end", "overlap": "--overlap"}
BUDGET: Options = {
    "max_cost_micro_usd": "--usd",
    "max_tokens": "--tokens",
    "max_model_calls": "--requests",
}
RETRY: Options = {
    "model": "--model",
    "guidance": "--guidance",
    **{f"budget.{field}": option for field, option in BUDGET.items()},
}
GUIDANCE: Options = {"text": "GUIDANCE", "path": "--path"}
NODE: Options = {"path": "--path"}
LIST: Options = {"status": "--status", "limit": "--limit"}
EMBED: Options = {"input": "TEXT", "model": "--model", "dimensions": "--dimensions"}
IMAGE: Options = {"prompt": "PROMPT", "model": "--model", "size": "--size"}
TRANSCRIBE: Options = {"file": "AUDIO", "model": "--model", "language": "--language", "prompt": "--prompt"}
APPROVAL: Options = {"arguments": "--arguments", "reason": "--reason"}
OUTCOME: Options = {"result": "--result"}
ANSWER: Options = {"answer": "ANSWER"}
DELEGATE: Options = {"to": "EMAIL"}
POLICY_TEST: Options = {"tool": "TOOL", "agent": "--agent", "arguments": "--arguments"}
