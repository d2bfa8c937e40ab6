"""The activities that workflows may call; their timeouts and retries are in `activity_options.py`.

A workflow calls `workflow.execute_activity_method(ModelCalls.complete, request, **COMPLETE)`; the implementation in
`activities/` subclasses and decorates again with the same name.
"""

from abc import ABC, abstractmethod

from temporalio import activity

from models.model_calls import (
    ModelCallOutcome,
    ModelCallRequest,
)
from models.schedules import ScheduledRunInput
from models.tasks import TaskInput, TransitionRecord
from models.tool_calls import ToolCallOutcome, ToolCallRequest

COMPLETE_MODEL_CALL = "complete_model_call"
RUN_TOOL_CALL = "run_tool_call"
RECORD_TRANSITION = "record_transition"
CREATE_SCHEDULED_TASK = "create_scheduled_task"


class ModelCalls(ABC):
    """Calls of a model."""

    @activity.defn(name=COMPLETE_MODEL_CALL)
    @abstractmethod
    async def complete(self, request: ModelCallRequest) -> ModelCallOutcome:
        """Make the call at this place once, or return what it already gave."""


class ToolCalls(ABC):
    """Calls of a tool."""

    @activity.defn(name=RUN_TOOL_CALL)
    @abstractmethod
    async def run(self, request: ToolCallRequest) -> ToolCallOutcome:
        """Run the tool once and append its result to the transcript."""


class TaskRecords(ABC):
    """Writes of a task's state that no model call makes."""

    @activity.defn(name=RECORD_TRANSITION)
    @abstractmethod
    async def record(self, record: TransitionRecord) -> None:
        """Write a node's end into the projection, once."""


class Schedules(ABC):
    """What a schedule does when it is due."""

    @activity.defn(name=CREATE_SCHEDULED_TASK)
    @abstractmethod
    async def create_task(self, run: ScheduledRunInput) -> TaskInput | None:
        """Make the task of this scheduled run, once per workflow id; None when it has ended already."""
