"""The effect of policies, limits and JSON Schemas on answers."""

from temporalio.exceptions import ApplicationError

from models.errors import AgentLimitReached, AnswerInvalid, AnswerTruncated, ChimeraError, TurnLimitReached
from models.model_calls import ModelCallOutcome
from models.subtasks import SubtaskInput
from models.tasks import OnTruncated, RunPolicy


class SpareAnswers:
    """The calls that a retry allows a node after answers that can't be used.

    The ledger returns those answers again, so each retry of the node, or of its task, asks once more.
    """

    def __init__(self, place: SubtaskInput) -> None:
        self._left = place.retries + place.retry

    def ask_again(self, outcome: ModelCallOutcome) -> bool:
        """Return whether the node makes another call after an answer, because the answer can't be used."""
        if not (outcome.invalid or _is_empty_last_turn(outcome)) or not self._left:
            return False
        self._left -= 1
        return True


def check_whole(policy: RunPolicy, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError if an answer was cut off at its token limit and the task doesn't accept such answers, or
    if it doesn't match its JSON Schema.
    """
    if outcome.finish_reason == "length" and policy.on_truncated is OnTruncated.FAIL:
        raise _for_good(AnswerTruncated())
    if outcome.invalid:
        raise _for_good(AnswerInvalid())


def check_answered(place: SubtaskInput, step: int, outcome: ModelCallOutcome) -> None:
    """Raise ApplicationError if the last permitted turn returned no text. Its tool calls aren't run.

    Also raise it for an answer that `check_whole` rejects.
    """
    check_whole(place.policy, outcome)
    if step >= place.policy.max_turns and not outcome.text_preview:
        raise _for_good(TurnLimitReached(place.policy.max_turns))
    if _is_empty_last_turn(outcome):
        raise _for_good(AgentLimitReached(place.agent, "reached one of its limits without an answer."))


def _is_empty_last_turn(outcome: ModelCallOutcome) -> bool:
    return outcome.last_turn and not outcome.text_preview


def _for_good(error: ChimeraError) -> ApplicationError:
    return ApplicationError(error.message, type=error.code, non_retryable=True)
