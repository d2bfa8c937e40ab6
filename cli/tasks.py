"""Commands for tasks: start and watch a task, list tasks, show a task and its cost."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.http import signed_in
from cli.input.amounts import micro_usd, whole
from cli.input.arguments import (
    AsJson,
    ExitOnBudget,
    Follow,
    Newest,
    OnFailure,
    OnTruncated,
    Plan,
    Requests,
    Subtasks,
    TaskModel,
    TaskName,
    Tokens,
    Usd,
)
from cli.input.encodings import path as a_path
from cli.input.encodings import text_of
from cli.input.options import LIST, NODE, RETRY, TASK
from cli.output.printing import print_json, print_list
from cli.output.prose import print_line, print_to

Goal = Annotated[str, typer.Argument(metavar="GOAL", help="The goal, in words.", show_default=False)]
BudgetMicroUsd = Annotated[
    int | None,
    typer.Option(
        "--budget-usd",
        parser=micro_usd,
        metavar="AMOUNT",
        help="The task's budget in US dollars. The task waits instead of exceeding its budget.",
    ),
]
Images = Annotated[
    list[Path] | None,
    typer.Option(parser=a_path, help="An image file to show to the agents. You can repeat this option."),
]
OutputSchema = Annotated[
    Path | None, typer.Option(parser=a_path, help="A JSON file with the JSON Schema of the task's answer.")
]
MaxOutputTokens = Annotated[
    int | None,
    typer.Option(
        parser=whole(16, 131_072),
        help="Maximum output tokens per answer from a built-in agent. Default: 2048.",
    ),
]
MaxTurns = Annotated[
    int | None, typer.Option(parser=whole(1, 1000), help="Maximum model calls per subtask. Default: 20.")
]
Priority = Annotated[
    int | None,
    typer.Option(parser=whole(1, 5), help="The task's priority, from 1 (most urgent) to 5 (least urgent). Default: 3."),
]
After = Annotated[
    int,
    typer.Option(
        parser=whole(0),
        help="Show only events after the one with this number. 0 shows all events.",
    ),
]
RetryModel = Annotated[str | None, typer.Option(help="The model for the failed calls, as provider/model.")]
RetryGuidance = Annotated[str | None, typer.Option(help="Guidance for the failed subtasks.")]
Statuses = Annotated[
    list[str] | None,
    typer.Option(help="List only tasks with this status, such as running. You can repeat this option."),
]
SharedOption = Annotated[bool, typer.Option("--shared", help="List the tasks that others share with you.")]
NodePath = Annotated[
    str | None,
    typer.Option(
        help="Show the messages of the subtask with this path, such as facts. Use / for the task's own messages."
    ),
]


async def run(
    goal: Goal,
    model: TaskModel = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    output_schema: OutputSchema = None,
    image: Images = None,
    on_failure: OnFailure = None,
    on_truncated: OnTruncated = None,
    subtasks: Subtasks = None,
    max_output_tokens: MaxOutputTokens = None,
    max_turns: MaxTurns = None,
    priority: Priority = None,
    follow: Follow = True,
    exit_on_budget: ExitOnBudget = False,
    as_json: AsJson = False,
) -> int:
    """Start a task and watch it. Ctrl-C leaves the task running."""
    from cli.http.bodies import task_body
    from cli.http.uploads import create_with_images
    from cli.input.files import bytes_of
    from cli.live.watching import Watching

    body = task_body(
        goal,
        model=model,
        budget_micro_usd=budget_micro_usd,
        plan=plan,
        output_schema=output_schema,
        on_failure=on_failure,
        on_truncated=on_truncated,
        subtasks=subtasks,
        max_output_tokens=max_output_tokens,
        max_turns=max_turns,
        priority=priority,
    )
    watching = Watching(as_json, follow, exit_on_budget)
    images = [(text_of(path.name, "The file's name"), await bytes_of(path)) for path in image or ()]
    async with signed_in(TASK) as client:
        return await watching.of(client, await create_with_images(client, body, images))


async def estimate(
    goal: Goal,
    model: TaskModel = None,
    budget_micro_usd: BudgetMicroUsd = None,
    plan: Plan = None,
    max_output_tokens: MaxOutputTokens = None,
    max_turns: MaxTurns = None,
    as_json: AsJson = False,
) -> int:
    """Estimate what a task would cost. The task isn't created."""
    from cli.http.bodies import task_body
    from cli.output.estimates import print_estimate

    body = task_body(
        goal,
        model=model,
        budget_micro_usd=budget_micro_usd,
        plan=plan,
        max_output_tokens=max_output_tokens,
        max_turns=max_turns,
    )
    async with signed_in(TASK) as client:
        found = await client.estimate(body)
    if as_json:
        print_json(found)
    else:
        print_estimate(found)
    return 0


