"""Remedies of errors in rows and events: these keep code and message alone, so the remedy is derived when shown."""

from models.errors.provider import AttemptsUsedUp, SameFailureAgain
from models.errors.request import UnknownAgent, WrongKindOfModel
from models.ids import TaskId
from models.remedies import Action, Remedy

_OF_THE_TASK = {AttemptsUsedUp.code: Action.SHOW_COST, SameFailureAgain.code: Action.SHOW_COST}
_OTHERS = {UnknownAgent.code: Action.CREATE_AGENT, WrongKindOfModel.code: Action.LIST_MODELS}


def remedy_of(code: str | None, task_id: TaskId) -> Remedy | None:
    """Return the remedy of an error with this code that a task or a subtask of it ended with; None without one."""
    if (action := _OF_THE_TASK.get(code or "")) is not None:
        return Remedy(action=action, target=task_id)
    return None if (other := _OTHERS.get(code or "")) is None else Remedy(action=other)
