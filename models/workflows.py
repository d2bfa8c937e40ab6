"""The workflows as their callers see them: run, signals and updates. The API and the worker's outbox import only this.

In Temporal's terms, a signal must not be lost and needs no answer, and an update is accepted or rejected. The console
never sends workflow queries, because it reads PostgreSQL.
"""

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any

from temporalio import workflow
from temporalio.common import SearchAttributeKey

from models.ai_calls import AiCallInput
from models.nodes import Controls, NodeOutcome
from models.replies import ReplyInput
from models.retention import RetentionInput
from models.schedules import ScheduledRunInput, ScheduledRunResult
from models.subtasks import SubtaskInput
from models.tasks import SteerReceipt, SteerRequest, TaskInput, TaskResult
from models.tool_calls import Decision

OWNER = SearchAttributeKey.for_keyword("ChimeraOwner")
AGENT = SearchAttributeKey.for_keyword("ChimeraAgent")
STATUS = SearchAttributeKey.for_keyword("ChimeraStatus")
"""The status of a task. It includes `paused`, which Temporal's own status doesn't. Subtasks have only Temporal's
status.
"""
PRIORITY = SearchAttributeKey.for_int("ChimeraPriority")

SEARCH_ATTRIBUTES = (OWNER, AGENT, STATUS, PRIORITY)


def registration_of(attribute: SearchAttributeKey[Any]) -> str:
    """Format a search attribute for Temporal's command line: `Name=Type`."""
    return f"{attribute.name}={attribute.indexed_value_type.name.title().replace('_', '')}"


ROOT_WORKFLOWS = ("TaskWorkflow", "AiCallWorkflow", "ReplyWorkflow")
"""The types of workflows that are the root of a run."""


class TaskSignal(StrEnum):
    """The names of a task's signals, which the outbox stores."""

    PAUSE = "pause"
    RESUME = "resume"
    BUDGET_RAISED = "budget_raised"
    DECIDED = "decided"


@workflow.defn(name="TaskWorkflow")
class TaskRuns(ABC):
    """A task: plan, subtasks, aggregation."""

    @workflow.run
    @abstractmethod
    async def run(self, task: TaskInput) -> TaskResult: ...

    @workflow.signal(name=TaskSignal.PAUSE)
    @abstractmethod
    async def pause(self) -> None: ...

    @workflow.signal(name=TaskSignal.RESUME)
    @abstractmethod
    async def resume(self) -> None: ...

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    @abstractmethod
    async def budget_raised(self) -> None: ...

    @workflow.signal(name=TaskSignal.DECIDED)
    @abstractmethod
    async def decided(self, decision: Decision) -> None: ...

    @workflow.update
    @abstractmethod
    async def steer(self, request: SteerRequest) -> SteerReceipt: ...


@workflow.defn(name="SubtaskWorkflow")
class SubtaskRuns(ABC):
    """A subtask: an agent's loop, or a plan of its own. Its parent controls it."""

    @workflow.run
    @abstractmethod
    async def run(self, subtask: SubtaskInput) -> NodeOutcome: ...

    @workflow.signal(name="controls")
    @abstractmethod
    async def controls(self, controls: Controls) -> None: ...

    @workflow.signal(name="suspend")
    @abstractmethod
    async def suspend(self) -> None: ...

    @workflow.signal(name="interrupt")
    @abstractmethod
    async def interrupt(self, request: SteerRequest) -> None: ...

    @workflow.signal(name="decided")
    @abstractmethod
    async def decided(self, decision: Decision) -> None: ...


@workflow.defn(name="ScheduledTaskWorkflow")
class ScheduledTaskRuns(ABC):
    """The run of a Temporal Schedule: it creates the task's row, and then runs the task as a child."""

    @workflow.run
    @abstractmethod
    async def run(self, run: ScheduledRunInput) -> ScheduledRunResult: ...


@workflow.defn(name="AiCallWorkflow")
class AiCallRuns(ABC):
    """An AI call: an embedding, an image or a transcription."""

    @workflow.run
    @abstractmethod
    async def run(self, call: AiCallInput) -> None: ...


@workflow.defn(name="ReplyWorkflow")
class ReplyRuns(ABC):
    """A reply: the answer of an agent or a model to a conversation. It receives the signals of tasks."""

    @workflow.run
    @abstractmethod
    async def run(self, reply: ReplyInput) -> None: ...

    @workflow.signal(name=TaskSignal.BUDGET_RAISED)
    @abstractmethod
    async def budget_raised(self) -> None: ...

    @workflow.signal(name=TaskSignal.DECIDED)
    @abstractmethod
    async def decided(self, decision: Decision) -> None: ...


@workflow.defn(name="RetentionWorkflow")
class RetentionRuns(ABC):
    """A retention run: it deletes old content, or the content of a user, in small steps."""

    @workflow.run
    @abstractmethod
    async def run(self, retention: RetentionInput) -> None: ...