async def follow(
    task_id: TaskName, after: After = 0, exit_on_budget: ExitOnBudget = False, as_json: AsJson = False
) -> int:
    """Watch a task until it ends. Ctrl-C leaves the task running."""
    from cli.http.ids import task_named
    from cli.live.watching import Watching

    async with signed_in() as client:
        task = await task_named(client, task_id)
        return await Watching(as_json, exit_on_budget=exit_on_budget).of(client, task, after=after)


async def retry(
    task_id: TaskName,
    model: RetryModel = None,
    guidance: RetryGuidance = None,
    usd: Usd = None,
    tokens: Tokens = None,
    requests: Requests = None,
    follow: Follow = True,
    exit_on_budget: ExitOnBudget = False,
    as_json: AsJson = False,
) -> int:
    """Resume a failed task where it failed, and watch it. You don't pay again for finished model calls."""
    from cli.http.bodies import retry_body
    from cli.http.ids import task_named
    from cli.live.watching import Watching
    from cli.output.outcomes import shortfall_of_retry

    watching = Watching(as_json, follow, exit_on_budget)
    wish = retry_body(model, guidance, micro_usd=usd, tokens=tokens, requests=requests)
    console = Console(stderr=True, highlight=False)
    async with signed_in(RETRY) as client:
        before = await task_named(client, task_id)
        task = await client.retry(before.id, wish)
        if (shortfall := shortfall_of_retry(await client.cost(task.id), model)) is not None:
            print_to(console, shortfall)
        # A live display needs all events. Printed line by line, earlier events were already shown.
        return await watching.of(client, task, after=0 if console.is_terminal else before.last_seq)


async def list_tasks(
    status: Statuses = None, limit: Newest = 20, shared: SharedOption = False, as_json: AsJson = False
) -> int:
    """List tasks, newest first."""
    from cli.http.blocked import blocked_tasks
    from cli.http.pages import items_of
    from cli.output.tasks import print_tasks

    statuses = status or []
    async with signed_in(LIST) as client:
        tasks = await items_of(
            lambda most, cursor: client.tasks(
                statuses=statuses, limit=most, cursor=cursor, shared="shared" if shared else None
            ),
            limit,
        )
        blocked_by = set() if as_json else await blocked_tasks(client, tasks)
    if as_json:
        print_list(tasks)
    else:
        print_tasks(tasks, blocked_by, statuses, shared=shared)
    return 0


async def show(task_id: TaskName, path: NodePath = None, as_json: AsJson = False) -> int:
    """Show a task's subtasks, cost and result, or the messages of one subtask."""
    from cli.http.ids import task_named
    from cli.output.tasks import print_task

    if path is not None:
        return await _show_messages(task_id, path, as_json=as_json)
    async with signed_in(NODE) as client:
        task = await task_named(client, task_id)
        subtasks, cost = await client.subtasks(task.id), await client.cost(task.id)
        files = await client.task_files(task.id)
    if as_json:
        print_json(task)
    else:
        print_task(task, subtasks, cost, files)
    return 0


async def cost(task_id: TaskName, as_json: AsJson = False) -> int:
    """Show a task's cost by model, agent and subtask, and list attempts that returned no result."""
    from cli.http.ids import id_named
    from cli.output.costs import print_cost

    async with signed_in() as client:
        # The cost of a deleted task is kept.
        found = await id_named(client, task_id)
        bill = await client.cost(found)
    if as_json:
        print_json(bill)
    else:
        print_cost(found, bill)
    return 0


async def _show_messages(task_id: str, path: str, *, as_json: bool) -> int:
    """Print the whole transcript of a node. The path `/` stands for the task itself."""
    from cli.http.ids import task_named
    from cli.http.pages import items_of
    from cli.output.messages import print_messages

    async with signed_in(NODE) as client:
        task = await task_named(client, task_id)
        messages = await items_of(lambda _, cursor: client.messages(task.id, path.strip("/"), cursor))
    if as_json:
        print_list(messages)
    elif messages:
        print_messages(messages)
    else:
        print_line(f"No messages yet. To see the task's progress, run: chimera show {task_id}")
    return 0
