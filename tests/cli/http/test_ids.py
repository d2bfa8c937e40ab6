"""Task names on the command line, including ambiguous ones."""

import pytest

from cli.errors import Ambiguous, NotThere
from cli.http.client import Client
from cli.http.ids import task_named
from models.ids import TaskId
from tests.cli.api import TinyApi
from tests.cli.builders import TASK, task_view

OTHER = TaskId("6c1f0b1e-0000-4000-8000-0000000000ff")


async def test_the_beginning_of_an_id_names_a_task(api: TinyApi, client: Client) -> None:
    api.tasks = [task_view(), task_view(id=OTHER)]
    assert (await task_named(client, OTHER)).id == OTHER
    assert (await task_named(client, OTHER.replace("-", "").upper())).id == OTHER
    api.tasks = [task_view()]
    assert (await task_named(client, "6c1f0b1e-0")).id == TASK


async def test_last_names_the_newest_task(api: TinyApi, client: Client) -> None:
    api.tasks = [task_view(id=OTHER), task_view()]
    assert (await task_named(client, "last")).id == OTHER
    api.tasks = []
    with pytest.raises(NotThere, match="chimera run"):
        await task_named(client, "LAST")


async def test_last_is_never_another_users_task(api: TinyApi, client: Client) -> None:
    api.tasks, api.tasks_of_others = [task_view()], [task_view(id=OTHER)]
    assert (await task_named(client, "last")).id == TASK


@pytest.mark.parametrize("name", ["ffff", "", "nothing like an id", "\x1b[2J"])
async def test_an_id_without_a_task_is_reported(client: Client, name: str) -> None:
    with pytest.raises(NotThere, match="chimera tasks"):
        await task_named(client, name)


async def test_an_ambiguous_id_lists_its_tasks(api: TinyApi, client: Client) -> None:
    api.tasks = [task_view(), task_view(id=OTHER)]
    with pytest.raises(Ambiguous, match=f"{TASK}.*{OTHER}.*Enter more") as raised:
        await task_named(client, "6c1f")
    assert (raised.value.http_status, raised.value.title) == (409, "The name is ambiguous")
