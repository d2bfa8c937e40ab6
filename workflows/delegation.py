"""Work that an agent delegates while it runs: a subtask, whose result is the answer of the tool call."""

import asyncio

from temporalio.exceptions import ActivityError, ApplicationError, ChildWorkflowError

from models.ids import child_path
from models.plans import PlanNode
from workflows.children import input_of
from workflows.failures import is_cancel, reason_of
from workflows.node import Node, Suspended


async def run_delegated(node: Node, subtask: PlanNode) -> None:
    """Run a delegated subtask until it has ended. Its failure is recorded, and the agent hears of it.

    Raises Suspended if the subtask stopped together with its node, and CancelledError.
    """
    path = child_path(node.place.path, subtask.key)
    current = node.take_suspended(subtask.key)
    try:
        await node.open()
        outcome = await node.run_child(input_of(node.place, subtask, current), may_be_inside=False)
    except Suspended:
        node.put_suspended(current)
        raise
    except (ActivityError, ApplicationError, ChildWorkflowError) as error:
        if node.is_stopping() or is_cancel(error):
            raise asyncio.CancelledError from error
        code, message = reason_of(error)
        await node.record("failed", path=path, code=code, error=message)
        return
    if outcome.state is not None:
        node.put_suspended(current.model_copy(update={"state": outcome.state}))
        raise Suspended
