"""The effect of a task's policy on answers."""

from temporalio.exceptions import ApplicationError

from models.errors import AnswerTruncated, TurnLimitReached
from models.model_calls import ModelCallOutcome
from models.tasks import OnTruncated, RunPolicy


def check_whole(policy: RunPolicy, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError when an answer was cut at its limit and the task wants none that was."""
    if outcome.finish_reason == "length" and policy.on_truncated is OnTruncated.FAIL:
        error = AnswerTruncated()
        raise ApplicationError(error.message, type=error.code, non_retryable=True)


def check_answered(policy: RunPolicy, step: int, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError when the last permitted turn brought no words: its tool calls are not run.

    Also when the answer was cut at its limit and the task wants none that was.
    """
    check_whole(policy, outcome)
    if step >= policy.max_turns and not outcome.text_preview:
        error = TurnLimitReached(policy.max_turns)
        raise ApplicationError(error.message, type=error.code, non_retryable=True)
