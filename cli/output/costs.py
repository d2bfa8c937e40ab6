"""Prints a task's cost by model, agent and subtask, and its attempts without a result."""

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.output.bill import ESTIMATED, in_a_column, in_doubt_of, limits_of, marked, spent_of
from cli.output.endings import ending_of
from cli.output.prose import print_prose
from cli.output.tables import print_table
from cli.output.text import count, one_line
from models.base import usd
from models.costs import MAX_ATTEMPTS, CostSum, CostView
from models.ids import NodePath, TaskId
from models.model_calls import AttemptStatus, ModelCallView

THE_TASK = "(task)"
"""Label of the task's own calls among those of its subtasks."""

NAME_CHARS = 30

_USELESS = frozenset({AttemptStatus.FAILED, AttemptStatus.CANCELLED, AttemptStatus.IN_DOUBT, AttemptStatus.LATE})


def print_cost(task_id: TaskId, cost: CostView) -> None:
    """Print a task's cost."""
    console = Console(highlight=False)
    for label, value in facts_of(task_id, cost):
        print_prose(console, Text.assemble((f"{label:<10}", "dim"), value), indent=10)
    for table in tables_of(cost):
        console.print()
        print_table(console, table)
    for ending, number in Counter(filter(None, map(ending_of, cost.attempts))).items():
        were = "was" if number == 1 else "were"
        console.print(Text(f"{count(number, 'answer')} {were} {ending.words}."))
    if cost.estimated:
        console.print(
            Text(
                f"{ESTIMATED} marks an amount that is at least partly estimated, because a provider reported no usage"
                " or an attempt was interrupted."
            )
        )
    if is_partial(cost):
        console.print(Text(f"Only the first {MAX_ATTEMPTS:,} attempts are listed.", style="dim"))


def is_partial(cost: CostView) -> bool:
    """Return whether the list of attempts is incomplete."""
    return len(cost.attempts) < sum(each.attempts for each in cost.by_model)


def place_of(path: NodePath) -> str:
    """Return a subtask's path, or the label of the task itself."""
    return one_line(path, 200) or THE_TASK


def facts_of(task_id: TaskId, cost: CostView) -> list[tuple[str, str]]:
    """Name the sums; empty ones are left out."""
    reserved = f"{usd(cost.reserved_micro_usd)} for model calls in flight" if cost.reserved_micro_usd else ""
    facts = (
        ("Task", task_id),
        ("Cost", spent_of(cost)),
        ("In doubt", in_doubt_of(cost)),
        ("Reserved", reserved),
        ("Budget", limits_of(cost.budget)),
    )
    return [(label, value) for label, value in facts if value]


def tables_of(cost: CostView) -> list[Table]:
    """Return tables of the totals by model, agent and subtask, and of the attempts without a result."""
    if not cost.by_model:
        return []
    models = [(f"{each.model}{' (simulated)' if each.simulated else ''}", each) for each in cost.by_model]
    tables = [
        _sums("Model", models),
        _sums("Agent", [(each.agent, each) for each in cost.by_agent]),
        _sums("Subtask", [(place_of(each.path), each) for each in cost.by_subtask]),
    ]
    useless = [attempt for attempt in cost.attempts if attempt.status in _USELESS]
    return [*tables, _attempts(useless)] if useless else tables


def _sums(heading: str, rows: Sequence[tuple[str, CostSum]]) -> Table:
    in_doubt = any(each.in_doubt_micro_usd for _, each in rows)
    write = in_a_column(each.cost_micro_usd for _, each in rows)
    table = Table(box=None, pad_edge=False)
    # As wide as in the other tables, so that the figures of all tables are aligned and fit into 80 columns.
    table.add_column(heading, overflow="fold", width=NAME_CHARS)
    for name in ("Attempts", "Input", "Output", "Cost"):
        table.add_column(name, no_wrap=True, justify="right", min_width=7)
    if in_doubt:
        table.add_column("In doubt", no_wrap=True, justify="right")
    for name, each in rows:
        in_doubt_cells = [usd(each.in_doubt_micro_usd) if each.in_doubt_micro_usd else ""] if in_doubt else []
        amounts = (f"{each.usage.input_tokens:,}", f"{each.usage.output_tokens:,}", write(each.cost_micro_usd))
        shown = (marked(amount, estimated=each.estimated) for amount in amounts)
        table.add_row(Text(one_line(name, 200)), str(each.attempts), *shown, *in_doubt_cells)
    return table


def _attempts(attempts: Sequence[ModelCallView]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("Without a result", overflow="fold")
    for heading in ("Call", "Attempt", "Status"):
        table.add_column(heading, no_wrap=True)
    # This column shrinks if there is little room.
    table.add_column("Why")
    table.add_column("Cost", no_wrap=True, justify="right")
    for each in attempts:
        in_doubt = each.status is AttemptStatus.IN_DOUBT
        why = "outcome unknown" if in_doubt else each.error_code or ""
        call = f"{each.purpose} {each.step}"
        cost = "in doubt" if in_doubt else marked(usd(each.cost_micro_usd), estimated=each.estimated)
        cells = (place_of(each.path), call, str(each.attempt), each.status.replace("_", " "), why, cost)
        table.add_row(*(Text(one_line(cell, 200)) for cell in cells))
    return table
