"""Finds the blocked tasks and calls in a list by requesting the newest ones, because the list lacks `blocked_by`."""

import asyncio
from collections.abc import Sequence

from cli.http.client import Client
from models.ai_calls import AiCallSummary, AiCallView
from models.ids import AiCallId, TaskId
from models.runs import OPEN, RunStatus
from models.tasks import TaskView

LOOKED_AT = 20
"""Maximum number of running tasks or open calls that are requested."""


async def blocked_tasks(client: Client, tasks: Sequence[TaskView]) -> set[TaskId]:
    running = [task.id for task in tasks if task.status is RunStatus.RUNNING][:LOOKED_AT]
    # The request for a task that was deleted meanwhile is rejected.
    found = await asyncio.gather(*map(client.task, running), return_exceptions=True)
    return {task.id for task in found if isinstance(task, TaskView) and task.blocked_by}


async def blocked_calls(client: Client, calls: Sequence[AiCallSummary]) -> set[AiCallId]:
    open_calls = [call.id for call in calls if call.status in OPEN][:LOOKED_AT]
    found = await asyncio.gather(*map(client.ai_call, open_calls), return_exceptions=True)
    return {call.id for call in found if isinstance(call, AiCallView) and call.blocked_by is not None}
