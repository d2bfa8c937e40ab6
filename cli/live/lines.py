"""A task's events, one line each: for logs and pipes, where lines can't be redrawn."""

from cli.output.bill import limits_of, marked
from cli.output.endings import ending_of
from cli.output.remedies import with_command
from cli.output.text import count, one_line, short, versioned
from models.approvals import ApprovalKind
from models.base import usd
from models.errors import remedy_of
from models.events import (
    ApprovalDecided,
    ApprovalEscalated,
    ApprovalRequested,
    BudgetRaised,
    BudgetReached,
    Event,
    FileWritten,
    GuidanceGiven,
    GuidanceSeen,
    ModelCallFailed,
    ModelCallFellBack,
    ModelCallFinished,
    ModelCallStarted,
    ModelCallWaiting,
    PlanCreated,
    PlanRejected,
    RunCompleted,
    RunFailed,
    SnapshotFrame,
    SubtaskCompleted,
    SubtaskDelegated,
    SubtaskFailed,
    SubtaskSkipped,
    SubtaskStarted,
    ToolCallFinished,
    ToolCallStarted,
)
from models.ids import TaskId
from models.model_calls import PURPOSES
from models.waits import remedy_for

CUT = "cancelled"
"""Error code of an attempt that was interrupted by a stop, by guidance, or because its worker stopped."""


def line_of(event: Event, task_id: TaskId) -> str:
    """Describe an event of a task in one line, safe to print."""
    return one_line(f"{_place_of(event)}: {_description_of(event, task_id)}", 300)


def line_of_snapshot(frame: SnapshotFrame) -> str:
    task = frame.task
    if task is None:
        status = frame.reply.status if frame.reply else "unknown"
        return f"reply: {status} (status after event {frame.seq}; earlier events are not shown)"
    done = f"{task.subtasks_done} of {count(task.subtasks_total, 'subtask')} done"
    return f"task: {task.status}, {done} (status after event {frame.seq}; earlier events are not shown)"


def failure_of(event: ModelCallFailed) -> str:
    """Describe why an attempt failed. If it was interrupted, only the next event shows whether the call is repeated."""
    if event.code == CUT:
        return "was interrupted"
    again = "; the call will be retried" if event.retryable else ""
    return f"failed: {event.code}: {event.message.rstrip('.')}{again}"


def end_of(event: SubtaskFailed | SubtaskSkipped | RunFailed, task_id: TaskId) -> str:
    """Describe why a task or a subtask failed, with only the code if the message has already been shown."""
    why = f": {with_command(event.message, remedy_of(event.code, task_id))}" if event.message else ""
    return f"{event.code}{why}"


def budget_of(event: BudgetReached, task_id: TaskId) -> str:
    """Name the limit that a call would exceed, with the command that raises or shows it."""
    return with_command(event.message, remedy_for(task_id, event.limit, event.needed))


def waiting_of(event: ModelCallWaiting) -> str:
    """Describe why a call has not started."""
    return f"is waiting for its provider: {event.code}: {event.message}"


def decision_of(event: ApprovalRequested) -> str:
    """Describe what a person has to decide, with the command that does it."""
    name = short(event.approval_id)
    match event.kind:
        case ApprovalKind.QUESTION:
            return f"waits for an answer: {one_line(event.preview, 150)} Run: chimera answer {name} <answer>"
        case ApprovalKind.OUTCOME:
            return f"the outcome of {event.tool} is unknown. See: chimera approvals show {name}"
        case ApprovalKind.TOOL_CALL:
            call = f"{event.tool} {one_line(event.preview, 100)}"
            return f"waits for approval: {call}. See: chimera approvals show {name}"


def _place_of(event: Event) -> str:
    if event.path:
        return event.path
    if isinstance(event, (ModelCallStarted, ModelCallFinished, ModelCallFailed, ModelCallFellBack, ModelCallWaiting)):
        return PURPOSES[event.purpose].product
    subject = event.type.partition(".")[0]
    return subject if subject in ("plan", "budget", "guidance", "approval") else "task"


def _description_of(event: Event, task_id: TaskId) -> str:
    match event:
        case PlanCreated():
            keys = ", ".join(node.key for node in event.subtasks)
            return f"{count(len(event.subtasks), 'subtask')}: {keys}"
        case PlanRejected():
            return f"rejected: {' '.join(event.problems)}"
        case SubtaskDelegated():
            return f"delegated to {event.agent}{f': {event.title}' if event.title else ''}"
        case ApprovalRequested():
            return decision_of(event)
        case ApprovalEscalated():
            return f"may now be decided by {', '.join(event.approvers)}"
        case ApprovalDecided():
            what = "question" if event.kind is ApprovalKind.QUESTION else "approval"
            return f"{what} {short(event.approval_id)} {event.status}{f' by {event.by}' if event.by else ''}"
        case SubtaskStarted():
            return f"started ({event.agent})"
        case SubtaskCompleted() | RunCompleted():
            simulated = " (simulated)" if isinstance(event, RunCompleted) and event.simulated else ""
            return f"completed{simulated}{_ending_of(event)}: {event.preview}"
        case SubtaskFailed() | SubtaskSkipped() | RunFailed():
            return f"{_name_of(event)}: {end_of(event, task_id)}"
        case ModelCallStarted() | ModelCallFinished() | ModelCallFailed():
            return _description_of_call(event)
        case ModelCallWaiting():
            return waiting_of(event)
        case ModelCallFellBack():
            return f"falls back from {event.from_model} to {event.to_model}: {event.code}"
        case ToolCallStarted():
            again = f", start {event.attempt}" if (event.attempt or 1) > 1 else ""
            return f"runs {event.tool}{again}: {event.preview}"
        case FileWritten():
            return f"wrote {event.name} ({count(event.size_bytes, 'byte')})"
        case ToolCallFinished():
            return f"{event.tool} {'failed' if event.failed else 'returned'}: {event.preview}"
        case BudgetReached():
            return f"reached, so the task is waiting: {budget_of(event, task_id)}"
        case BudgetRaised():
            return f"set to {limits_of(event)}"
        case GuidanceGiven():
            return f"given: {event.preview}"
        case GuidanceSeen():
            words = f": {event.preview}" if event.preview else ""
            return f"received the guidance{words}" if event.path else f"received{words}"
        case _:
            return _name_of(event)


def _description_of_call(event: ModelCallStarted | ModelCallFinished | ModelCallFailed) -> str:
    attempt = f", attempt {event.attempt}" if (event.attempt or 1) > 1 else ""
    match event:
        case ModelCallStarted():
            simulated = ", simulated" if event.simulated else ""
            agent = versioned(event.agent, event.agent_version)
            return f"model call {event.step} ({agent}, {event.model}{simulated}){attempt}"
        case ModelCallFinished():
            tokens = marked(count(event.input_tokens + event.output_tokens, "token"), estimated=event.estimated)
            cost = marked(usd(event.cost_micro_usd), estimated=event.estimated)
            asks = f", calls {', '.join(event.tool_calls)}" if event.tool_calls else ""
            return f"model call {event.step}{attempt} finished: {tokens}, {cost}{asks}{_ending_of(event)}"
        case ModelCallFailed():
            return f"model call {event.step}{attempt} {failure_of(event)}"


def _ending_of(event: ModelCallFinished | SubtaskCompleted | RunCompleted) -> str:
    ending = ending_of(event)
    return f", {ending.words}" if ending else ""


def _name_of(event: Event) -> str:
    return event.type.rpartition(".")[2]
