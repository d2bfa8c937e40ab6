"""Prints a list of tasks, or one task with its subtasks and result."""

from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.bill import in_a_column, in_doubt_of, limits_of, marked, spent_of
from cli.output.costs import THE_TASK, is_partial
from cli.output.endings import ending_of, with_ending
from cli.output.files import named
from cli.output.outcomes import answer_of, error_of, next_step_of
from cli.output.prose import print_answer, print_line, print_prose
from cli.output.remedies import with_command
from cli.output.tables import print_table
from cli.output.text import count, one_line, plain, short, versioned
from models.base import UtcDatetime, usd
from models.costs import CostView, NodeCost
from models.errors import ModelLoading
from models.files import FilePage
from models.ids import ROOT, TaskId
from models.model_calls import PURPOSES, Purpose
from models.runs import RunStatus
from models.subtasks import SubtaskView
from models.tasks import BlockedCall, TaskView

QUIET = timedelta(minutes=2)
"""Most model calls end within this time."""


def print_tasks(
    tasks: Sequence[TaskView], blocked_by: Set[TaskId], statuses: Sequence[str], *, shared: bool = False
) -> None:
    """Print a list of tasks that was filtered by `statuses`. With `shared`, it has only tasks of others."""
    if tasks:
        print_table(Console(highlight=False), list_of(tasks, blocked_by))
    elif statuses:
        named = one_line(" or ".join(statuses), 200)
        of, all_of = (" that others share with you", " --shared") if shared else ("", "")
        print_line(f"No tasks{of} have the status {named}. To list all tasks, run: chimera tasks{all_of}")
    elif shared:
        print_line("No tasks are shared with you.")
    else:
        print_line('No tasks yet. To start one, run: chimera run "Compare tea and coffee."')


def print_task(task: TaskView, subtasks: Sequence[SubtaskView], cost: CostView, files: FilePage | None = None) -> None:
    """Print a task with its subtasks, its newest files and its result."""
    console = Console(highlight=False)
    for name, value in facts_of(task, cost, files):
        print_prose(console, Text.assemble((f"{name:<10}", "dim"), one_line(value, 600)), indent=10)
    if subtasks or cost.by_subtask:
        print_table(console, table_of(subtasks, cost))
    if task.result:
        console.print(Text("Result (simulated)" if task.simulated else "Result", style="bold"))
        print_answer(plain(answer_of(task)).rstrip())


def list_of(tasks: Sequence[TaskView], blocked_by: Set[TaskId]) -> Table:
    """Return a table with one line per task."""
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "Status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Subtasks", "Requests", "Cost", "Age"):
        table.add_column(heading, no_wrap=True, justify="right")
    # The title fills the remaining space.
    table.add_column("Title", no_wrap=True, overflow="ellipsis", ratio=1)
    for task in tasks:
        done = f"{task.subtasks_done}/{task.subtasks_total}"
        status = marked_status_of(task, blocked_by)
        spent = marked(usd(task.spent_micro_usd), estimated=task.estimated)
        cells = (short(task.id), status, done, str(task.model_calls), spent, _age_of(task))
        due = f"due {task.due_at.astimezone(UTC):%m-%d %H:%M} · " if task.due_at else ""
        table.add_row(*cells, Text(one_line(f"{due}{task.title or task.goal}", 200)))
    return table


def marked_status_of(task: TaskView, blocked_by: Set[TaskId] = frozenset()) -> str:
    """Return a task's status, with the marks that lists show."""
    if task.id in blocked_by:
        return f"{task.status} (blocked)"
    if task.status is RunStatus.WAITING:
        return f"{task.status} ({'person' if task.approvals_pending else 'budget'})"
    return with_ending(task.status, task)


def facts_of(task: TaskView, cost: CostView, files: FilePage | None = None) -> list[tuple[str, str]]:
    """Return a task's facts with their labels, without empty ones."""
    models = ", ".join(f"{each.model}{' (simulated)' if each.simulated else ''}" for each in cost.by_model)
    why = f": {task.error_code}: {error_of(task)}" if task.error_code else ""
    if (ending := ending_of(task)) is not None:
        why = f", the answer was {ending.words}"
    if task.queue_place is not None:
        why = f", position {task.queue_place:,} in the queue"
    if task.waiting is not None:
        why = f": {with_command(task.waiting.message, task.waiting.remedy)}"
    facts = (
        ("Task", task.id),
        ("Goal", task.goal),
        ("Status", f"{task.status}{why}"),
        ("Next step", next_step_of(task) if task.status is RunStatus.FAILED else ""),
        ("Blocked", _blocked_in(task)),
        ("Quiet", _quiet_in(task)),
        ("Subtasks", f"{task.subtasks_done} of {task.subtasks_total} done ({task.subtasks})"),
        ("Files", named(files.items, more=files.next_cursor is not None, task_id=task.id) if files else ""),
        ("Models", models or task.model or ""),
        ("Cost", spent_of(cost)),
        ("In doubt", in_doubt_of(cost)),
        ("Budget", limits_of(task.budget)),
        ("Retried", count(task.retries, "time") if task.retries else ""),
        ("Due", _when(task.due_at)),
        ("Started", _when(task.started_at)),
        ("Ended", _when(task.ended_at)),
        ("Web UI", task.temporal_url),
    )
    return [(name, value) for name, value in facts if value]


