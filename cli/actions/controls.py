"""Control a task that runs: cancel, pause, resume, steer, budget."""

from cli.errors import WrongUsage
from cli.http.connect import connected
from cli.http.ids import short, task_named
from cli.input.settings import where_settings
from cli.output.bill import as_option, doubtful_of, limits_of, spent_of
from cli.output.prose import tell
from cli.output.text import count, one_line
from models.ids import NodePath
from models.tasks import Budget, Guidance, Waiting


async def control(name: str, what: str) -> int:
    """Cancel, pause or resume; the API answers as soon as the wish is kept."""
    async with connected(where_settings()) as client:
        task = await client.control((await task_named(client, name)).id, what)
    tell(f"{short(task.id)} is {task.status}.")
    return 0


async def delete(name: str) -> int:
    """Delete a task that has ended."""
    async with connected(where_settings()) as client:
        task = await task_named(client, name)
        await client.delete_task(task.id)
    tell(f"{short(task.id)} is deleted; what it cost stays on the bill: chimera cost {task.id}")
    return 0


async def steer(name: str, text: str, *, path: str | None, interrupt: bool) -> int:
    """Give guidance and say whom it reaches now."""
    guidance = Guidance.model_construct(text=text, path=NodePath(path) if path else None, interrupt=interrupt)
    async with connected(where_settings()) as client:
        receipt = await client.steer((await task_named(client, name)).id, guidance)
    if receipt.reaches:
        tell(f"Reaches {count(len(receipt.reaches), 'subtask')} in flight: {one_line(', '.join(receipt.reaches), 500)}")
    else:
        tell("Kept; the next model call sees it.")
    return 0


async def set_budget(name: str, *, micro_usd: int | None, tokens: int | None, requests: int | None) -> int:
    """Set the limits anew."""
    if micro_usd is None and tokens is None and requests is None:
        raise WrongUsage("Say what the task may spend: --usd, --tokens or --requests.")
    # The API is the one that judges it.
    budget = Budget.model_construct(max_cost_micro_usd=micro_usd, max_tokens=tokens, max_model_calls=requests)
    async with connected(where_settings()) as client:
        before = await task_named(client, name)
        task = await client.set_budget(before.id, budget)
        cost = await client.cost(task.id)
    tell(f"{short(task.id)} is {task.status}. It may spend {limits_of(cost.budget)} in all.")
    tell(f"Spent so far: {spent_of(cost)}.")
    if doubtful := doubtful_of(cost):
        tell(f"In doubt: {doubtful}.")
    if (shortfall := shortfall_of(before.waiting, budget)) is not None:
        print(shortfall)
    return 0


def shortfall_of(waiting: Waiting | None, budget: Budget) -> str | None:
    """Say when a raise is too small for the call that the task waits to make."""
    if waiting is None or waiting.needed is None:
        return None
    given = getattr(budget, waiting.limit, None)
    if given is not None and given >= waiting.needed:
        return None
    return f"It will wait again: its next call needs {as_option(waiting.limit, waiting.needed)} at least."
