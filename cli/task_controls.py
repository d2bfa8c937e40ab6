"""Commands that control a running task (cancel, pause, resume, steer, budget) or delete a task that has ended."""

from typing import Annotated

import typer

from cli.http import signed_in
from cli.input.arguments import Requests, TaskName, Tokens, Usd
from cli.input.options import BUDGET, GUIDANCE
from cli.output.prose import print_line
from cli.output.text import count, one_line, short

Guidance = Annotated[
    str,
    typer.Argument(metavar="GUIDANCE", help="Guidance for the task's next model calls.", show_default=False),
]
NodePath = Annotated[
    str | None, typer.Option(help="The path of a subtask. Only this subtask and those below it receive the guidance.")
]
Interrupt = Annotated[
    bool,
    typer.Option(
        "--interrupt", help="Interrupt model calls in flight so that agents receive the guidance immediately."
    ),
]


async def cancel(task_id: TaskName) -> int:
    """Cancel a task so that it starts no more model calls."""
    return await _control(task_id, "cancel")


async def pause(task_id: TaskName) -> int:
    """Pause a task. Model calls in flight finish, but no new calls start."""
    return await _control(task_id, "pause")


async def resume(task_id: TaskName) -> int:
    """Resume a paused task."""
    return await _control(task_id, "resume")


async def steer(task_id: TaskName, guidance: Guidance, path: NodePath = None, interrupt: Interrupt = False) -> int:
    """Send guidance to a running task."""
    from cli.http.bodies import guidance_body
    from cli.http.ids import task_named

    async with signed_in(GUIDANCE) as client:
        task = await task_named(client, task_id)
        receipt = await client.steer(task.id, guidance_body(guidance, path, interrupt=interrupt))
    if receipt.reaches:
        print_line(
            f"Reaches {count(len(receipt.reaches), 'running subtask')}: {one_line(', '.join(receipt.reaches), 500)}"
        )
    else:
        print_line("The guidance was stored. The task's next model call will receive it.")
    return 0


async def budget(task_id: TaskName, usd: Usd = None, tokens: Tokens = None, requests: Requests = None) -> int:
    """Set a task's total budget. If the task was waiting for a higher budget, it continues."""
    from cli.http.bodies import budget_body
    from cli.http.ids import task_named
    from cli.output.outcomes import print_budget

    limits = budget_body(micro_usd=usd, tokens=tokens, requests=requests)
    async with signed_in(BUDGET) as client:
        before = await task_named(client, task_id)
        task = await client.set_budget(before.id, limits)
        cost = await client.cost(task.id)
    print_budget(task, cost, limits, before.waiting)
    return 0


async def delete(task_id: TaskName) -> int:
    """Delete the content of a task that has ended, but keep the record of its cost."""
    from cli.http.ids import task_named

    async with signed_in() as client:
        task = await task_named(client, task_id)
        await client.delete_task(task.id)
    print_line(f"Task {short(task.id)} was deleted. To see what it cost, run: chimera cost {task.id}")
    return 0


async def _control(task_id: str, what: str) -> int:
    """Cancel, pause or resume a task. The API responds as soon as it has stored the request."""
    from cli.http.ids import task_named

    async with signed_in() as client:
        task = await client.control((await task_named(client, task_id)).id, what)
    print_line(f"{short(task.id)} is {task.status}.")
    return 0
