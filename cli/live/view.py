"""The state of a followed task, derived from the frames of its stream, without a terminal, a clock or a network.

Frames may arrive twice (after a reconnect), and tokens may arrive before the event of their call. Users notice neither.
"""

from datetime import datetime

from cli.live.lines import budget_of, decision_of, end_of, failure_of, waiting_of
from cli.live.nodes import Node, Writing
from cli.output.endings import ending_of
from cli.output.remedies import with_command
from models.approvals import ApprovalId
from models.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    BudgetRaised,
    BudgetReached,
    Event,
    Frame,
    GuidanceSeen,
    ModelCallFailed,
    ModelCallFinished,
    ModelCallStarted,
    ModelCallWaiting,
    PlanCreated,
    PlanRejected,
    RunCancelled,
    RunCancelling,
    RunCompleted,
    RunFailed,
    RunPaused,
    RunResumed,
    RunRetried,
    RunStarted,
    SnapshotFrame,
    SubtaskCancelled,
    SubtaskCompleted,
    SubtaskDelegated,
    SubtaskFailed,
    SubtaskSkipped,
    SubtaskStarted,
    TokensFrame,
    ToolCallFinished,
    ToolCallStarted,
)
from models.ids import ROOT, NodePath, TaskId, child_path
from models.model_calls import Purpose
from models.runs import CLOSED, RunStatus
from models.subtasks import SubtaskStatus
from models.tasks import TaskView
from models.waits import ApprovalWait, BudgetWait

ENDED = frozenset({SubtaskStatus.COMPLETED, SubtaskStatus.FAILED, SubtaskStatus.SKIPPED, SubtaskStatus.CANCELLED})


