"""Timeouts, retries and heartbeats of the activities that workflows call, to be passed as `**COMPLETE`."""

from datetime import timedelta
from typing import TypedDict

from temporalio import workflow
from temporalio.common import RetryPolicy

from models.model_calls import MAX_CALL_SECONDS, PLACE_SECONDS, SETTLE_SECONDS
from models.tool_calls import TOOL_SECONDS


class ActivityOptions(TypedDict, total=False):
    """The subset of Temporal's activity options that the contracts set."""

    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    heartbeat_timeout: timedelta
    retry_policy: RetryPolicy
    cancellation_type: workflow.ActivityCancellationType


class LocalActivityOptions(TypedDict, total=False):
    start_to_close_timeout: timedelta
    schedule_to_close_timeout: timedelta
    retry_policy: RetryPolicy


COMPLETE = ActivityOptions(
    # The sum of an attempt's own time limits, plus a minute: Temporal never gives up an attempt that can still store
    # its answer.
    start_to_close_timeout=timedelta(seconds=PLACE_SECONDS + MAX_CALL_SECONDS + SETTLE_SECONDS + 60),
    schedule_to_close_timeout=timedelta(hours=24),
    # How soon a dead worker is noticed (measured: 4 s with a timeout of 5 s, 29 s without one).
    heartbeat_timeout=timedelta(seconds=10),
    # The ledger limits the requests to a provider, because only the ledger knows which of them reached it. The maximum
    # here is high, so that rejections by the rate limiter and database outages don't use it up.
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=10_000
    ),
    # Report a call as cancelled when it has really ended, not when the cancellation is requested.
    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

RUN_TOOL = ActivityOptions(
    # In addition to the tool's own time: the time to record its claim and its result.
    start_to_close_timeout=timedelta(seconds=TOOL_SECONDS + 10),
    # As long as a model call: a call that a person has approved waits for a worker, too.
    schedule_to_close_timeout=timedelta(hours=24),
    heartbeat_timeout=timedelta(seconds=10),
    # The activity limits the attempts at a tool. The maximum here is high, so that database outages don't use it up.
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30), maximum_attempts=10_000),
    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

RECORD = LocalActivityOptions(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10), maximum_attempts=1000),
)

DELETE_CONTENT = ActivityOptions(
    # A step ends by itself after some seconds; a batch may wait for locks.
    start_to_close_timeout=timedelta(minutes=10),
    # There is no limit on the whole, because the content has to be deleted however long the database is away.
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)),
)
