"""A task's traces in Temporal: events and bytes, counted over parents, children and continue-as-new."""

import asyncio
from dataclasses import dataclass

from temporalio.client import Client


@dataclass(frozen=True, slots=True)
class History:
    """The totals for all executions whose workflow ID begins with a prefix."""

    runs: int
    events: int
    size_bytes: int
    largest_bytes: int


async def history_of(client: Client, prefix: str) -> History:
    """Add up the histories whose workflow ID begins with `prefix`, once visibility no longer shows an open run."""
    while True:
        found = [w async for w in client.list_workflows(f"WorkflowId STARTS_WITH '{prefix}'")]
        if found and all(w.close_time is not None for w in found):
            break
        await asyncio.sleep(0.1)
    sizes: list[tuple[int, int]] = []
    for workflow in found:
        described = await client.get_workflow_handle(workflow.id, run_id=workflow.run_id).describe()
        info = described.raw_description.workflow_execution_info
        sizes.append((info.history_length, info.history_size_bytes))
    return History(
        runs=len(sizes),
        events=sum(events for events, _ in sizes),
        size_bytes=sum(size for _, size in sizes),
        largest_bytes=max(size for _, size in sizes),
    )
