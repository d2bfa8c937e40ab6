"""Images reach every agent of a task through the requests to its model."""

from io import BytesIO

from chimera.content.files import measured
from chimera.store import files
from models.ids import FileId
from models.tasks import SubtaskMode
from models.users import Caller
from tests.media import a_png
from tests.runs import Runs, a_subtask

MODES = [SubtaskMode.CHILD]


async def an_image_file(runs: Runs) -> FileId:
    async with runs.database.begin() as session:
        return (await files.create(session, runs.caller.user_id, "a.png", measured(BytesIO(a_png())))).id


async def first_messages(runs: Runs, task_id: str) -> list[str]:
    query = "SELECT content FROM messages WHERE run_id = :id AND seq = 1000 ORDER BY path"
    return [row["content"] for row in await runs.rows(query, task_id)]  # type: ignore[arg-type]


async def test_every_turn_of_every_agent_is_shown_them(runs: Runs) -> None:
    images = [str(await an_image_file(runs)), str(await an_image_file(runs))]
    plan = [a_subtask("one", "[[sim: turns=1; tokens=30]] Look", agent="analyst"), a_subtask("two", "Look")]
    task_id = await runs.start("See", plan=plan, images=images)
    assert (await runs.ended(task_id))["status"] == "completed"
    answers = await runs.rows("SELECT result FROM subtasks WHERE run_id = :id", task_id)
    assert all("2 images attached" in row["result"] for row in answers)


async def test_a_deleted_image_is_reported_missing(runs: Runs) -> None:
    kept, gone = await an_image_file(runs), await an_image_file(runs)
    async with runs.database.begin() as session:
        await files.delete(session, Caller(user_id=runs.caller.user_id, role="user"), gone)
    task_id = await runs.start("See", plan=[a_subtask("one", "Look")], images=[str(kept), str(gone)])
    row = await runs.ended(task_id)
    assert "1 image attached" in row["result"]
    assert "This prompt includes 1 image that can't be shown: deleted" in (await first_messages(runs, task_id))[0]
