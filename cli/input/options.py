"""The API's names of fields, translated to options of the command."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cli.errors import FieldProblem

Options = Mapping[str, str]
"""The option or argument of a command by the field that it becomes: `{"task.budget": "--budget-usd"}`."""

NO_OPTIONS: Options = {}

REPEATED = frozenset({"--tool", "--fallback", "--image", "TEXT"})
"""Options and arguments that may be given more than once, each with one value of a list."""

BODY = "body"
"""The field of problems of a whole request: no option has that name."""


def option_of(field: str, options: Options) -> str:
    """Name the option of a field or of what it is in, with the place below it; the field itself where none is known."""
    parts = field.split(".")
    for length in range(len(parts), 0, -1):
        if (option := options.get(".".join(parts[:length]))) is not None:
            rest = ".".join(parts[length:])
            if rest.isdecimal() and option in REPEATED:
                return f"{option}, number {int(rest) + 1}"
            return f"{option}, at {rest}" if rest else option
    return field


def in_options(problem: "FieldProblem", options: Options) -> tuple[str, str]:
    """Return a field's problem as an option's: the option, and the problem."""
    option = option_of(problem.field, options)
    # Within a file, fields keep their names.
    return option, problem.message if ", at " in option else with_options(problem.message, options)


def with_options(message: str, options: Options) -> str:
    """Name the options in a message that names fields."""
    for field, option in options.items():
        name = field.rpartition(".")[2]
        # Others are ordinary words, too.
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
}
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
