"""Finds a task, call, approval or schedule by the beginning of its ID, by `last` or by its name."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID

from cli.errors import Ambiguous, NotThere
from cli.http.client import Client
from cli.http.pages import PageOf, items_of
from cli.output.text import one_line
from models.ai_calls import AiCallView
from models.approvals import ApprovalId, ApprovalStatus, ApprovalView
from models.ids import AiCallId, TaskId
from models.schedules import ScheduleView
from models.tasks import TaskView

NEWEST = 2000
"""Number of newest items among which an abbreviated ID is searched."""
ALL_STATUSES = tuple(status.value for status in ApprovalStatus)
LAST = "last"
"""Name for the user's newest task."""


class _WithId(Protocol):
    @property
    def id(self) -> str: ...


Item = TypeVar("Item", bound=_WithId)


async def task_named(client: Client, name: str) -> TaskView:
    """Return the task whose ID is or begins with `name`, or the newest for `last`. Raises NotThere or Ambiguous."""
    return await client.task(await id_named(client, name))


async def id_named(client: Client, name: str) -> TaskId:
    """Return the task ID that is or begins with `name`, or that of the newest task for `last`.

    Tasks that others share with the user are searched only if none of the user's own matches.
    A deleted task can be found only by its whole ID. Raises NotThere or Ambiguous.
    """
    wanted = _digits_of(name)
    if wanted == LAST:
        return await _newest(client)
    if (whole := _whole(wanted)) is not None:
        return TaskId(whole)
    found = await _beginning_with(
        wanted, lambda most, cursor: client.tasks(limit=most, cursor=cursor)
    ) or await _beginning_with(wanted, lambda most, cursor: client.tasks(limit=most, cursor=cursor, shared="shared"))
    if not found:
        raise NotThere(f"No task ID begins with {one_line(name, 60)!r}. To list your tasks, run: chimera tasks")
    return _only(found, name, lambda task: one_line(task.title, 30), "Enter more characters of the ID.").id


async def call_named(client: Client, name: str) -> AiCallView:
    """Return the call whose ID is or begins with `name`. Raises NotThere or Ambiguous."""
    wanted = _digits_of(name)
    if (whole := _whole(wanted)) is not None:
        return await client.ai_call(AiCallId(whole))
    found = await _beginning_with(wanted, lambda most, cursor: client.ai_calls(limit=most, cursor=cursor))
    if not found:
        raise NotThere(f"No call ID begins with {one_line(name, 60)!r}. To list your calls, run: chimera calls")
    return await client.ai_call(_only(found, name, lambda call: call.operation, "Enter more characters of the ID.").id)


async def approval_named(client: Client, name: str) -> ApprovalView:
    """Return the approval whose ID is or begins with `name`. Raises NotThere or Ambiguous."""
    wanted = _digits_of(name)
    if (whole := _whole(wanted)) is not None:
        return await client.approval(ApprovalId(whole))
    found = await _beginning_with(
        wanted, lambda most, cursor: client.approvals(statuses=ALL_STATUSES, limit=most, cursor=cursor)
    )
    if not found:
        raise NotThere(
            f"No approval ID begins with {one_line(name, 60)!r}. To list what waits for you, run: chimera approvals"
        )
    return _only(found, name, lambda each: f"{each.status}, {each.tool}", "Enter more characters of the ID.")


async def schedule_named(client: Client, name: str) -> ScheduleView:
    """Return the schedule whose name is `name` or whose ID begins with `name`. Raises NotThere or Ambiguous."""
    wanted = _digits_of(name)
    found = [each for each in await client.schedules() if each.name == name.strip() or _begins_with(each, wanted)]
    if not found:
        raise NotThere(
            f"No schedule is named {one_line(name, 60)!r}, and no schedule ID begins with it. To list your"
            " schedules, run: chimera schedules list"
        )
    return _only(found, name, lambda schedule: one_line(schedule.name, 30), "Use the schedule's ID instead.")


async def _newest(client: Client) -> TaskId:
    # An administrator's list also has the tasks of other users.
    newest = (await client.tasks(limit=1, shared="mine")).items
    if not newest:
        raise NotThere('No tasks yet. To start one, run: chimera run "Compare tea and coffee."')
    return newest[0].id


async def _beginning_with(wanted: str, page_of: PageOf[Item]) -> list[Item]:
    if not _is_hex(wanted):
        return []
    return [item for item in await items_of(page_of, NEWEST) if _begins_with(item, wanted)]


def _only(found: Sequence[Item], name: str, words: Callable[[Item], str], advice: str) -> Item:
    if len(found) > 1:
        raise Ambiguous(one_line(name, 60), [f"{each.id} ({words(each)})" for each in found], advice)
    return found[0]


def _digits_of(name: str) -> str:
    return name.strip().lower().replace("-", "")


def _whole(wanted: str) -> str | None:
    return str(UUID(wanted)) if len(wanted) == 32 and _is_hex(wanted) else None


def _begins_with(item: _WithId, wanted: str) -> bool:
    return _is_hex(wanted) and item.id.replace("-", "").startswith(wanted)


def _is_hex(text: str) -> bool:
    """Return whether an ID can begin with this text."""
    return text != "" and all(character in "0123456789abcdef" for character in text)
