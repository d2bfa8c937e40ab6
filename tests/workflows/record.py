"""Records one history per branch of the workflows, before a release: `python -m tests.workflows.record [NAME…]`.

The recordings show what running workflows look like to the next version of the code; `test_replay.py` replays them.
From the first release on, a change that breaks a replay breaks every run in flight: guard it with `workflow.patched`
instead of recording again. From then on, before new recordings are made, existing ones move to a folder beside them,
named after their contents: they remain valid. Each branch is recorded once for each place where subtasks run.
"""

import asyncio
import json
import os
import signal
import sys
import sysconfig
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import Any

from chimera.config.settings import Settings
from chimera.local import processes
from chimera.store import ai_calls, task_controls
from chimera.store.ai_calls import NewAiCall
from models.ai_calls import Operation
from models.ids import AiCallId, TaskId, workflow_id_of
from models.tasks import Budget, Guidance, SteerRequest, SubtaskMode
from tests.parts import fresh_database, running_parts, short_folder
from tests.ports import free_port
from tests.runs import Runs, runs_with_worker
from tests.two_tools import two_tools
from tests.workflows.reply_branches import REPLY_BRANCHES, SMALL, SMALL_TOKENS
from tests.workflows.tool_branches import TOOL_BRANCHES

FOLDER = Path(__file__).parent / "histories"
ROOT = Path(__file__).parents[2]
PACKAGES = sysconfig.get_path("purelib")
SLOW = "[[sim: delay=1; tokens=5]] go"


def _subtask(key: str, instruction: str = "Say a word. [[sim: tokens=5]]", **fields: Any) -> dict[str, Any]:
    return {"key": key, "instruction": instruction, "agent": "writer", **fields}


async def planned(runs: Runs) -> TaskId:
    return await runs.start("Compare tea and coffee [[sim plan: split=3; agent=analyst; sub=turns=1]]")


async def plan_repaired(runs: Runs) -> TaskId:
    return await runs.start("Plan badly once [[sim plan: badplan=cyclic; times=1]]")


async def plan_refused(runs: Runs) -> TaskId:
    return await runs.start("Plan badly [[sim plan: badplan=cyclic; times=9]]")


async def single(runs: Runs) -> TaskId:
    return await runs.start("One", plan=[_subtask("only")])


async def decomposed(runs: Runs) -> TaskId:
    deep = _subtask("deep", "Look into tides [[sim plan: split=2]]", decompose=True)
    return await runs.start("Go deeper", plan=[deep, _subtask("flat", depends_on=["deep"])])


async def failed(runs: Runs) -> TaskId:
    bad = _subtask("bad", "[[sim: status=400; times=99]] fail")
    return await runs.start("Fail", plan=[bad, _subtask("slow", "[[sim: delay=2]] go")])


async def failed_below(runs: Runs) -> TaskId:
    deep = _subtask("deep", 'Look [[sim plan: split=2; sub="status=400,times=99"]]', decompose=True)
    return await runs.start("Fail below", plan=[deep, _subtask("flat")])


async def skipped(runs: Runs) -> TaskId:
    bad = _subtask("bad", "[[sim: status=400; times=99]] fail")
    return await runs.start("Skip", plan=[bad, _subtask("next", depends_on=["bad"])], on_failure="skip")


async def retried(runs: Runs) -> TaskId:
    flaky = _subtask("flaky", "[[sim: status=400; times=1; tokens=5]] go")
    return await runs.start("Retry", plan=[flaky], on_failure="retry")


async def planned_again(runs: Runs) -> TaskId:
    deep = _subtask("deep", "Look [[sim plan: badplan=cyclic; times=2; split=2]]", decompose=True)
    return await runs.start("Plan again", plan=[deep], on_failure="retry", max_retries=1)


async def paused(runs: Runs) -> TaskId:
    task_id = await runs.start("Pause", plan=[_subtask("first", SLOW), _subtask("second", depends_on=["first"])])
    await runs.event(task_id, "model_call.started")
    await runs.control(task_controls.pause, task_id)
    await runs.event(task_id, "subtask.completed")
    await runs.control(task_controls.resume, task_id)
    return task_id


async def steered(runs: Runs) -> TaskId:
    task_id = await runs.start("Steer", plan=[_subtask("long", "[[sim: tokens=2000; drip=20]] go")])
    await runs.event(task_id, "model_call.started")
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Be short. [[sim: tokens=5]]"))
    await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id, interrupt=True))
    return task_id


