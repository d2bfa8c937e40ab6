"""Timeouts, retries and heartbeats of the activities that workflows call: `**COMPLETE` and its like."""

from datetime import timedelta
from typing import TypedDict

from temporalio import workflow
from temporalio.common import RetryPolicy

from models.model_calls import MAX_CALL_SECONDS, PLACE_SECONDS, SETTLE_SECONDS
from models.tool_calls import TOOL_SECONDS


class ActivityOptions(TypedDict, total=False):
    """The part of Temporal's activity options that a contract decides."""

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
    # All that an attempt may wait for in turn, and a minute: no answer is given up that is still to be kept.
    start_to_close_timeout=timedelta(seconds=PLACE_SECONDS + MAX_CALL_SECONDS + SETTLE_SECONDS + 60),
    schedule_to_close_timeout=timedelta(hours=24),
    # A worker that dies is noticed after this long (measured: 4 s at 5 s, 29 s without one).
    heartbeat_timeout=timedelta(seconds=10),
    # How often a provider is asked is the ledger's business (it alone knows what reached the provider); a
    # refusal by the rate limiter or a database that is away must not use those tries up.
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=10_000
    ),
    # "Stopped" is reported when the call has really ended, not at the request.
    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

RUN_TOOL = ActivityOptions(
    # Beside the tool: its claim and its result are written.
    start_to_close_timeout=timedelta(seconds=TOOL_SECONDS + 10),
    schedule_to_close_timeout=timedelta(hours=1),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30), maximum_attempts=100),
    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)

RECORD = LocalActivityOptions(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10), maximum_attempts=1000),
)
