"""Errors that keep a run from continuing."""

from collections.abc import Sequence

from models.errors.base import ChimeraError
from models.remedies import Action, Remedy


class BudgetReached(ChimeraError):
    """The ledger rejected a call. The run pauses and asks for a higher budget instead of failing."""

    code, http_status, title = "budget_reached", 409, "The budget is used up"


class SpendingLimitReached(ChimeraError):
    """A call doesn't fit into what its owner or all users may spend. A task waits instead of failing with this."""

    code, http_status, title = "spending_limit_reached", 429, "A spending limit has been reached"

    def __init__(self, message: str) -> None:
        super().__init__(message, remedy=Remedy(action=Action.SHOW_LIMITS))


class BudgetHeld(ChimeraError):
    """The rest of the budget is reserved for calls in flight. Part of it is released if they settle for less."""

    code, http_status, title, retryable = "budget_held", 409, "The budget is reserved for calls in flight", True


class TaskPaused(ChimeraError):
    """Calls can't start while their task is paused. The run retries the call when the task is resumed."""

    code, http_status, title = "task_paused", 409, "The task is paused"

    def __init__(self, task_id: str) -> None:
        super().__init__(
            f"Task {task_id!r} is paused, so its next model call waits until the task is resumed.",
            remedy=Remedy(action=Action.RESUME_TASK, target=task_id),
        )


class RootStopped(ChimeraError):
    """The ledger rejected a call because its task was cancelled or deleted."""

    code, http_status, title = "root_stopped", 409, "The task was stopped"

    def __init__(self, run_id: str) -> None:
        super().__init__(f"Task {run_id!r} was stopped, so it makes no more model calls.")


class SubtaskSkipped(ChimeraError):
    """The ledger rejected a call because its run continues without the subtask."""

    code, http_status, title = "subtask_skipped", 409, "The subtask was skipped"

    def __init__(self, path: str) -> None:
        super().__init__(f"Subtask {path!r} makes no more model calls, because it or one of its ancestors was skipped.")


class ApprovalExpired(ChimeraError):
    """A tool call was not decided in time, and the policy makes the subtask fail for that."""

    code, http_status, title = "approval_expired", 409, "A tool call was not approved in time"

    def __init__(self, tool: str) -> None:
        super().__init__(f"The call of {tool!r} was not approved in time. Retry the task to ask again.")


class AiCallCancelled(ChimeraError):
    """An embedding, an image or a transcription was cancelled."""

    code, http_status, title = "ai_call_cancelled", 409, "The AI call was cancelled"

    def __init__(self, call_id: str) -> None:
        super().__init__(f"AI call {call_id!r} was cancelled, so it has no result.")


class StillUnderway(ChimeraError):
    """Another attempt at the call is in progress in a live process. Its answer is awaited, not paid for again."""

    code, http_status, title, retryable = "still_underway", 409, "The call is already in progress", True

    def __init__(self) -> None:
        super().__init__(
            "Another attempt at this call is already in progress. This attempt is waiting for the other attempt's"
            " answer.",
            retry_after_s=2.0,
        )


class Overtaken(ChimeraError):
    """Another attempt replaced this one. Its cost is recorded, and the ledger decides which answer counts."""

    code, http_status, title, retryable = "overtaken", 409, "Another attempt replaced this attempt", True

    def __init__(self, attempt: int) -> None:
        super().__init__(
            f"Attempt {attempt} was replaced by another attempt. The next attempt will read the recorded outcome."
        )


class AnswerMissing(ChimeraError):
    """A node needs the answers of its subtasks or dependencies, but one of them was never stored."""

    code, http_status, title = "answer_missing", 409, "A subtask's answer is missing"

    def __init__(self, paths: Sequence[str]) -> None:
        named = ", ".join(map(repr, paths[:10]))
        super().__init__(
            f"The answer from subtask {named} wasn't stored, so later steps can't use it. Create a new task."
        )


class TurnLimitReached(ChimeraError):
    code, http_status, title = "turn_limit_reached", 409, "The agent used all its turns"

    def __init__(self, max_turns: int) -> None:
        super().__init__(
            f"The agent didn't finish within {max_turns} turns. Raise limits.max_turns, or make the subtask smaller."
        )


class AgentLimitReached(ChimeraError):
    """An agent reached one of its own limits without an answer."""

    code, http_status, title = "agent_limit_reached", 409, "The agent reached one of its limits"

    def __init__(self, agent: str, reached: str) -> None:
        super().__init__(
            f"Agent {agent!r} {reached} Change the agent's limits, then retry the task.",
            remedy=Remedy(action=Action.CHANGE_AGENT, target=agent),
        )


class AnswerInvalid(ChimeraError):
    """An answer didn't match its JSON Schema, even after its repairs."""

    code, http_status, title = "answer_invalid", 409, "The answer doesn't match its JSON Schema"

    def __init__(self) -> None:
        super().__init__(
            "The answer doesn't match its JSON Schema, even after repairs. The last message of its transcript lists the"
            " problems. Retry the task with guidance or with another model."
        )


class SubtaskFailed(ChimeraError):
    code, http_status, title = "subtask_failed", 409, "A subtask failed"

    def __init__(self, path: str, message: str) -> None:
        super().__init__(f"Subtask {path!r} failed: {message}")


class AnswerTruncated(ChimeraError):
    """An answer was cut off at its token limit, and its task doesn't accept such answers."""

    code, http_status, title = "answer_truncated", 409, "The answer was cut off at its token limit"

    def __init__(self) -> None:
        super().__init__(
            "The answer was cut off at its token limit. Ask for a shorter answer, or set the task's on_truncated to"
            " continue. You can also raise the task's limits.max_output_tokens or, for a custom agent, the agent's"
            " max_output_tokens."
        )


SETTLED = {
    AnswerTruncated.code: "an answer was cut off at its token limit, which the task doesn't accept",
    TurnLimitReached.code: "an agent used all its turns",
}
"""Failures that are caused by answers, not by calls, in words. With the same answers, they would recur."""