async def guided_late(runs: Runs) -> TaskId:
    task_id = await runs.start(f"Sum up. {SLOW}", plan=[_subtask("a", SLOW), _subtask("b")])
    await runs.event(task_id, "model_call.started")
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Be short. [[sim: tokens=5; delay=1]]"))
    await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id))
    while not any(attempt["purpose"] == "aggregate" for attempt in await runs.attempts(task_id)):
        await asyncio.sleep(0.05)
    given = await runs.control(task_controls.steer, task_id, Guidance(text="Be shorter. [[sim: tokens=5]]"))
    await runs.temporal.steer(task_id, SteerRequest(guidance_id=given.guidance_id))
    return task_id


async def waited_for_budget(runs: Runs) -> TaskId:
    plan = [_subtask("a"), _subtask("b", depends_on=["a"])]
    task_id = await runs.start("Poor", plan=plan, budget={"max_model_calls": 1})
    await runs.event(task_id, "budget.reached")
    await runs.control(task_controls.raise_budget, task_id, Budget(max_model_calls=10))
    return task_id


async def cancelled(runs: Runs) -> TaskId:
    task_id = await runs.start("Cancel", plan=[_subtask("a", "[[sim: hang=1]] go"), _subtask("b", SLOW)])
    await runs.until(task_id, lambda row: row["model_calls"] == 2)
    await runs.cancel(task_id)
    return task_id


async def continued(runs: Runs) -> TaskId:
    long = _subtask("long", "[[sim: turns=8; tokens=5]] go on", agent="analyst")
    return await runs.start_short(20, "Long", plan=[long])


async def root_continued(runs: Runs) -> TaskId:
    """The root continues as new while subtasks are running and while it is paused."""
    words = "[[sim: turns=12; tokens=5; delay=0.1]] go on"
    deep = _subtask("deep", 'Look [[sim plan: split=2; sub="turns=3,tokens=5"]]', decompose=True)
    plan = [_subtask("long", words, agent="analyst"), deep, _subtask("last", depends_on=["long", "deep"])]
    task_id = await runs.start_short(20, "Continue", plan=plan)
    await runs.event(task_id, "model_call.started")
    for _ in range(10):
        await runs.control(task_controls.pause, task_id)
        await runs.control(task_controls.resume, task_id)
    return task_id


async def moved(runs: Runs) -> TaskId:
    """A subtask inside its parent moves into a child after more than six turns."""
    long = _subtask("long", "[[sim: turns=7; tokens=5]] go on", agent="analyst")
    return await runs.start("Move", plan=[long, _subtask("short")])


async def tool_failed(runs: Runs) -> TaskId:
    """One tool of a turn fails permanently and the other is cancelled; the subtask's retry runs both."""
    with two_tools(failures=1):
        plan = [_subtask("sum", "What is 17 * 23?", agent="analyst")]
        task_id = await runs.start("Compute", plan=plan, on_failure="retry", max_retries=1)
        await runs.ended(task_id)
    return task_id


async def typed_repaired(runs: Runs) -> TaskId:
    """A typed answer doesn't match its schema at first: once in a subtask, and once in the aggregation."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    plan = [_subtask("typed", "Count. [[sim: badjson=1]]", output_schema=schema), _subtask("other")]
    return await runs.start("Count [[sim aggregate: wrongjson=1]]", plan=plan, output_schema=schema)


async def typed_failed(runs: Runs) -> TaskId:
    """A typed answer never matches its schema. The subtask's retry asks once more."""
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    plan = [_subtask("typed", "Count. [[sim: wrongjson=99]]", output_schema=schema)]
    return await runs.start("Count", plan=plan, on_failure="retry", max_retries=1)


async def limited(runs: Runs) -> TaskId:
    """An agent makes the same tool call three times, so its next turn is its last one."""
    plan = [_subtask("loop", "[[sim: turns=99; same=1]] go on", agent="analyst"), _subtask("other")]
    return await runs.start("Loop", plan=plan)


BRANCHES: tuple[Callable[[Runs], Awaitable[TaskId]], ...] = (
    planned,
    plan_repaired,
    plan_refused,
    single,
    decomposed,
    failed,
    failed_below,
    skipped,
    retried,
    planned_again,
    paused,
    steered,
    guided_late,
    waited_for_budget,
    cancelled,
    continued,
    root_continued,
    moved,
    tool_failed,
    typed_repaired,
    typed_failed,
    limited,
    *TOOL_BRANCHES,
)


async def ai_call_made(runs: Runs) -> AiCallId:
    return await _ai_call(runs, "a lighthouse")


async def ai_call_made_again(runs: Runs) -> AiCallId:
    return await _ai_call(runs, "a lighthouse [[sim: status=503; times=1]]")


