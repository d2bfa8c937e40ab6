"""Which task is meant by the beginning of its id, or by `last`."""

from uuid import UUID

from cli.errors import Ambiguous, NotThere
from cli.http.client import Client
from cli.output.text import one_line
from models.ids import TaskId
from models.tasks import TaskView

PAGE = 100
PAGES = 20
"""An abbreviation is looked for among the newest 2,000 tasks."""
SHORT_CHARS = 8
"""How much of an id is shown where it is to be typed again."""


LAST = "last"
"""The newest task."""


def short(task_id: TaskId) -> str:
    return task_id[:SHORT_CHARS]


async def task_named(client: Client, name: str) -> TaskView:
    """Return the task whose id is, or begins with, `name`. Raises NotThere or Ambiguous."""
    return await client.task(await id_named(client, name))


async def id_named(client: Client, name: str) -> TaskId:
    """Return the id that is, or begins with, `name`, or that of the newest task for `last`.

    Of a deleted task only the whole id is known.

    Raises NotThere or Ambiguous.
    """
    wanted = name.strip().lower().replace("-", "")
    if wanted == LAST:
        newest = (await client.tasks(limit=1)).items
        if not newest:
            raise NotThere("There is no task yet; `chimera run` hands one in.")
        return newest[0].id
    if len(wanted) == 32 and is_hex(wanted):
        return TaskId(str(UUID(wanted)))
    found = await _beginning_with(client, wanted) if wanted and is_hex(wanted) else []
    if not found:
        raise NotThere(f"No task begins with {one_line(name, 60)!r}; `chimera tasks` lists them.")
    if len(found) > 1:
        listed = [f"{task.id} ({one_line(task.title, 30)})" for task in found]
        raise Ambiguous(one_line(name, 60), listed, "Write more of the id.")
    return found[0].id


async def _beginning_with(client: Client, wanted: str) -> list[TaskView]:
    found: list[TaskView] = []
    cursor = None
    for _ in range(PAGES):
        page = await client.tasks(limit=PAGE, cursor=cursor)
        found += [task for task in page.items if task.id.replace("-", "").startswith(wanted)]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


def is_hex(text: str) -> bool:
    """Whether an id can begin like this."""
    return all(character in "0123456789abcdef" for character in text)
