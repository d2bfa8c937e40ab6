"""The files that a task's agents wrote, as its owner sees them."""

from io import BytesIO
from uuid import uuid4

import httpx2
from sqlalchemy import text

from chimera.content.files import measured
from chimera.db.engine import Database
from chimera.ledger import run_files
from chimera.ledger.run_files import Writer
from models.ids import ROOT, RunId, UserId
from models.runs import RunStatus
from tests.api.conftest import new_task, set_task

API = "/api/v1"


async def write(database: Database, task_id: str, name: str, content: bytes = b"hello") -> None:
    """Write a file as a task's agent does."""
    async with database.begin() as session:
        owner = await session.scalar(text("SELECT owner_id FROM runs WHERE id = :id"), {"id": task_id})
    writer = Writer(UserId(str(owner)), RunId(task_id), ROOT, 1)
    async with database.connection() as connection:
        await run_files.write(connection, writer, name, measured(BytesIO(content)), most=0)


async def test_a_tasks_files_are_listed_in_pages(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice))["id"]
    for name in ("a.md", "b/c.md", "d.md"):
        await write(database, task_id, name)
    page = (await alice.get(f"{API}/tasks/{task_id}/files", params={"limit": 2})).json()
    assert [(file["name"], file["task_id"]) for file in page["items"]] == [("d.md", task_id), ("b/c.md", task_id)]
    params = {"limit": 2, "cursor": page["next_cursor"]}
    rest = (await alice.get(f"{API}/tasks/{task_id}/files", params=params)).json()
    assert ([file["name"] for file in rest["items"]], rest["next_cursor"]) == (["a.md"], None)


async def test_a_tasks_file_is_one_of_its_owners(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice))["id"]
    await write(database, task_id, "b/c.md", b"text")
    (file, *_) = (await alice.get(f"{API}/files")).json()["items"]
    assert (file["name"], file["task_id"]) == ("b/c.md", task_id)
    answer = await alice.get(f"{API}/files/{file['id']}/content")
    assert answer.content == b"text"
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''c.md"


async def test_others_find_no_task_there(
    alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database
) -> None:
    task_id, unknown = (await new_task(alice))["id"], str(uuid4())
    await write(database, task_id, "a.md")
    theirs, missing = [await bob.get(f"{API}/tasks/{each}/files") for each in (task_id, unknown)]
    assert (theirs.status_code, missing.status_code) == (404, 404)
    assert theirs.json()["detail"] == missing.json()["detail"].replace(unknown, task_id)
    assert task_id not in [file["task_id"] for file in (await bob.get(f"{API}/files")).json()["items"]]


async def test_a_deleted_task_has_no_files(alice: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await new_task(alice))["id"]
    await write(database, task_id, "a.md")
    (file,) = (await alice.get(f"{API}/tasks/{task_id}/files")).json()["items"]
    await set_task(database, task_id, status=RunStatus.COMPLETED)
    assert (await alice.delete(f"{API}/tasks/{task_id}")).status_code == 204
    assert (await alice.get(f"{API}/files/{file['id']}/content")).status_code == 404
    assert (await alice.get(f"{API}/tasks/{task_id}/files")).status_code == 404
