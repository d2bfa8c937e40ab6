"""C. Tool calls that a provider doesn't finish: F26."""

import json
from collections import Counter
from itertools import product

from sqlalchemy import RowMapping

from models.ids import TaskId
from tests.faults import jobs
from tests.faults.clients import following
from tests.faults.trials import Trial

ENDS = ("", ":broken", ":done", ":length")
"""The endings: silent, with a broken connection, with `[DONE]` alone, and at the token limit."""
WORDS = ("", "tokens=15; ")
"""Without text before the call, and with some."""
MOST_REQUESTS = 2
"""For a call that is cut in the same way each time: no third request is paid for."""


async def cut_tool_calls(trial: Trial, *, rounds: int = 3) -> None:
    """F26: streams that end within a tool call's arguments, either only once or always."""
    cuts = [f"{words}turns=1; cut=in_tool_args{end}" for words, end in product(WORDS, ENDS)]
    once = [jobs.one_call(f"{cut}; times=1", agent="analyst") for cut in cuts * rounds]
    always = [jobs.one_call(cut, agent="analyst") for cut in cuts]
    task_ids = await trial.offers.post_all([*once, *always])
    fixed, given_up = set(task_ids[: len(once)]), set(task_ids[len(once) :])
    async with following(trial.lab, task_ids, trial.seed) as trial.followers:
        await trial.lab.all_ended(trial.offers.prefix, 90)
    await trial.check(limit_s=60, extra=len(once) + len(always), completed=len(once))
    await _check_tools(trial, fixed, given_up)
    await _check_answers(trial, given_up)


async def _check_tools(trial: Trial, fixed: set[TaskId], given_up: set[TaskId]) -> None:
    """Check that no tool ran with cut arguments, and that each complete call was run once."""
    asked = [
        (row["id"], call)
        for row in await _rows(trial, "m.tool_calls", "messages m ON m.run_id = t.id AND m.tool_calls IS NOT NULL")
        for call in row["tool_calls"]
    ]
    ran = await _rows(
        trial,
        "(e.payload ->> 'failed')::bool AS failed",
        "events e ON e.run_id = t.id AND e.payload ->> 'type' = 'tool_call.finished'",
    )
    cut = [call for _, call in asked if not _is_object(call["arguments"])]
    trial.figures |= {"tools run": len(ran), "tools that failed": sum(row["failed"] for row in ran)}
    trial.expect(not cut, f"{len(cut)} calls were stored with incomplete arguments")
    trial.expect(trial.figures["tools that failed"] == 0, "a tool ran with arguments that it doesn't accept")
    for what, found in (("kept", [task for task, _ in asked]), ("run", [row["id"] for row in ran])):
        trial.expect(Counter(found) == dict.fromkeys(fixed, 1), f"some complete calls were not {what} exactly once")
        trial.expect(not given_up.intersection(found), f"a call that was always interrupted was {what}")


async def _check_answers(trial: Trial, given_up: set[TaskId]) -> None:
    """Check that calls that were always cut ended as truncated, after two requests and without an answer."""
    arrived = Counter(arrival.task_id for arrival in trial.lab.journal() if arrival.task_id in given_up)
    trial.figures["requests for a call that is always interrupted"] = max(arrived.values(), default=0)
    trial.expect(
        arrived == dict.fromkeys(given_up, MOST_REQUESTS), f"it was requested {sorted(arrived.values())} times"
    )
    failed = await _rows(trial, "a.error_code", "call_attempts a ON a.run_id = t.id AND a.status = 'failed'")
    codes = Counter(row["error_code"] for row in failed)
    trial.figures["failed attempts"] = str(dict(codes))
    trial.expect(set(codes) == {"truncated"}, f"attempts failed with {dict(codes)}")
    ends = await _rows(trial, "t.status, t.error_code, s.result", "subtasks s ON s.run_id = t.id")
    kept = [row for row in ends if row["id"] in given_up and row["result"] is not None]
    trial.expect(not kept, f"{len(kept)} answers with an interrupted call were stored")
    statuses = Counter((row["status"], row["error_code"]) for row in ends if row["id"] in given_up)
    trial.expect(
        set(statuses) == {("failed", "same_failure_again")},
        f"runs that were always interrupted ended with {dict(statuses)}",
    )


async def _rows(trial: Trial, columns: str, joined: str) -> list[RowMapping]:
    rows = await trial.lab.rows(
        f"SELECT t.id::text AS id, {columns} FROM runs t JOIN {joined} WHERE t.idempotency_key LIKE :prefix",
        prefix=f"{trial.offers.prefix}%",
    )
    return list(rows)


def _is_object(arguments: str) -> bool:
    try:
        return isinstance(json.loads(arguments), dict)
    except ValueError:
        return False
