"""A small company's work, for the pictures in the docs. The answers are the simulator's."""

from typing import Any

from tests.console.people import create_person
from tests.console.sample import Sample
from tests.console.work import POST, a_subtask, working_as
from tests.stack import Stack

GOAL = "Compare tea and coffee as a daily drink: health, cost and the environment. Give a short recommendation."
QUESTION = '[[sim: ask="Which supplier shall I order from?"; options=Hansen,Nordic]]'
SLOW = "[[sim: tokens=4000; drip=10]]"
PROMPT = "You order what the office needs. Ask before you spend more than 50 dollars."
AGENTS: tuple[dict[str, Any], ...] = (
    {"name": "office-buyer", "description": "Orders what the office needs", "prompt": PROMPT},
    {"name": "fact-checker", "description": "Checks claims against their sources", "prompt": "You check claims."},
)
SCHEDULES: tuple[dict[str, Any], ...] = (
    {"name": "Morning briefing", "cron": "0 7 * * 1-5", "time_zone": "Europe/Berlin"},
    {"name": "Weekly cost report", "cron": "0 16 * * 5", "time_zone": "Europe/Berlin"},
    {"name": "Check the supplier's prices", "interval_s": 21_600, "paused": True},
)
FILES = {
    "coffee-prices.csv": b"month,price\n2026-09,4.10\n2026-10,4.25\n2026-11,4.40\n",
    "meeting-notes.md": b"# Meeting\n\n- Compare suppliers\n- Order beans for December\n",
}


async def create_showcase(stack: Stack) -> Sample:
    """Create an administrator and one or more of everything that the console shows."""
    person = await create_person(stack, "maria@example.com", name="Maria", is_admin=True)
    async with working_as(stack, person) as work:
        me = await work.get("/auth/me")
        for agent in AGENTS:
            await work.post("/agents", {**agent, "tools": ["http_request", "ask_person"]})
        files = [await work.file(name, content) for name, content in FILES.items()]
        group = await work.post("/groups", {"name": "Research"})
        task = {"goal": "Summarize what is new about coffee prices.", "budget": {"max_cost_micro_usd": 500_000}}
        schedules = [await work.post("/schedules", {**each, "task": task}) for each in SCHEDULES]
        failed = await work.task(
            "Translate the manual.", a_subtask("pages", "Translate. [[sim: status=400]]", title="Translate 12 pages")
        )
        order = await work.task(
            "Order coffee beans for December.",
            a_subtask("order", f"Order. {POST}", title="Place the order", agent="office-buyer"),
            a_subtask("choose", QUESTION, title="Choose a supplier", agent="office-buyer"),
        )
        paid = await work.task(
            "Write a guide to brewing coffee.",
            a_subtask("guide", "[[sim: tokens=400]]", title="Write the guide"),
            budget={"max_cost_micro_usd": 2_000},
        )
        await work.task(
            "Check the claims in the annual report.",
            *(a_subtask(f"part{n}", SLOW, title=f"Check chapter {n}", agent="fact-checker") for n in range(1, 4)),
        )
        older = await work.post("/chat/sessions", {"agent": "researcher", "title": "Suppliers in Hamburg"})
        chat = await work.post("/chat/sessions", {"agent": "writer", "title": "Durable workflows"})
        question = "Explain in three sentences what a durable workflow is, with an example."
        for session, words in ((older, "Which suppliers of coffee beans are in Hamburg?"), (chat, question)):
            await work.post(f"/chat/sessions/{session['id']}/messages", {"text": words})
        await work.until(failed)
        await work.until(paid, "waiting")
        approval = await work.approval(order)
        done = str((await work.post("/tasks", {"goal": GOAL}))["id"])
        await work.until(done)
    return Sample(
        person,
        {
            "inbox/:item?": [{}, {"item": approval["id"]}],
            "tasks/:id/:view?": [{"id": done}],
            "chat/:id?": [{}, {"id": chat["id"]}],
            "schedules/:id/:view?": [{"id": schedules[0]["id"]}],
            "files/:id?": [{}, {"id": files[0]}],
            "agents/:agent/:view?": [{"agent": "office-buyer"}],
            "groups/:id?": [{}, {"id": group["id"]}],
            "users/:id?": [{}, {"id": me["id"]}],
        },
    )
