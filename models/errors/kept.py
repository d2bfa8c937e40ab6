"""Remedies of stored errors. Rows and events contain only the code and message, so the remedy is derived when shown."""

from models.errors.provider import AttemptsUsedUp, SameFailureAgain
from models.errors.request import UnknownAgent, WrongKindOfModel
from models.ids import TaskId
from models.remedies import Action, Remedy

_OF_THE_TASK = {AttemptsUsedUp.code: Action.SHOW_COST, SameFailureAgain.code: Action.SHOW_COST}
_OTHERS = {UnknownAgent.code: Action.CREATE_AGENT, WrongKindOfModel.code: Action.LIST_MODELS}


def remedy_of(code: str | None, task_id: TaskId) -> Remedy | None:
    """Return the remedy for the error code with which a task or one of its subtasks ended; None if there isn't one."""
    if (action := _OF_THE_TASK.get(code or "")) is not None:
        return Remedy(action=action, target=task_id)
    return None if (other := _OTHERS.get(code or "")) is None else Remedy(action=other)
