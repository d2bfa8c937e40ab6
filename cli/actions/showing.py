"""Show tasks: a list of them, or one with all that belongs to it."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic_core import to_json
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.actions.ids import short, task_named
from cli.client import Client
from cli.connect import connected
from cli.settings import where_settings
from cli.text import count, one_line, plain
from models.base import UtcDatetime, usd
from models.costs import CostView
from models.subtasks import SubtaskView
from models.tasks import Budget, TaskPage, TaskView

PAGE = 100


async def list_tasks(statuses: Sequence[str], limit: int, *, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        tasks = await _newest(client, statuses, limit)
    if as_json:
        print(TaskPage(items=tuple(tasks), next_cursor=None).model_dump_json(indent=2))
    elif not tasks:
        print(_no_tasks(statuses))
    else:
        Console(highlight=False).print(_list_of(tasks))
    return 0


async def list_agents(*, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        agents = await client.agents()
    if as_json:
        print(to_json(agents, indent=2).decode())
        return 0
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Agent", "Tools", "Model"):
        table.add_column(heading, no_wrap=True)
    table.add_column("What it is for", ratio=1)
    for agent in agents:
        cells = (agent.name, ", ".join(agent.tools), agent.model or "", agent.description)
        table.add_row(*(Text(one_line(cell, 500)) for cell in cells))
    Console(highlight=False).print(table)
    return 0


async def show(name: str, *, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        task = await task_named(client, name)
        subtasks, cost = await client.subtasks(task.id), await client.cost(task.id)
    if as_json:
        print(task.model_dump_json(indent=2))
        return 0
    console = Console(highlight=False)
    for name, value in facts_of(task, cost):
        console.print(Text.assemble((f"{name:<10}", "dim"), one_line(value, 600)), soft_wrap=True)
    if subtasks:
        console.print(_table_of(subtasks))
    if task.result:
        console.print(Text("Result (simulated)" if task.simulated else "Result", style="bold"))
        sys.stdout.write(plain(task.result).rstrip() + "\n")
    return 0


async def _newest(client: Client, statuses: Sequence[str], limit: int) -> list[TaskView]:
    tasks: list[TaskView] = []
    cursor: str | None = None
    while len(tasks) < limit:
        page = await client.tasks(statuses=statuses, limit=min(PAGE, limit - len(tasks)), cursor=cursor)
        tasks += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    return tasks


def _no_tasks(statuses: Sequence[str]) -> str:
    if statuses:
        return f"No task is {one_line(' or '.join(statuses), 200)}. Without --status all are listed: chimera tasks"
    return 'No tasks yet. Hand one in: chimera run "<goal>"'


def _list_of(tasks: Sequence[TaskView]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "Status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Subtasks", "Requests", "Cost", "Age"):
        table.add_column(heading, no_wrap=True, justify="right")
    # The title takes what the others leave.
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for task in tasks:
        done = f"{task.subtasks_done}/{task.subtasks_total}"
        cells = (short(task.id), task.status, done, str(task.model_calls), usd(task.spent_micro_usd), _age_of(task))
        table.add_row(*cells, Text(one_line(task.title or task.goal, 200)))
    return table


def facts_of(task: TaskView, cost: CostView) -> list[tuple[str, str]]:
    """Name what a person wants to know of a task; what there is nothing to say about is left out."""
    models = ", ".join(f"{each.model}{' (simulated)' if each.simulated else ''}" for each in cost.by_model)
    tokens = count(cost.usage.input_tokens + cost.usage.output_tokens, "token")
    requests = f"{count(cost.model_calls, 'request')} to models"
    doubtful = f"at most {usd(cost.doubtful_micro_usd)}, for requests whose end nobody saw (they count for the budget)"
    why = f": {task.error_code}: {task.error}" if task.error_code else ""
    if task.waiting is not None:
        why = f": {task.waiting.message}"
    facts = (
        ("Task", task.id),
        ("Goal", task.goal),
        ("Status", f"{task.status}{why}"),
        ("Held up", _held_up_in(task)),
        ("Subtasks", f"{task.subtasks_done} of {task.subtasks_total} done"),
        ("Models", models or task.model or ""),
        ("Cost", f"{usd(cost.spent_micro_usd)} for {requests}, {tokens}"),
        ("Doubtful", doubtful if cost.doubtful_micro_usd else ""),
        ("Budget", _limits_of(task.budget)),
        ("Began", _when(task.started_at)),
        ("Ended", _when(task.ended_at)),
        ("Web UI", task.temporal_url),
    )
    return [(name, value) for name, value in facts if value]


def _held_up_in(task: TaskView) -> str:
    """Say why calls get no answer, each reason once."""
    reasons = dict.fromkeys(f"{call.code}: {call.message}" for call in task.held_up)
    return f"{count(len(task.held_up), 'call')} by the provider: {' '.join(reasons)}" if reasons else ""


def _limits_of(budget: Budget | None) -> str:
    if budget is None:
        return ""
    limits = (
        usd(budget.max_cost_micro_usd) if budget.max_cost_micro_usd is not None else "",
        count(budget.max_tokens, "token") if budget.max_tokens is not None else "",
        count(budget.max_model_calls, "request") if budget.max_model_calls is not None else "",
    )
    return ", ".join(filter(None, limits))


def _table_of(subtasks: Sequence[SubtaskView]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Subtask", "Status", "Agent", "Turns", "Cost"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Result", no_wrap=True, overflow="ellipsis", ratio=1)
    for subtask in subtasks:
        said = subtask.error or subtask.result or subtask.title
        cells = (subtask.path, subtask.status, subtask.agent, str(subtask.turns), usd(subtask.spent_micro_usd), said)
        table.add_row(*(Text(one_line(cell, 200)) for cell in cells))
    return table


def _when(at: UtcDatetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _age_of(task: TaskView) -> str:
    seconds = int((datetime.now(UTC) - task.created_at).total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"
