"""Advice on retrying a failed task, by its error code.

An unchanged retry sends the same prompts. If it would certainly fail again, the advice names what to change. If no
retry helps, it asks for a new task.
"""

from typing import Literal

from pydantic import Field

from models.base import Contract
from models.errors import (
    SETTLED,
    AgentLimitReached,
    AnswerInvalid,
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
    """Advice on how a failed task can continue."""

    retry: bool = Field(description="Whether a retry can help. If `false`, create a new task.")
    change: tuple[Change, ...] = Field(
        default=(),
        description="Set at least one of these fields in the retry, because an unchanged retry would fail again."
        " Empty if an unchanged retry may help.",
    )
    instead: tuple[Change, ...] = Field(
        default=(),
        description="Fields that you can set in the retry instead of applying the fix that `message` describes",
    )
    new_task: bool = Field(
        default=False,
        description="Whether a new task with different text may also help. A retry can't change the text.",
    )
    message: str = Field(description="Recommended action, in words")


AS_IT_IS = RetryAdvice(retry=True, message="Retry the task from the point where it failed.")

_MODEL: tuple[Change, ...] = ("model",)
_EITHER: tuple[Change, ...] = ("guidance", "model")
_REPAIR = "Correct the setting that the error names, restart Chimera and retry, or choose another model."
_ADVICE = {
    ContextTooLong.code: RetryAdvice(
        retry=True,
        change=_MODEL,
        message="The prompt would be too long again, so choose a model with a larger context window.",
    ),
    UnknownModel.code: RetryAdvice(
        retry=True,
        change=_MODEL,
        message="Choose a model that the provider offers, or make the missing model available there before you retry.",
    ),
    BadRequest.code: RetryAdvice(
        retry=True,
        change=_MODEL,
        new_task=True,
        message="The provider would reject the same request again. Choose another provider's model, or correct the"
        " rejected part in a new task.",
    ),
    ContentRefused.code: RetryAdvice(
        # Guidance isn't listed, because it would only be added to the rejected text.
        retry=True,
        change=_MODEL,
        new_task=True,
        message="The same text would be rejected again. Choose another model, or rephrase the text in a new task.",
    ),
    UselessAnswer.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        message="Without a change, the next answer would be useless too. Add guidance, or choose another model.",
    ),
    SameFailureAgain.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        message="The call failed twice in the same way. Add guidance, or choose another model.",
    ),
    AnswerTooLarge.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        message="Without a change, the next answer would be too large again. Ask for a shorter answer, or choose"
        " another model.",
    ),
    AnswerNotKept.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        message="To find out why the answer couldn't be stored, see the worker's log. Ask for a different answer, or"
        " choose another model.",
    ),
    PlanInvalid.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        new_task=True,
        message="Add guidance on how to plan, choose another model, or create a new task with your own plan.",
    ),
    NoQuota.code: RetryAdvice(
        retry=True,
        instead=_MODEL,
        message="Raise the quota at the provider and retry, or choose another provider's model.",
    ),
    **dict.fromkeys(
        (WrongKey.code, MissingKey.code, UnusableKey.code, UnusableHeader.code, MissingBaseUrl.code, UnknownPrice.code),
        RetryAdvice(retry=True, instead=_MODEL, message=_REPAIR),
    ),
    **dict.fromkeys(
        (UnknownProvider.code, UnknownSimulatorModel.code, WrongKindOfModel.code, NotOffered.code),
        RetryAdvice(retry=True, change=_MODEL, message="Choose another model."),
    ),
    UnknownAgent.code: RetryAdvice(retry=True, message="Create the missing agent again, then retry the task."),
    AgentLimitReached.code: RetryAdvice(
        retry=True,
        message="Change the agent's limits, then retry the task: the retry uses the agent's newest version.",
    ),
    AnswerInvalid.code: RetryAdvice(
        retry=True,
        change=_EITHER,
        message="Without a change, the next answer would probably be invalid too. Add guidance, or choose another"
        " model.",
    ),
    AnswerMissing.code: RetryAdvice(retry=False, message="A subtask's answer was lost, so create a new task."),
    **{
        code: RetryAdvice(
            retry=False,
            message=f"A retry reuses the paid answers, so it would fail in the same way: {why}. Create a new task with"
            " different limits.",
        )
        for code, why in SETTLED.items()
    },
}


def advice_for(code: str | None) -> RetryAdvice:
    """Return the advice for a task that failed with this code."""
    return _ADVICE.get(code or "", AS_IT_IS)
