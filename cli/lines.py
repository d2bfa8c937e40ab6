"""What happens in a task, one line an event: for logs and pipes, where nothing can be drawn over."""

from cli.text import count, one_line, usd
from models.events import (
    BudgetReached,
    Event,
    GuidanceGiven,
    GuidanceSeen,
    ModelCallFailed,
    ModelCallFellBack,
    ModelCallFinished,
    ModelCallStarted,
    PlanCreated,
    PlanRejected,
    SnapshotFrame,
    SubtaskCompleted,
    SubtaskFailed,
    SubtaskSkipped,
    SubtaskStarted,
    TaskCompleted,
    TaskFailed,
    ToolCallFinished,
)
from models.model_calls import Purpose

_AT_THE_ROOT = {Purpose.PLAN: "plan", Purpose.AGGREGATE: "answer", Purpose.TURN: "task"}


def line_of(event: Event) -> str:
    """Say an event in one line, safe to print."""
    return one_line(f"{_place_of(event)}: {_said(event)}", 300)


def line_of_snapshot(frame: SnapshotFrame) -> str:
    task = frame.task
    done = f"{task.subtasks_done} of {count(task.subtasks_total, 'subtask')} done"
    return f"task: {task.status}, {done} (too much has happened to tell it all)"


def _place_of(event: Event) -> str:
    if event.path:
        return event.path
    if isinstance(event, (ModelCallStarted, ModelCallFinished, ModelCallFailed, ModelCallFellBack)):
        return _AT_THE_ROOT[event.purpose]
    subject = event.type.partition(".")[0]
    return subject if subject in ("plan", "budget", "guidance") else "task"


def _said(event: Event) -> str:
    match event:
        case PlanCreated():
            keys = ", ".join(node.key for node in event.subtasks)
            return f"{count(len(event.subtasks), 'subtask')}: {keys}"
        case PlanRejected():
            return f"not accepted: {'; '.join(event.problems)}"
        case SubtaskStarted():
            return f"started ({event.agent})"
        case SubtaskCompleted() | TaskCompleted():
            simulated = " (simulated)" if isinstance(event, TaskCompleted) and event.simulated else ""
            return f"completed{simulated}: {event.preview}"
        case SubtaskFailed() | SubtaskSkipped() | TaskFailed():
            return f"{_name_of(event)}: {event.code}: {event.message}"
        case ModelCallStarted() | ModelCallFinished() | ModelCallFailed():
            return _said_of_call(event)
        case ModelCallFellBack():
            return f"falls back from {event.from_model} to {event.to_model}: {event.code}"
        case ToolCallFinished():
            return f"{event.tool} {'failed' if event.failed else 'gave'}: {event.preview}"
        case BudgetReached():
            return f"reached, the task waits: {event.message}"
        case GuidanceGiven():
            return f"given: {event.preview}"
        case GuidanceSeen():
            return "has seen the guidance" if event.path else "seen"
        case _:
            return _name_of(event)


def _said_of_call(event: ModelCallStarted | ModelCallFinished | ModelCallFailed) -> str:
    attempt = (
        f", attempt {event.attempt}: what the one before had written is taken back" if (event.attempt or 1) > 1 else ""
    )
    match event:
        case ModelCallStarted():
            simulated = ", simulated" if event.simulated else ""
            return f"model call {event.step} ({event.agent}, {event.model}{simulated}){attempt}"
        case ModelCallFinished():
            tokens = count(event.input_tokens + event.output_tokens, "token")
            asks = f", asks for {', '.join(event.tool_calls)}" if event.tool_calls else ""
            return f"model call {event.step} finished: {tokens}, {usd(event.cost_micro_usd)}{asks}"
        case ModelCallFailed():
            again = "; it is tried again" if event.retryable else ""
            return f"model call {event.step} failed: {event.code}: {event.message}{again}"


def _name_of(event: Event) -> str:
    return event.type.rpartition(".")[2]
