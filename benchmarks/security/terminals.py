"""B19: what a name can do to the terminal that shows it."""

import json
import re
from typing import Any
from uuid import uuid4

from benchmarks.cases.case import Command
from benchmarks.cases.commands import try_command
from benchmarks.security.accounts import new_task, rows, signed_in, until_status
from benchmarks.security.finding import API, Finding, Seen
from tests.stack import Stack

ODD = "\u009b2J \u009d52;c;eA== \x9c \u202eevil\u2066 \u200b\ufeff \U000e0041 \x1b[2J \x1b]0;x\x07 \x7f"
"""C1 and C0 controls, marks for the text's direction, zero-width characters, and tags."""
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
UNSEEN = re.compile(f"{OBEYED.pattern}|[\u200b-\u200f\u2060-\u206f\ufeff\U000e0000-\U000e0fff]")
"""In JSON, which programs read, these are escaped, too. In text for people, they join letters and are kept."""
COLOURS = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[hl]|\x1b\[[0-9]*[AKG]")
"""The sequences that the command line itself sends to a terminal."""


async def odd_names(stack: Stack) -> Seen:
    """Show odd names that are already in the database, as if from an earlier version; the API may now reject them."""
    seen = Seen()
    async with signed_in(stack) as client:
        task_id = await new_task(client, "tokens=5")
        await until_status(client, task_id)
        schedule: dict[str, Any] = {"name": "x", "task": {"goal": "x"}, "interval_s": 86_400, "paused": True}
        agent = {"name": f"odd-{uuid4().hex[:8]}", "prompt": "x"}
        call = {"model": "simulator/embedding", "input": ["x"]}
        for path, body in (("schedules", schedule), ("agents", agent), ("ai/embeddings", call)):
            (await client.post(f"{API}/{path}", json=body)).raise_for_status()
        await rows(
            stack,
            "WITH r AS (UPDATE runs SET result = :odd WHERE id = :id)"
            " UPDATE tasks SET title = :odd, goal = :odd WHERE run_id = :id",
            odd=ODD,
            id=task_id,
        )
        await rows(stack, "UPDATE subtasks SET title = :odd WHERE run_id = :id", odd=ODD, id=task_id)
        await rows(
            stack, "UPDATE schedules SET name = :odd WHERE owner_id = (SELECT owner_id FROM runs WHERE id = :id)",
            odd=ODD, id=task_id,
        )  # fmt: skip
        await rows(
            stack, "UPDATE agents SET spec = spec || CAST(:odd AS jsonb) WHERE name = :name",
            odd=json.dumps({"role": ODD[:40], "description": ODD, "prompt": ODD}), name=agent["name"],
        )  # fmt: skip
        await rows(
            stack, "UPDATE ai_calls SET model = :odd WHERE run_id IN (SELECT id FROM runs WHERE owner_id ="
            " (SELECT owner_id FROM runs WHERE id = :id))",
            odd=ODD, id=task_id,
        )  # fmt: skip
        token = client.headers["Authorization"].removeprefix("Bearer ")
        commands = (
            *(("tasks",), ("show", task_id), ("cost", task_id), ("schedules", "list"), ("agents",)),
            *(("follow", task_id), ("calls",), ("agents", "show", agent["name"])),
        )
        for words in commands:
            for flag in ((),) if words[0] == "follow" else ((), ("--json",)):
                command = Command((*words, *flag), on_terminal=True)
                exited = await try_command(command, str(stack.api.base_url).rstrip("/"), token)
                what = " ".join((words[0], *flag))
                obeyed = (UNSEEN if flag else OBEYED).findall(COLOURS.sub("", exited.text))
                seen.expect(not obeyed, f"{what} prints {sorted(set(map(ascii, obeyed)))}")
                seen.expect("Traceback" not in exited.text, f"{what}: {exited.text[-200:]}")
                seen.expect(exited.code == 0, f"{what} ends with {exited.code}")
                if flag and exited.code == 0:
                    _same(seen, what, exited.text, words[0])
    return seen


def _same(seen: Seen, what: str, text: str, command: str) -> None:
    """Check that the JSON output contains the text escaped but unchanged."""
    shown = json.dumps(json.loads(text))
    named = command in ("tasks", "show", "schedules", "agents", "calls")
    seen.expect(not named or json.dumps(ODD)[1:-1] in shown, f"{what} shows something else")


FINDINGS = (Finding("B19", "names can't control a terminal, with or without --json", odd_names),)
