"""The activities that workflows can call. Their timeouts and retries are in `activity_options.py`.

A workflow calls `workflow.execute_activity_method(ModelCalls.complete, request, **COMPLETE)`. The implementation in
`activities/` overrides the method and decorates it again with the same name.
"""

from abc import ABC, abstractmethod

from temporalio import activity

from models.model_calls import (
    ModelCallOutcome,
    ModelCallRequest,
)
from models.retention import RetentionInput, RetentionProgress
from models.schedules import ScheduledRunInput
from models.tasks import TaskInput, TransitionRecord
from models.tool_calls import ToolCallOutcome, ToolCallRequest

COMPLETE_MODEL_CALL = "complete_model_call"
RUN_TOOL_CALL = "run_tool_call"
RECORD_TRANSITION = "record_transition"
CREATE_SCHEDULED_TASK = "create_scheduled_task"
BEGIN_RETENTION = "begin_retention"
DELETE_CONTENT = "delete_content"


class ModelCalls(ABC):
    """Model calls."""

    @activity.defn(name=COMPLETE_MODEL_CALL)
    @abstractmethod
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make the call at this place once, or return its earlier result."""


class ToolCalls(ABC):
    """Tool calls."""

    @activity.defn(name=RUN_TOOL_CALL)
    @abstractmethod
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Run the tool once and append its result to the transcript."""


class TaskRecords(ABC):
    """Changes of a task's state that don't result from a model call."""

    @activity.defn(name=RECORD_TRANSITION)
    @abstractmethod
    async def record(self, record: TransitionRecord) -> None:
        """Record once, in the task's rows, how a node ended."""


class Schedules(ABC):
    """What happens when a schedule is due."""

    @activity.defn(name=CREATE_SCHEDULED_TASK)
    @abstractmethod
    async def create_task(self, run: ScheduledRunInput) -> TaskInput | None:
        """Create the task of this scheduled run, once per workflow ID. Returns None if the task has already ended."""


class Retention(ABC):
    """The steps of a retention run."""

    @activity.defn(name=BEGIN_RETENTION)
    @abstractmethod
    async def begin(self) -> RetentionInput | None:
        """Create the row of a daily run, once per workflow ID. Returns None if there is nothing to do."""

    @activity.defn(name=DELETE_CONTENT)
    @abstractmethod
    async def delete_content(self, run: RetentionInput) -> RetentionProgress:
        """Delete the next batches of content, for some seconds. What is deleted is counted once."""
