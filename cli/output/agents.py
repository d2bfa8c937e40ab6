"""Prints agents, their versions, status and metrics."""

from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.prose import print_answer, print_line, print_prose
from cli.output.tables import MODEL_CHARS, print_table
from cli.output.text import count, one_line, plain, short

if TYPE_CHECKING:
    from pydantic import JsonValue

    from models.agent_activity import AgentMetricsView, AgentStatusView, VersionMetrics
    from models.agent_versions import VersionDiff, VersionView
    from models.agents import AgentLimits, AgentView


def print_agents(agents: Sequence["AgentView"]) -> None:
    if not agents:
        print_line("No agents are shared with you.")
        return
    print_table(Console(highlight=False), table_of(agents))


def print_agent(agent: "AgentView") -> None:
    """Print an agent's fields, the prompt last."""
    console = Console(highlight=False)
    for label, value in facts_of(agent):
        print_prose(console, Text.assemble((f"{label:<12}", "dim"), one_line(value, 600)), indent=12)
    console.print(Text("Prompt", style="bold"))
    print_answer(plain(agent.prompt))


def print_versions(versions: Sequence["VersionView"]) -> None:
    """Print a line per version."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Version", "Created"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Changed", ratio=1)
    for version in versions:
        created = f"{version.created_at.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
        table.add_row(str(version.version), created, Text(one_line(", ".join(version.changed))))
    print_table(Console(highlight=False), table)


def print_diff(diff: "VersionDiff") -> None:
    """Print the fields that differ, and the changed lines of the prompt."""
    if not diff.changes:
        print_line(f"Versions {diff.from_version} and {diff.to_version} are equal.")
    for change in diff.changes:
        if change.diff is None:
            print_line(one_line(f"{change.field}: {_written(change.before)} → {_written(change.after)}", 2000))
        else:
            print_line(f"{change.field}:")
            print_answer(plain(change.diff))


def print_status(status: "AgentStatusView") -> None:
    """Print the calls in flight, and how many tasks are waiting."""
    for wait in status.waits_for:
        who = ", ".join(wait.approvers) or "an administrator"
        print_line(
            f"It waits for {one_line(who, 300)} in task {short(wait.task_id)}. See: chimera approvals show"
            f" {short(wait.approval_id)}"
        )
    waiting = f"{count(status.tasks_waiting, 'task')}" if status.tasks_waiting else "no tasks"
    waiting += " waiting for it"
    if not status.calls:
        state = "has no model calls in flight" if status.waits_for else "is idle"
        print_line(f"The agent {state}, with {waiting}.")
        return
    print_line(f"The agent is busy with {count(len(status.calls), 'model call')}, with {waiting}.")
    table = Table(box=None, pad_edge=False)
    for heading in ("Task", "Subtask", "Call", "Since"):
        table.add_column(heading, no_wrap=True)
    for call in status.calls:
        since = f"{call.since.astimezone(UTC):%Y-%m-%d %H:%M:%S UTC}"
        table.add_row(short(call.task_id), Text(one_line(call.path)), f"{call.purpose} {call.step}", since)
    print_table(Console(highlight=False), table)


def print_metrics(metrics: "AgentMetricsView") -> None:
    """Print a line per version."""
    since = f"{metrics.since.astimezone(UTC):%Y-%m-%d %H:%M UTC}"
    if not metrics.versions:
        print_line(f"The agent has made no model calls in tasks created since {since}.")
        return
    print_line(f"In tasks created since {since}:")
    table = Table(box=None, pad_edge=False)
    for heading in ("Version", "Calls", "Attempts", "p50", "p95", "Input", "Output", "Cost"):
        table.add_column(heading, no_wrap=True, justify="right")
    table.add_column("Failures", overflow="fold")
    for each in metrics.versions:
        table.add_row(*_cells_of(each))
    print_table(Console(highlight=False), table)


def table_of(agents: Sequence["AgentView"]) -> Table:
    """Return a table with one line per agent."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Agent", "Version", "Tools"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Model", overflow="fold", max_width=MODEL_CHARS)
    table.add_column("Use", ratio=1)
    for agent in agents:
        cells = (agent.name, _version_of(agent), ", ".join(agent.tools), agent.model or "", agent.description)
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    return table


def facts_of(agent: "AgentView") -> list[tuple[str, str]]:
    """Return an agent's fields with their labels, without unset fields."""
    facts = (
        ("Agent", f"{agent.name}{' (built in)' if agent.built_in else ''}"),
        ("Shared", f"with you, with the right {agent.right.value!r}" if agent.right else ""),
        ("ID", agent.id or "" if agent.right else ""),
        ("Version", _version_of(agent)),
        ("Role", agent.role),
        ("For", agent.description),
        ("Model", agent.model or "the task's"),
        ("Fallbacks", ", ".join(agent.fallbacks)),
        ("Tools", ", ".join(agent.tools)),
        ("Temperature", "" if agent.temperature is None else f"{agent.temperature:g}"),
        ("Reasoning", agent.reasoning_effort or ""),
        ("Answers", f"at most {agent.max_output_tokens:,} tokens{', as typed JSON' if agent.output_schema else ''}"),
        ("Limits", limits_of(agent.limits)),
    )
    return [(label, value) for label, value in facts if value]


def limits_of(limits: "AgentLimits") -> str:
    """Describe an agent's limits per subtask."""
    # Imported here, because help loads this file but doesn't show amounts.
    from models.base import usd

    parts = (
        count(limits.max_turns, "turn") if limits.max_turns else "",
        count(limits.max_tool_calls, "tool call") if limits.max_tool_calls else "",
        f"{limits.max_identical_calls} identical turns in a row",
        count(limits.max_seconds, "second") if limits.max_seconds else "",
        usd(limits.max_cost_micro_usd) if limits.max_cost_micro_usd else "",
    )
    return ", ".join(part for part in parts if part)


def _version_of(agent: "AgentView") -> str:
    """Return the version and whether the agent is inactive; empty for a built-in agent."""
    if agent.version is None:
        return ""
    return str(agent.version) if agent.active else f"{agent.version}, inactive"


def _written(value: "JsonValue") -> str:
    """Return a field's value as a person would write it."""
    if value is None or value == "" or value == []:
        return "(none)"
    if isinstance(value, dict):
        # Without what isn't set, because most agents set few limits.
        return ", ".join(f"{name}: {each}" for name, each in value.items() if each is not None) or "(none)"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _cells_of(version: "VersionMetrics") -> tuple[str | Text, ...]:
    # Imported here, because help loads this file but doesn't show amounts.
    from models.base import usd

    failures = ", ".join(f"{code} {times:,}" for code, times in sorted(version.failures.items()))
    return (
        "" if version.version is None else str(version.version),
        f"{version.calls:,}",
        f"{version.attempts:,}",
        _seconds(version.latency_p50_ms),
        _seconds(version.latency_p95_ms),
        f"{version.usage.input_tokens:,}",
        f"{version.usage.output_tokens:,}",
        usd(version.cost_micro_usd),
        Text(one_line(failures)),
    )


def _seconds(milliseconds: int | None) -> str:
    return "" if milliseconds is None else f"{milliseconds / 1000:,.2f} s"
