"""What has to change before a failed task is tried again, by the code that it failed with.

A retry as it stands sends the same questions. Where the same answer is certain, the advice says what to change, and
where no retry helps, that a new task has to be created.
"""

from typing import Literal

from pydantic import Field

from models.base import Contract
from models.errors import (
    SETTLED,
    AnswerMissing,
    AnswerNotKept,
    AnswerTooLarge,
    BadRequest,
    ContentRefused,
    ContextTooLong,
    MissingBaseUrl,
    MissingKey,
    NoQuota,
    NotOffered,
    PlanInvalid,
    SameFailureAgain,
    UnknownAgent,
    UnknownModel,
    UnknownPrice,
    UnknownProvider,
    UnknownSimulatorModel,
    UnusableHeader,
    UnusableKey,
    UselessAnswer,
    WrongKey,
    WrongKindOfModel,
)

Change = Literal["model", "guidance"]


class RetryAdvice(Contract):
    """How a failed task can go on."""

    retry: bool = Field(description="Whether a retry can help; false: only a new task can")
    change: tuple[Change, ...] = Field(
        default=(),
        description="Fields of a retry of which one should be set, because the same would fail again; none: the retry"
        " as it stands may help",
    )
    instead: tuple[Change, ...] = Field(
        default=(), description="Fields that may be set instead of mending elsewhere what `message` says"
    )
    new_task: bool = Field(
        default=False, description="Whether a new task with other words is a way on too: no retry changes the old ones"
    )
    message: str = Field(description="What to do, in words")


AS_IT_IS = RetryAdvice(retry=True, message="Let it go on where it failed.")

_MODEL: tuple[Change, ...] = ("model",)
_EITHER: tuple[Change, ...] = ("guidance", "model")
_REPAIR = "Correct the setting that is named and start Chimera again, then let it go on; or name another model."
_ADVICE = {
    ContextTooLong.code: RetryAdvice(
        retry=True, change=_MODEL, message="It would be too long again. Name a model that can read more."
    ),
    UnknownModel.code: RetryAdvice(
        retry=True, change=_MODEL, message="Name a model that its provider has, or add this one there first."
    ),
    BadRequest.code: RetryAdvice(
        retry=True,
        change=_MODEL,
        new_task=True,
        message="The same request would be refused again. Name another provider's model, or correct in a new task what"
        " was refused.",
    ),
    ContentRefused.code: RetryAdvice(
        # Guidance is only added to the text that was refused.
        retry=True,
        change=_MODEL,
        new_task=True,
        message="The same text would be refused again. Name another model, or say it in other words in a new task.",
    ),
    UselessAnswer.code: RetryAdvice(
        retry=True, change=_EITHER, message="The same would come again. Say what to do otherwise, or name a model."
    ),
    SameFailureAgain.code: RetryAdvice(
        retry=True, change=_EITHER, message="It failed alike twice. Say what to do otherwise, or name a model."
    ),
    AnswerTooLarge.code: RetryAdvice(
        retry=True, change=_EITHER, message="It would be too large again. Ask for a shorter answer, or name a model."
    ),
    AnswerNotKept.code: RetryAdvice(
        retry=True, change=_EITHER, message="The worker's log says why. Ask for another answer, or name a model."
    ),
    PlanInvalid.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        new_task=True,
        message="Say how to plan, or name another model; a new task can bring its own plan.",
    ),
    NoQuota.code: RetryAdvice(
        retry=True,
        instead=_MODEL,
        message="Raise the quota at the provider, then let it go on; or name another provider's model.",
    ),
    **dict.fromkeys(
        (WrongKey.code, MissingKey.code, UnusableKey.code, UnusableHeader.code, MissingBaseUrl.code, UnknownPrice.code),
        RetryAdvice(retry=True, instead=_MODEL, message=_REPAIR),
    ),
    **dict.fromkeys(
        (UnknownProvider.code, UnknownSimulatorModel.code, WrongKindOfModel.code, NotOffered.code),
        RetryAdvice(retry=True, change=_MODEL, message="Name another model."),
    ),
    UnknownAgent.code: RetryAdvice(retry=True, message="Create the agent again, then let the task go on."),
    AnswerMissing.code: RetryAdvice(retry=False, message="An answer is missing for good. Create a new task."),
    **{
        code: RetryAdvice(
            retry=False,
            message=f"It would fail in the same way again: {why}, and answers that were paid for stand. Create a new"
            " task with other limits.",
        )
        for code, why in SETTLED.items()
    },
}


def advice_for(code: str | None) -> RetryAdvice:
    """Return what helps a task that failed with this code."""
    return _ADVICE.get(code or "", AS_IT_IS)
