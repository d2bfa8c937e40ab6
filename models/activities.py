"""The activities that workflows may call, with the timeouts and retries that belong to each beside it.

A workflow calls `workflow.execute_activity_method(ModelCalls.complete, request, **COMPLETE)`; the implementation in
`activities/` subclasses and decorates again with the same name.
"""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import TypedDict

from temporalio import activity, workflow
from temporalio.common import RetryPolicy

from models.model_calls import (
    MAX_CALL_SECONDS,
    PLACE_SECONDS,
    SETTLE_SECONDS,
    ModelCallOutcome,
    ModelCallRequest,
)
from models.schedules import ScheduledRunInput
from models.tasks import TaskInput, TransitionRecord
from models.tool_calls import TOOL_SECONDS, ToolCallOutcome, ToolCallRequest

COMPLETE_MODEL_CALL = "complete_model_call"
RUN_TOOL_CALL = "run_tool_call"
RECORD_TRANSITION = "record_transition"
CREATE_SCHEDULED_TASK = "create_scheduled_task"


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


class ModelCalls(ABC):
    """Calls of a model."""

    @activity.defn(name=COMPLETE_MODEL_CALL)
    @abstractmethod
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make the call at this place once, or return what it already gave."""


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


class ToolCalls(ABC):
    """Calls of a tool."""

    @activity.defn(name=RUN_TOOL_CALL)
    @abstractmethod
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Run the tool once and append its result to the transcript."""


RUN_TOOL = ActivityOptions(
    # Beside the tool: its claim and its result are written.
    start_to_close_timeout=timedelta(seconds=TOOL_SECONDS + 10),
    schedule_to_close_timeout=timedelta(hours=1),
    heartbeat_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30), maximum_attempts=100),
    cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
)


class TaskRecords(ABC):
    """Writes of a task's state that no model call makes."""

    @activity.defn(name=RECORD_TRANSITION)
    @abstractmethod
    async def record(self, record: TransitionRecord) -> None:
        """Write a node's end into the projection, once."""


RECORD = LocalActivityOptions(
    start_to_close_timeout=timedelta(seconds=10),
    schedule_to_close_timeout=timedelta(hours=1),
    retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=10), maximum_attempts=1000),
)


class Schedules(ABC):
    """What a schedule does when it is due."""

    @activity.defn(name=CREATE_SCHEDULED_TASK)
    @abstractmethod
    async def create_task(self, run: ScheduledRunInput) -> TaskInput | None:
        """Make the task of this scheduled run, once per workflow id; None when it has ended already."""
