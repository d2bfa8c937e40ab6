"""The effect of a task's policy on answers."""

from temporalio.exceptions import ApplicationError

from models.errors import AnswerTruncated, TurnLimitReached
from models.model_calls import ModelCallOutcome
from models.tasks import OnTruncated, RunPolicy


def check_whole(policy: RunPolicy, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError if an answer was cut off at its token limit and the task doesn't accept such answers."""
    if outcome.finish_reason == "length" and policy.on_truncated is OnTruncated.FAIL:
        error = AnswerTruncated()
        raise ApplicationError(error.message, type=error.code, non_retryable=True)


def check_answered(policy: RunPolicy, step: int, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError if the last permitted turn returned no text. Its tool calls aren't run.

    Also raise it if the answer was cut off at its token limit and the task doesn't accept such answers.
    """
    check_whole(policy, outcome)
    if step >= policy.max_turns and not outcome.text_preview:
        error = TurnLimitReached(policy.max_turns)
        raise ApplicationError(error.message, type=error.code, non_retryable=True)
