"""The workers that poll for work, as Temporal sees them, and their payload keys."""

import os
import socket
from collections.abc import Sequence
from datetime import timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest

from chimera.config.settings import Settings
from chimera.temporal.client import Temporal

KEYS_CHARACTERS = 500
"""The most characters for the keys. Temporal accepts identities of 1,000 characters, and writes the identity to each
event of a history."""


def identity_of(key_ids: Sequence[str]) -> str:
    """Return this worker's name in Temporal: the SDK's default and the ids of its payload keys, which aren't secret."""
    return f"{os.getpid()}@{socket.gethostname()} {_keys_in_words(key_ids)}"


async def workers_seen(temporal: Temporal, settings: Settings) -> set[str]:
    """Return the identities of the processes that have polled for workflows in the last five minutes.

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
    return {poller.identity for poller in answer.pollers}


def in_words(seen: set[str], key_ids: Sequence[str]) -> str:
    """Report the number of workers, and the payload keys of those that differ from these ids."""
    same = _keys_in_words(key_ids)
    keys = [identity.partition(" ")[2] for identity in seen]
    others = sorted({each or "unknown payload keys" for each in keys if each != same})
    if not others:
        return f"{len(seen)} seen in the last few minutes, with the API's payload keys"
    unlike = sum(each != same for each in keys)
    listed = " / ".join(others)
    return f"{len(seen)} seen in the last few minutes, {unlike} with payload keys that differ from the API's: {listed}"


def _keys_in_words(key_ids: Sequence[str]) -> str:
    return f"payload keys {','.join(key_ids) or 'none'}"[:KEYS_CHARACTERS]
