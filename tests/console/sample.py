"""An administrator who has something on every page."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from tests.console.people import Person, create_person
from tests.console.work import MODEL, POST, a_subtask, working_as
from tests.stack import Stack

TREE = "Compare tea and coffee [[sim plan: split=3; sub={tokens=20}]]"
QUESTION = '[[sim: ask="Which color?"; options=red,green]]'


@dataclass(frozen=True, slots=True)
class Sample:
    person: Person
    values: dict[str, list[dict[str, str]]]
    """By route, values of its parameters to look at."""


async def create_sample(stack: Stack) -> Sample:
    """Create tasks that ended, failed and wait, a chat, a schedule, a file, an agent and a group."""
    person = await create_person(stack, is_admin=True)
    async with working_as(stack, person) as work:
        me = await work.get("/auth/me")
        agent = await work.courier()
        done = str((await work.post("/tasks", {"goal": TREE, "model": MODEL}))["id"])
        failed = await work.task("Fail.", a_subtask("fail", "Fail. [[sim: status=400]]"))
        waiting = await work.task(
            "Send an order.",
            a_subtask("send", f"Send it. {POST}", agent=agent),
            a_subtask("ask", QUESTION, agent=agent),
        )
        paid = await work.task("Write it.", a_subtask("long", "[[sim: tokens=400]]"), budget={"max_cost_micro_usd": 1})
        chat = await work.post("/chat/sessions", {"model": "simulator/fast"})
        await work.post(
            f"/chat/sessions/{chat['id']}/messages",
            {"text": "Explain tea. [[sim: say={# Tea\n\n| a | b |\n|-|-|\n| 1 | 2 |\n\n```python\nprint(1)\n```}]]"},
        )
        task: dict[str, Any] = {"goal": "Report.", "budget": {"max_cost_micro_usd": 500_000}}
        schedule = await work.post(
            "/schedules", {"name": "Morning", "cron": "0 7 * * 1-5", "paused": True, "task": task}
        )
        file = await work.file("notes.txt")
        group = await work.post("/groups", {"name": f"Tasters {uuid4().hex[:6]}"})
        await work.until(done)
        await work.until(failed)
        await work.until(paid, "waiting")
        approval = await work.approval(waiting)
    return Sample(
        person,
        {
            "inbox/:item?": [{}, {"item": approval["id"]}],
            "tasks/:id/:view?": [{"id": done}, {"id": failed}, {"id": waiting}, {"id": paid}],
            "chat/:id?": [{}, {"id": chat["id"]}],
            "schedules/:id/:view?": [{"id": schedule["id"]}],
            "files/:id?": [{}, {"id": file}],
            "agents/:agent/:view?": [{"agent": "writer"}, {"agent": agent}],
            "groups/:id?": [{}, {"id": group["id"]}],
            "users/:id?": [{}, {"id": me["id"]}],
        },
    )
