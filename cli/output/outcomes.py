"""Prints how a task ended, how a failed task can continue, and whether its budget is sufficient for that."""

import json
from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.text import Text

from cli.output.bill import as_option, in_doubt_of, limits_of, marked, spent_of
from cli.output.endings import ending_of
from cli.output.prose import print_answer, print_line, print_prose, print_to
from cli.output.remedies import with_command
from cli.output.text import count, one_line, plain, short
from models.base import usd
from models.costs import CostView
from models.errors import remedy_of
from models.limits import is_spending
from models.model_calls import AttemptStatus, ModelCallView
from models.retries import advice_for
from models.runs import RunStatus
from models.subtasks import SubtaskView
from models.tasks import Budget, TaskView
from models.waits import ApprovalWait, BudgetWait, Waiting

_OPTIONS = {"model": "--model <provider/model>", "guidance": '--guidance "…"'}


def print_end(task: TaskView, cost: CostView, subtasks: Sequence[SubtaskView], console: Console) -> None:
    """Print a task's outcome: its result on stdout, and everything else on the console of its progress."""
    match task.status:
        case RunStatus.COMPLETED:
            _print_result(task, cost, subtasks, console)
        case RunStatus.CANCELLED:
            print_prose(console, Text(f"■ Cancelled after {_spent(cost)}"))
        case RunStatus.WAITING:
            _print_wait(task, cost, console)
        case _:
            failed = f"✗ {task.status}: {task.error_code}: {plain(error_of(task))}"
            print_prose(console, Text(failed, style="red"))
            print_to(console, f"  {next_step_of(task)}")
    print_prose(console, Text(f"In Temporal's Web UI: {plain(task.temporal_url)}", style="dim"))


def _print_result(task: TaskView, cost: CostView, subtasks: Sequence[SubtaskView], console: Console) -> None:
    simulated = " (simulated)" if task.simulated else ""
    print_prose(console, Text(f"✓ Completed{simulated}, {_spent(cost)}"))
    for line in _endings_of(task, subtasks):
        print_prose(console, Text(f"  {line}", style="yellow"))
    print_answer(plain(answer_of(task)).rstrip())


def _print_wait(task: TaskView, cost: CostView, console: Console) -> None:
    what = "a person" if isinstance(task.waiting, ApprovalWait) else "a higher budget"
    print_prose(console, Text(f"‖ Waiting for {what} after {_spent(cost)}", style="yellow"))
    if task.waiting is not None:
        print_to(console, f"  {with_command(task.waiting.message, task.waiting.remedy)}")
    print_to(console, f"  To cancel the task, run: chimera cancel {short(task.id)}")


def _spent(cost: CostView) -> str:
    spent = marked(usd(cost.spent_micro_usd), estimated=cost.estimated)
    return f"{count(cost.model_calls, 'model request')}, {spent}"


def _endings_of(task: TaskView, subtasks: Sequence[SubtaskView]) -> Iterator[str]:
    """Yield a line for each answer that may be incomplete."""
    if (ending := ending_of(task)) is not None:
        yield f"The answer was {ending.words} and may be incomplete."
    for subtask in subtasks:
        if (ending := ending_of(subtask)) is not None:
            yield f"The answer from subtask {one_line(subtask.path, 200)} was {ending.words}."


def error_of(task: TaskView) -> str:
    """Describe why a task failed, with the command that helps."""
    return with_command(task.error or "", remedy_of(task.error_code, task.id))


def next_step_of(task: TaskView) -> str:
    """Describe the remedy for a failed task, with the command."""
    # Older versions of the API don't report the remedy.
    advice = task.remedy or advice_for(task.error_code)
    if not advice.retry:
        return f"{advice.message.rstrip('.')}: chimera run <goal>"
    command = f"chimera retry {short(task.id)}"
    changed = [f"{command} {_OPTIONS[field]}" for field in (*advice.change, *advice.instead) if field in _OPTIONS]
    ways = [*([] if advice.change else [command]), *changed, *(["chimera run <goal>"] if advice.new_task else [])]
    return f"{advice.message.rstrip('.')}: {', or: '.join(ways)}"


def shortfall_of_retry(cost: CostView, model: str | None = None) -> str | None:
    """Warn if a retried task will wait at once, because its budget is too small for any of the calls that failed.

    The cost report contains what was reserved for each call. With another `model`, the price differs, so the cost isn't
    checked.
    """
    failed = _latest_failed(cost)
    if cost.budget is None or not failed:
        return None
    used = cost.usage.input_tokens + cost.usage.output_tokens
    needed = {
        "max_cost_micro_usd": cost.spent_micro_usd
        + cost.in_doubt_micro_usd
        + min(each.reserved_micro_usd for each in failed),
        "max_tokens": used + min(each.reserved_tokens for each in failed),
        "max_model_calls": cost.model_calls + 1,
    }
    if model is not None:
        del needed["max_cost_micro_usd"]
    lacking = [
        as_option(limit, amount)
        for limit, amount in needed.items()
        if (given := getattr(cost.budget, limit)) is not None and given < amount
    ]
    if not lacking:
        return None
    return (
        "The budget is too small to continue, because the failed call needs a total budget of at least"
        f" {' '.join(lacking)}."
    )


def print_budget(task: TaskView, cost: CostView, budget: Budget, waiting: Waiting | None) -> None:
    """Print a task's limits, and whether they are sufficient for the call that it was `waiting` to make."""
    print_line(f"Task {short(task.id)} is {task.status}. Its total budget is {limits_of(cost.budget)}.")
    print_line(f"Spent so far: {spent_of(cost)}.")
    if in_doubt := in_doubt_of(cost):
        print_line(f"In doubt: {in_doubt}.")
    if (shortfall := shortfall_of(waiting, budget)) is not None:
        print(shortfall)


def shortfall_of(waiting: Waiting | None, budget: Budget) -> str | None:
    """Warn if the new budget is too small for the call that the task is waiting to make."""
    if not isinstance(waiting, BudgetWait) or waiting.needed is None or is_spending(waiting.limit):
        return None
    given = getattr(budget, waiting.limit, None)
    if given is not None and given >= waiting.needed:
        return None
    needed = as_option(waiting.limit, waiting.needed)
    return f"The task will wait again, because its next call needs a total budget of at least {needed}."


def _latest_failed(cost: CostView) -> list[ModelCallView]:
    """Return the newest attempt of each call, if this attempt failed."""
    newest = {(each.path, each.purpose, each.step): each for each in cost.attempts}
    return [each for each in newest.values() if each.status is AttemptStatus.FAILED]


def answer_of(task: TaskView) -> str:
    """Return a task's answer as text. A typed answer is shown as JSON, without what the model wrote around it."""
    return task.result or "" if task.output is None else json.dumps(task.output, indent=2, ensure_ascii=False)
