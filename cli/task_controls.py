"""Control a task that runs: cancel, pause, resume, steer, budget; and delete one that has ended."""

from typing import Annotated

import typer

from cli.http import signed_in
from cli.input.arguments import Requests, TaskName, Tokens, Usd
from cli.input.options import BUDGET, GUIDANCE
from cli.output.prose import print_line
from cli.output.text import count, one_line, short

Guidance = Annotated[
    str, typer.Argument(metavar="GUIDANCE", help="Guidance for the next model calls.", show_default=False)
]
NodePath = Annotated[
    str | None, typer.Option(help="Path of a subtask. Only this subtask and its own subtasks receive the guidance.")
]
Interrupt = Annotated[bool, typer.Option("--interrupt", help="Interrupt model calls in flight.")]


async def cancel(task_id: TaskName) -> int:
    """Cancel a task. No further model calls start for it."""
    return await _control(task_id, "cancel")


async def pause(task_id: TaskName) -> int:
    """Pause a task. Calls in flight finish, and no new calls start."""
    return await _control(task_id, "pause")


async def resume(task_id: TaskName) -> int:
    """Resume a paused task."""
    return await _control(task_id, "resume")


async def steer(task_id: TaskName, guidance: Guidance, path: NodePath = None, interrupt: Interrupt = False) -> int:
    """Give a running task guidance."""
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
        print_line("Guidance stored. The next model call receives it.")
    return 0


async def budget(task_id: TaskName, usd: Usd = None, tokens: Tokens = None, requests: Requests = None) -> int:
    """Set a task's total budget. A task waiting for budget continues."""
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
    """Delete the content of a task that has ended. Its cost is kept."""
    from cli.http.ids import task_named

    async with signed_in() as client:
        task = await task_named(client, task_id)
        await client.delete_task(task.id)
    print_line(f"{short(task.id)} was deleted. To see its cost: chimera cost {task.id}")
    return 0


async def _control(task_id: str, what: str) -> int:
    """Cancel, pause or resume; the API answers as soon as the request is stored."""
    from cli.http.ids import task_named

    async with signed_in() as client:
        task = await client.control((await task_named(client, task_id)).id, what)
    print_line(f"{short(task.id)} is {task.status}.")
    return 0
