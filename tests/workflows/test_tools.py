"""The tools of a turn end together: nothing follows the turn while one of them is still working."""

from models.ids import TaskId
from tests.runs import Runs, a_subtask
from tests.two_tools import two_tools

PLAN = [a_subtask("sum", "What is 17 * 23?", agent="analyst")]


async def statuses(runs: Runs, task_id: TaskId) -> list[str]:
    """Return the tool calls' statuses, in order."""
    rows = await runs.rows("SELECT status FROM tool_calls WHERE run_id = :id ORDER BY index", task_id)
    return [row["status"] for row in rows]


async def test_a_retry_begins_no_tool_that_works(runs: Runs) -> None:
    with two_tools(failures=1) as tools:
        task_id = await runs.start("Compute", plan=PLAN, on_failure="retry", max_retries=1)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert (tools.begun, tools.most_active) == (2, 1)
    assert await statuses(runs, task_id) == ["finished", "finished"]


async def test_a_subtask_fails_after_its_tools(runs: Runs) -> None:
    with two_tools(failures=1) as tools:
        task_id = await runs.start("Compute", plan=PLAN, on_failure="fail")
        await runs.event(task_id, "subtask.failed")
        assert (tools.begun, tools.active) == (1, 0)
        assert (await runs.ended(task_id))["error_code"] == "invalid_input"


async def test_a_subtask_is_skipped_after_its_tools(runs: Runs) -> None:
    with two_tools(failures=1) as tools:
        task_id = await runs.start("Compute", plan=[*PLAN, a_subtask("other")], on_failure="skip")
        await runs.event(task_id, "subtask.skipped")
        assert (tools.begun, tools.active) == (1, 0)
        assert (await runs.ended(task_id))["status"] == "completed"
    assert "tool_call.finished" not in [event.type for event in await runs.events(task_id)]


async def test_a_cancel_waits_for_every_tool(runs: Runs) -> None:
    with two_tools() as tools:
        task_id = await runs.start("Compute", plan=PLAN)
        await tools.second_begun.wait()
        await runs.cancel(task_id)
        assert (await runs.ended(task_id))["status"] == "cancelled"
        assert (tools.begun, tools.active) == (1, 0)