async def ai_call_failed(runs: Runs) -> AiCallId:
    return await _ai_call(runs, "a lighthouse [[sim: status=400]]")


async def ai_call_cancelled(runs: Runs) -> AiCallId:
    call_id = await _ai_call(runs, "a lighthouse [[sim: hang=1]]")
    await asyncio.sleep(1)
    async with runs.database.begin() as session:
        await task_controls.cancel(session, runs.caller, call_id, *ai_calls.KINDS)
    await runs.dispatcher.deliver(call_id)
    return call_id


async def _ai_call(runs: Runs, prompt: str) -> AiCallId:
    new = NewAiCall(Operation.IMAGES, "simulator/image", {"prompt": prompt, "n": 1}, True, "", None)
    async with runs.database.begin() as session:
        call_id, _ = await ai_calls.create(session, runs.caller.user_id, new)
    await runs.dispatcher.deliver(call_id)
    return call_id


AI_BRANCHES: tuple[Callable[[Runs], Awaitable[AiCallId]], ...] = (
    ai_call_made,
    ai_call_made_again,
    ai_call_failed,
    ai_call_cancelled,
)


def name_of(branch: Callable[[Runs], Awaitable[TaskId]], mode: SubtaskMode) -> str:
    """Return the name of a branch's recording."""
    return branch.__name__ if mode is SubtaskMode.CHILD else f"{mode}/{branch.__name__}"


async def record(runs: Runs, branch: Callable[[Runs], Awaitable[TaskId]]) -> None:
    """Run one branch of a task, and save the histories of all its executions in one file."""
    task_id = await branch(runs)
    row = await runs.ended(task_id)
    await keep(runs, name_of(branch, runs.mode), workflow_id_of(task_id), row["status"])


async def record_ai_call(runs: Runs, branch: Callable[[Runs], Awaitable[AiCallId]]) -> None:
    """Do the same for an AI call."""
    await keep(runs, branch.__name__, workflow_id_of(await branch(runs)))


async def keep(runs: Runs, name: str, prefix: str, status: str = "") -> None:
    """Wait until all executions whose IDs begin with `prefix` have ended, and save their histories."""
    client = await runs.temporal.client()
    while True:
        found = [run async for run in client.list_workflows(f"WorkflowId STARTS_WITH '{prefix}'")]
        if found and all(run.close_time is not None for run in found):
            break
        await asyncio.sleep(0.2)
    histories = []
    for run in sorted(found, key=lambda run: (run.id, run.start_time)):
        history = await client.get_workflow_handle(run.id, run_id=run.run_id).fetch_history()
        histories.append({"id": run.id, "history": json.loads(history.to_json())})
    # Stack traces in failures contain the paths of files on the machine that recorded them.
    kept = json.dumps(histories, separators=(",", ":")).replace(f"{PACKAGES}/", "").replace(f"{ROOT}/", "")
    (FOLDER / f"{name}.json").write_text(kept + "\n")
    print(f"{name:20} {status:10} {len(histories)} executions", flush=True)


async def main(wanted: Collection[str]) -> None:
    (FOLDER / SubtaskMode.INLINE).mkdir(parents=True, exist_ok=True)
    with short_folder() as folder:
        async with running_parts() as parts, fresh_database(parts.database_url or "") as url:
            port = free_port()
            simulator = processes.spawn(
                [sys.executable, "-m", "chimera.simulator", "--port", str(port)],
                environment=os.environ,
                output=folder / "simulator.out",
                death_signal=signal.SIGKILL,
            )
            changes = {"database_url": url, "simulator_url": f"http://127.0.0.1:{port}", "task_queue": "record"}
            # Recordings must be readable without a key.
            without = {"payload_keys": None, "context_windows": {SMALL: SMALL_TOKENS}}
            settings: Settings = parts.model_copy(update=changes | without)
            try:
                async with runs_with_worker(settings) as runs:
                    await asyncio.sleep(2)
                    for runs.mode in SubtaskMode:
                        for branch in BRANCHES:
                            if not wanted or name_of(branch, runs.mode) in wanted:
                                await record(runs, branch)
                    runs.mode = SubtaskMode.CHILD
                    for reply_branch in REPLY_BRANCHES:
                        if not wanted or reply_branch.__name__ in wanted:
                            await record(runs, reply_branch)
                    for ai_branch in AI_BRANCHES:
                        if not wanted or ai_branch.__name__ in wanted:
                            await record_ai_call(runs, ai_branch)
            finally:
                await processes.stop(simulator, signal.SIGTERM, limit_s=60)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    os._exit(0)
