"""Hand in a task, and follow one. Progress goes to stderr and the result to stdout, so that it can be piped on."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.errors import EXIT_CODES, WAITS, Refused, WrongUsage
from cli.http.client import Client
from cli.http.connect import connected
from cli.http.ids import short, task_named
from cli.input.encodings import text_of
from cli.input.files import bytes_of, json_of
from cli.input.settings import where_settings
from cli.live.following import follow as follow_task
from cli.live.lines import short_of
from cli.live.screens import say
from cli.output.bill import marked
from cli.output.endings import ending_of
from cli.output.outcomes import shortfall_of_retry, way_on_of
from cli.output.printing import print_json
from cli.output.prose import print_answer, print_prose
from cli.output.text import count, one_line, plain
from models.base import usd
from models.costs import CostView
from models.errors import ChimeraError
from models.ids import FileId
from models.subtasks import SubtaskView
from models.tasks import Budget, TaskRetry, TaskStatus, TaskView


def spec_from(
    goal: str | None,
    *,
    model: str | None = None,
    budget_micro_usd: int | None = None,
    plan: Path | None = None,
    on_failure: str | None = None,
    on_truncated: str | None = None,
    max_output_tokens: int | None = None,
    max_turns: int | None = None,
    priority: int | None = None,
) -> dict[str, Any]:
    """Write options as the body of POST /api/v1/tasks; the API is the one that judges them."""
    limits = {"max_output_tokens": max_output_tokens, "max_turns": max_turns}
    spec = {
        "goal": goal,
        "model": model,
        "plan": None if plan is None else _plan_in(plan),
        "on_failure": on_failure,
        "on_truncated": on_truncated,
        "limits": {name: value for name, value in limits.items() if value is not None} or None,
        "priority": priority,
        "budget": None if budget_micro_usd is None else {"max_cost_micro_usd": budget_micro_usd},
    }
    return {name: value for name, value in spec.items() if value is not None}


async def run(
    spec: dict[str, Any], *, images: Sequence[Path] = (), follow_it: bool, exit_on_budget: bool = False, as_json: bool
) -> int:
    """Hand a task in, after its pictures, and, unless told otherwise, watch it to its end."""
    _check_watch(follow_it, exit_on_budget)
    console = Console(stderr=True, highlight=False)
    pictures = [(text_of(path.name, "Its name"), await bytes_of(path)) for path in images]
    async with connected(where_settings()) as client:
        task = await _handed_in(client, spec, pictures)
        return await _watch_if(client, task, console, follow_it, exit_on_budget=exit_on_budget, as_json=as_json)


async def follow(name: str, *, after: int, exit_on_budget: bool, as_json: bool) -> int:
    """Watch a task that was handed in before."""
    console = Console(stderr=True, highlight=False)
    async with connected(where_settings()) as client:
        task = await task_named(client, name)
        return await _watch(client, task, console, after=after, exit_on_budget=exit_on_budget, as_json=as_json)


async def retry(
    name: str,
    *,
    model: str | None,
    guidance: str | None,
    limits: tuple[int | None, int | None, int | None],
    follow_it: bool,
    exit_on_budget: bool,
    as_json: bool,
) -> int:
    """Let a failed task go on and, unless told otherwise, watch it. `limits`: micro-USD, tokens and requests."""
    _check_watch(follow_it, exit_on_budget)
    micro_usd, tokens, requests = limits
    budget = Budget.model_construct(max_cost_micro_usd=micro_usd, max_tokens=tokens, max_model_calls=requests)
    # The API is the one that judges it.
    wish = TaskRetry.model_construct(
        model=model, guidance=guidance, budget=None if limits == (None, None, None) else budget
    )
    console = Console(stderr=True, highlight=False)
    async with connected(where_settings()) as client:
        before = await task_named(client, name)
        task = await client.retry(before.id, wish)
        if (shortfall := shortfall_of_retry(await client.cost(task.id), model)) is not None:
            say(console, shortfall)
        # A picture needs the whole story; line after line, what was told before is over.
        after = 0 if console.is_terminal else before.last_seq
        return await _watch_if(
            client, task, console, follow_it, after=after, exit_on_budget=exit_on_budget, as_json=as_json
        )


async def _watch_if(
    client: Client,
    task: TaskView,
    console: Console,
    follow_it: bool,
    *,
    after: int = 0,
    exit_on_budget: bool,
    as_json: bool,
) -> int:
    if follow_it:
        return await _watch(client, task, console, after=after, exit_on_budget=exit_on_budget, as_json=as_json)
    if as_json:
        print_json(task)
    else:
        print(task.id)
        say(console, f"It runs. Watch it: chimera follow {short(task.id)}")
    return 0


def _check_watch(follow_it: bool, exit_on_budget: bool) -> None:
    """Raise WrongUsage for an option that only a command that watches has a use for."""
    if exit_on_budget and not follow_it:
        raise WrongUsage("--exit-on-budget says when to stop watching; leave it or --no-follow out.")


async def _handed_in(client: Client, spec: dict[str, Any], pictures: Sequence[tuple[str, bytes]]) -> TaskView:
    """Hand a task in with its pictures; of one that is refused none of them stays."""
    uploaded: list[FileId] = []
    try:
        for picture in pictures:
            # One after the other, so that those before a failure are known.
            uploaded += [(await client.upload(*picture)).id]
        return await client.create_task({**spec, "images": uploaded} if uploaded else spec)
    except Refused as refused:
        # A server in trouble may have taken the task in all the same.
        if refused.problem.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            for file_id in uploaded:
                with suppress(ChimeraError):
                    await client.delete_file(file_id)
        raise


async def _watch(
    client: Client, task: TaskView, console: Console, *, after: int = 0, exit_on_budget: bool, as_json: bool
) -> int:
    console.print(Text(f"Task {task.id}", style="dim"))
    try:
        task = await follow_task(client, task, console, after=after, until_it_waits=exit_on_budget)
    except (asyncio.CancelledError, ChimeraError) as error:
        # Whoever starts it anew in place of that pays twice. One that isn't there any more was deleted meanwhile.
        if not (isinstance(error, Refused) and error.problem.status == HTTPStatus.NOT_FOUND):
            say(console, f"The task goes on. Watch it again: chimera follow {short(task.id)}")
            say(console, f"                  Stop it:        chimera cancel {short(task.id)}")
        raise
    if as_json:
        print_json(task)
    else:
        tell_end(task, await client.cost(task.id), await client.subtasks(task.id), console)
    return WAITS if task.status is TaskStatus.WAITING else EXIT_CODES.get(task.status, 1)


def tell_end(task: TaskView, cost: CostView, subtasks: Sequence[SubtaskView], console: Console) -> None:
    """Print what became of a task: its result on stdout, the rest where progress went."""
    if task.status == TaskStatus.COMPLETED:
        simulated = " (simulated)" if task.simulated else ""
        print_prose(console, Text(f"✓ Completed{simulated}, {_spent(cost)}"))
        for line in _endings_of(task, subtasks):
            print_prose(console, Text(f"  {line}", style="yellow"))
        print_answer(plain(task.result or "").rstrip())
    elif task.status == TaskStatus.CANCELLED:
        print_prose(console, Text(f"■ Cancelled after {_spent(cost)}"))
    elif task.status == TaskStatus.WAITING:
        print_prose(console, Text(f"‖ It waits for its budget, after {_spent(cost)}", style="yellow"))
        if task.waiting is not None:
            say(console, f"  {short_of(task.waiting.message)}")
        say(console, f"  Or stop it: chimera cancel {short(task.id)}")
    else:
        print_prose(
            console, Text(f"✗ {task.status}: {task.error_code}: {plain(short_of(task.error or ''))}", style="red")
        )
        say(console, f"  {way_on_of(task)}")
    print_prose(console, Text(f"In Temporal's Web UI: {plain(task.temporal_url)}", style="dim"))


def _spent(cost: CostView) -> str:
    spent = marked(usd(cost.spent_micro_usd), estimated=cost.estimated)
    return f"{count(cost.model_calls, 'request')} to models, {spent}"


def _endings_of(task: TaskView, subtasks: Sequence[SubtaskView]) -> Iterator[str]:
    """Say of which answers there may be more than is kept."""
    if (ending := ending_of(task)) is not None:
        yield f"The answer was {ending.words}: it may not be all of it."
    for subtask in subtasks:
        if (ending := ending_of(subtask)) is not None:
            yield f"The answer of subtask {one_line(subtask.path, 200)} was {ending.words}."


def _plan_in(path: Path) -> Any:
    """Read the subtasks from a file: a list of them, or an object with nothing but such a list. Raises WrongUsage."""
    plan = json_of(path, "The plan")
    if not isinstance(plan, dict):
        return plan
    if len(plan) == 1 and (name := next(iter(plan))) in ("plan", "subtasks"):
        return plan[name]
    names = one_line(", ".join(map(repr, plan)) or "nothing", 200)
    raise WrongUsage(
        f"The plan in {str(path)!r} is an object with {names}. Write the list of subtasks alone, as in"
        ' [{"key": "facts", "instruction": "Collect facts."}], or that list as "subtasks" or "plan" and nothing beside'
        " it; what else a task has is said with options."
    )
