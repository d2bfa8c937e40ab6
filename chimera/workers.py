"""Which workers look for work, as Temporal sees it."""

from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from chimera.settings import Settings
from chimera.temporal import Temporal


async def count_workers(temporal: Temporal, settings: Settings) -> int:
    """Return how many processes have polled for workflows lately.

    Raises RPCError or RuntimeError when Temporal is away.
    """
    client = await temporal.client()
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=settings.temporal_namespace,
            task_queue=TaskQueue(name=settings.task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        ),
        timeout=timedelta(seconds=2),
        retry=False,
    )
    return len({poller.identity for poller in answer.pollers})