def _blocked_in(task: TaskView) -> str:
    """Describe the blocked calls: how many, since when, and why, each reason once."""
    if not task.blocked_by:
        return ""
    calls, asked = count(len(task.blocked_by), "call"), _asked_in(task.blocked_by)
    since = f"since {_when(min(call.since for call in task.blocked_by))}, {asked}"
    tries = [call.next_try_at for call in task.blocked_by if call.next_try_at is not None]
    following = f"; next try {_when(min(tries))}" if tries else ""
    reasons = dict.fromkeys(f"{call.code}: {call.message}" for call in task.blocked_by)
    return f"{calls} blocked by the provider {since}{following}. {' '.join(reasons)}"


def _quiet_in(task: TaskView) -> str:
    """Describe since when a running task hasn't started a call, and how to find out why; the run itself can't."""
    begun = [at for at in (task.started_at, task.last_call_at) if at is not None]
    if task.status is not RunStatus.RUNNING or task.blocked_by or not begun or datetime.now(UTC) - max(begun) < QUIET:
        return ""
    return (
        f"no model call has started since {_when(max(begun))}. A long call may be the reason. To check whether workers"
        " or their payload keys are missing, run: chimera doctor"
    )


def _asked_in(calls: Sequence[BlockedCall]) -> str:
    """Describe how often these calls were tried. Some tries don't count as requests of a budget."""
    requests = sum(call.requests for call in calls)
    loading = sum(call.attempts - call.requests for call in calls if call.code == ModelLoading.code)
    unconnected = sum(call.attempts - call.requests for call in calls) - loading
    made = [count(requests, "request")] if requests else []
    made += [f"{count(loading, 'try', 'tries')} while the model was loading"] if loading else []
    made += [f"{count(unconnected, 'try', 'tries')} without a connection"] if unconnected else []
    return f"after {' and '.join(made)}" if made else "before the first request"


def table_of(subtasks: Sequence[SubtaskView], cost: CostView) -> Table:
    """Return a table of the task's own calls and its subtasks, whose costs add up to the cost of the task."""
    booked = {each.path: each for each in cost.by_subtask}
    versions = {each.path: each.agent_version for each in cost.attempts if each.purpose == Purpose.TURN}
    write = in_a_column(each.cost_micro_usd for each in cost.by_subtask)
    table = Table(box=None, pad_edge=False, expand=True, show_footer=True, footer_style="bold")
    table.add_column("Subtask", "Total", no_wrap=True)
    table.add_column("Status", no_wrap=True)
    table.add_column("Agent", no_wrap=True)
    table.add_column("Turns", no_wrap=True, justify="right")
    in_all = marked(write(cost.spent_micro_usd), estimated=cost.estimated)
    table.add_column("Cost", in_all, no_wrap=True, justify="right")
    if cost.in_doubt_micro_usd:
        table.add_column("In doubt", usd(cost.in_doubt_micro_usd), no_wrap=True, justify="right")
    table.add_column("Title and start of the result", no_wrap=True, overflow="ellipsis", ratio=1)
    if ROOT in booked:
        table.add_row(THE_TASK, "", "", "", *_booked(booked[ROOT], cost, write), Text(own_calls_of(cost)))
    for subtask in subtasks:
        agent = versioned(subtask.agent, versions.get(subtask.path))
        cells = (subtask.path, with_ending(subtask.status, subtask), agent, str(subtask.turns))
        amounts = _booked(booked.get(subtask.path), cost, write)
        table.add_row(*(Text(one_line(cell, 200)) for cell in cells), *amounts, _description_of(subtask))
    return table


def own_calls_of(cost: CostView) -> str:
    """Return the purposes of the task's own calls, with their agents."""
    own = dict.fromkeys((each.purpose, each.agent) for each in cost.attempts if each.path == ROOT)
    more = ", …" if is_partial(cost) else ""
    return one_line(", ".join(f"{PURPOSES[purpose].product} ({agent})" for purpose, agent in own) + more)


def _booked(node: NodeCost | None, cost: CostView, write: Callable[[int], str]) -> list[str]:
    """Return a node's cells: its booked cost and, if the task has any, its cost in doubt."""
    booked, in_doubt = (node.cost_micro_usd, node.in_doubt_micro_usd) if node else (0, 0)
    amount = marked(write(booked), estimated=node is not None and node.estimated)
    return [amount, usd(in_doubt) if in_doubt else ""] if cost.in_doubt_micro_usd else [amount]


def _description_of(subtask: SubtaskView) -> Text:
    description = Text(one_line(subtask.title or subtask.instruction))
    if subtask.error:
        description.append(f"\n✗ {one_line(subtask.error)}", style="red")
    elif subtask.result:
        description.append(f"\n→ {one_line(subtask.result)}", style="dim")
    return description


def _when(at: UtcDatetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _age_of(task: TaskView) -> str:
    seconds = int((datetime.now(UTC) - task.created_at).total_seconds())
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"