class TaskState:
    """The known state of one task; only `apply` changes it."""

    def __init__(self, task_id: TaskId, task: TaskView | None = None) -> None:
        self.task_id = task_id
        self.seq = 0
        self.goal = task.goal if task else ""
        self.title = task.title if task else ""
        self.status = task.status if task else RunStatus.QUEUED
        self.simulated = task.simulated if task else False
        self.began_at = (task.started_at or task.created_at) if task else None
        self.ended_at = task.ended_at if task else None
        self.nodes: dict[NodePath, Node] = {ROOT: Node(ROOT)}
        self.finished_calls = 0
        self.repeated_calls = 0
        self.spent_micro_usd = 0
        self.tokens = 0
        self.estimated = False
        self.note = ""
        """Why the task waits, failed or could not be planned."""
        self.pending: dict[ApprovalId, str] = {}
        """The decisions that the task waits for, in the order of their requests, in words."""
        self.needs_budget = False
        self.noted = ROOT
        """Path of the node whose note is the newest."""

    def apply(self, frame: Frame) -> bool:
        """Apply a frame. Return False if it contains no news."""
        if isinstance(frame, TokensFrame):
            return self._take_tokens(frame)
        if isinstance(frame, SnapshotFrame):
            self._start_again_from(frame)
            return True
        if frame.seq <= self.seq:
            return False
        self.seq = frame.seq
        self.began_at = self.began_at or frame.at
        place = frame.event.path
        before = self.nodes[place].note if place in self.nodes else ""
        self._happened(frame.event)
        if self.is_closed:
            self.ended_at = self.ended_at or frame.at
        if place in self.nodes and self.nodes[place].note not in ("", before):
            self.noted = place
        return True

    @property
    def root(self) -> Node:
        return self.nodes[ROOT]

    @property
    def subtasks(self) -> list[Node]:
        return [node for path, node in self.nodes.items() if path != ROOT]

    @property
    def is_planned(self) -> bool:
        return len(self.nodes) > 1

    @property
    def done(self) -> int:
        return sum(node.status in ENDED for node in self.subtasks)

    @property
    def is_closed(self) -> bool:
        return self.status in CLOSED

    @property
    def being_written(self) -> list[Writing]:
        """The answers that have begun to stream."""
        return [node.writing for node in self.nodes.values() if node.writing is not None and node.writing.length]

    def elapsed_s(self, now: datetime) -> float:
        """Return the seconds from the task's beginning to `now`, or to its end."""
        if self.began_at is None:
            return 0.0
        until = now if self.ended_at is None else min(now, self.ended_at)
        return max(0.0, (until - self.began_at).total_seconds())

    def children_of(self, path: NodePath) -> list[Node]:
        """Return the direct subtasks of a node, in the order of its plan."""
        return [node for node in self.subtasks if node.path.rpartition("/")[0] == path]

    def _node(self, path: NodePath) -> Node:
        return self.nodes.setdefault(path, Node(path))

    def _take_tokens(self, frame: TokensFrame) -> bool:
        node = self._node(frame.path)
        place = (frame.step, frame.attempt)
        latest = node.latest.get(frame.purpose, (0, 0))
        if place > latest:
            self._begin(node, frame.purpose, frame.step, frame.attempt)
        elif place < latest or node.writing is None or node.writing.purpose is not frame.purpose:
            return False
        return node.writing is not None and node.writing.take(frame.offset, frame.text)

    def _begin(self, node: Node, purpose: Purpose, step: int, attempt: int) -> None:
        """Begin a new call, or a new attempt, which discards the text of an earlier attempt."""
        if node.latest.get(purpose) == (step, attempt):
            return
        node.latest[purpose] = (step, attempt)
        if attempt == 1:
            node.shown_chars = 0
        elif node.writing is not None:
            node.shown_chars = node.writing.length
        node.writing = Writing(purpose, step, attempt)

    def _start_again_from(self, frame: SnapshotFrame) -> None:
        task = frame.task
        if task is None:
            return
        self.seq, self.status, self.simulated = frame.seq, task.status, task.simulated
        self.goal, self.title = task.goal, task.title
        self.began_at, self.ended_at = task.started_at or task.created_at, task.ended_at
        self.spent_micro_usd = task.spent_micro_usd
        self.tokens = task.usage.input_tokens + task.usage.output_tokens
        self.note = task.error or (with_command(task.waiting.message, task.waiting.remedy) if task.waiting else "")
        self.needs_budget = isinstance(task.waiting, BudgetWait)
        self.pending = {}
        if isinstance(task.waiting, ApprovalWait):
            self.pending = {each.id: self.note for each in task.waiting.approvals}
        self.finished_calls = sum(subtask.turns for subtask in frame.subtasks)
        self.nodes = {ROOT: Node(ROOT)}
        for subtask in frame.subtasks:
            self.nodes[subtask.path] = Node(
                subtask.path,
                agent=subtask.agent,
                title=subtask.title,
                status=subtask.status,
                depends_on=subtask.depends_on,
                turns=subtask.turns,
                cost_micro_usd=subtask.spent_micro_usd,
                note=subtask.error or "",
            )

    def _happened(self, event: Event) -> None:
        match event:
            case ModelCallStarted() | ModelCallFinished() | ModelCallFailed():
                self._model_call(event)
            case ModelCallWaiting():
                node = self._node(event.path)
                node.note = node.waits = waiting_of(event)
            case SubtaskStarted() | SubtaskCompleted() | SubtaskFailed() | SubtaskSkipped() | SubtaskCancelled():
                self._subtask(event)
            case SubtaskDelegated():
                node = self._node(event.path)
                node.agent, node.title = event.agent, event.title
            case ApprovalRequested() | ApprovalEscalated() | ApprovalDecided():
                self._approval(event)
            case PlanCreated():
                self._planned(event)
            case PlanRejected():
                self.note = f"the plan was rejected: {' '.join(event.problems)}"
            case ToolCallStarted() | ToolCallFinished():
                self._tool_call(event)
            case GuidanceSeen():
                words = f": {event.preview}" if event.preview else ""
                self._node(event.path).note = f"received the guidance{words}"
            case _:
                self._task(event)

    def _model_call(self, event: ModelCallStarted | ModelCallFinished | ModelCallFailed) -> None:
        node, step, attempt = self._node(event.path), event.step or 0, event.attempt or 1
        # A turn's tools end before the next call, and a tool that was cancelled has no result.
        node.tools.clear()
        if isinstance(event, ModelCallStarted):
            self._begin(node, event.purpose, step, attempt)
            if node.note == node.waits:
                node.note = ""
            self.simulated = self.simulated or event.simulated
            node.agent = event.agent
            if attempt > 1:
                self.repeated_calls += 1
                taken_back = " (the earlier attempt's text was discarded)" if node.shown_chars else ""
                node.note = f"attempt {attempt}{taken_back}"
            return
        node.latest[event.purpose] = max(node.latest.get(event.purpose, (0, 0)), (step, attempt))
        node.shown_chars = node.writing.length if node.writing is not None else 0
        node.writing = None
        if isinstance(event, ModelCallFailed):
            node.note = f"the call {failure_of(event)}"
            return
        node.note = f"calls {', '.join(event.tool_calls)}" if event.tool_calls else ""
        node.turns += 1
        node.cost_micro_usd += event.cost_micro_usd
        node.estimated = node.estimated or event.estimated
        self.estimated = self.estimated or event.estimated
        self.finished_calls += 1
        self.spent_micro_usd += event.cost_micro_usd
        self.tokens += event.input_tokens + event.output_tokens

    def _tool_call(self, event: ToolCallStarted | ToolCallFinished) -> None:
        """Show a result, and the tools of the turn that are still running."""
        node, place = self._node(event.path), (event.step or 0, event.index)
        node.tools.pop(place, None)
        if isinstance(event, ToolCallStarted):
            node.tools[place] = event.tool
            arguments = f": {event.preview}" if len(node.tools) == 1 else ""
            node.note = f"running {', '.join(node.tools.values())}{arguments}"
            return
        failed = "failed: " if event.failed else ""
        others = f"running {', '.join(node.tools.values())}; " if node.tools else ""
        node.note = f"{others}{event.tool}: {failed}{event.preview}"

    def _subtask(
        self, event: SubtaskStarted | SubtaskCompleted | SubtaskFailed | SubtaskSkipped | SubtaskCancelled
    ) -> None:
        node = self._node(event.path)
        if isinstance(event, SubtaskStarted):
            node.status, node.agent = SubtaskStatus.RUNNING, event.agent
            return
        node.status = SubtaskStatus(event.type.removeprefix("subtask."))
        node.writing = None
        if isinstance(event, SubtaskCompleted) and (ending := ending_of(event)) is not None:
            node.note = f"its answer was {ending.words}"
        if isinstance(event, (SubtaskFailed, SubtaskSkipped)):
            node.note = end_of(event, self.task_id)

    def _approval(self, event: ApprovalRequested | ApprovalEscalated | ApprovalDecided) -> None:
        node = self._node(event.path)
        match event:
            case ApprovalRequested():
                self.pending[event.approval_id] = decision_of(event)
                node.tools.pop((event.step or 0, event.index), None)
                node.note = f"waits for a person: {event.tool}"
                if self.status in (RunStatus.QUEUED, RunStatus.RUNNING):
                    self.status = RunStatus.WAITING
            case ApprovalEscalated():
                node.note = f"may now be decided by {', '.join(event.approvers)}"
            case ApprovalDecided():
                self.pending.pop(event.approval_id, None)
                node.note = f"{event.status}{f' by {event.by}' if event.by else ''}"
                if self.status is RunStatus.WAITING and not self.pending and not self.needs_budget:
                    self.status = RunStatus.RUNNING
        if not self.needs_budget:
            self.note = next(iter(self.pending.values()), "")

    def _planned(self, event: PlanCreated) -> None:
        self.note = ""
        for planned in event.subtasks:
            node = self._node(child_path(event.path, planned.key))
            node.agent, node.title, node.depends_on = planned.agent, planned.title, planned.depends_on

    def _task(self, event: Event) -> None:
        match event:
            case RunStarted() | RunResumed() | BudgetRaised():
                self.needs_budget = False
                self.note = next(iter(self.pending.values()), "")
                self.status = RunStatus.WAITING if self.pending else RunStatus.RUNNING
            case RunRetried():
                self._open_again(event)
            case RunPaused():
                self.status = RunStatus.PAUSED
            case RunCancelling():
                self.status = RunStatus.CANCELLING
            case BudgetReached():
                self.needs_budget = True
                self.status, self.note = RunStatus.WAITING, budget_of(event, self.task_id)
            case RunCompleted():
                self._close(RunStatus.COMPLETED)
                self.simulated = self.simulated or event.simulated
            case RunFailed():
                self._close(RunStatus.FAILED, end_of(event, self.task_id))
            case RunCancelled():
                self._close(RunStatus.CANCELLED)
            case _:
                pass

    def _open_again(self, event: RunRetried) -> None:
        self.status, self.note, self.ended_at = RunStatus.RUNNING, "", None
        for path in event.paths:
            node = self._node(path)
            node.status, node.note = SubtaskStatus.PENDING, ""

    def _close(self, status: RunStatus, note: str = "") -> None:
        self.status, self.note = status, note
        self.pending, self.needs_budget = {}, False
        for node in self.nodes.values():
            node.writing = None
