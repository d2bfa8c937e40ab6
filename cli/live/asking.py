"""Asks the user who follows a task for the decisions that it waits for, where the user is looking.

Only on a terminal, and only for decisions that this user may make. A user who chooses `later` isn't asked again.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.errors import Refused, WrongUsage
from cli.http.client import Client
from cli.input.files import object_of
from cli.live.editing import Apart, edited, editor_named, here
from cli.live.screens import Screen
from cli.output.approvals import print_approval
from cli.output.prose import print_to
from cli.output.text import short
from models.approvals import ApprovalId, ApprovalKind, ApprovalView

Read = Callable[[], Awaitable[str]]
"""Reads one line that the user types; empty at the end of the input."""

_CHOICES = {
    ApprovalKind.TOOL_CALL: "Approve, reject, edit the arguments, or decide later? [a/r/e/L] ",
    ApprovalKind.OUTCOME: "Has it happened, has it not, run it again, or decide later? [h/n/again/L] ",
    ApprovalKind.QUESTION: "Your answer (empty: later): ",
}


class Asker:
    """Asks about pending decisions, each once."""

    def __init__(self, client: Client, console: Console, read: Read, apart: Apart = here) -> None:
        """Read answers with `read`, and run editors in the context `apart`."""
        self._client = client
        self._apart = apart
        self._console = console
        self._read = read
        self._asked: set[ApprovalId] = set()

    async def ask(self, pending: Iterable[ApprovalId], screen: Screen) -> None:
        """Ask about the decisions that haven't been asked about, unless they are no longer pending."""
        for approval_id in [each for each in pending if each not in self._asked]:
            self._asked.add(approval_id)
            # The event may be an old one: what is true now is in the row.
            with suppress(Refused):
                found = await self._client.approval(approval_id)
                if found.may_decide:
                    with screen.paused():
                        await self._ask_about(found)

    async def _ask_about(self, found: ApprovalView) -> None:
        print_approval(found, self._console)
        while True:
            self._console.print(Text(_CHOICES[found.kind], style="bold"), end="")
            typed = (await self._read()).strip()
            try:
                done = await self._decided(found, typed)
            except (Refused, WrongUsage) as error:
                print_to(self._console, error.message)
                if isinstance(error, Refused) and error.problem.status != HTTPStatus.UNPROCESSABLE_ENTITY:
                    return
                continue
            if done is None:
                continue
            print_to(self._console, done)
            return

    async def _decided(self, found: ApprovalView, typed: str) -> str | None:
        """Do what the user typed; return what has happened, or None for something that isn't a choice."""
        if found.kind is ApprovalKind.QUESTION:
            if not typed:
                return f"Later: chimera answer {short(found.id)} <answer>"
            await self._client.answer(found.id, typed)
            return "Answered."
        choice = typed.lower()
        if choice in ("", "l", "later"):
            return f"Later: chimera approvals show {short(found.id)}"
        decision = await self._decision(found, choice)
        if decision is None:
            return None
        decided = await self._client.decide(found.id, decision)
        return f"Approval {short(decided.id)} is {decided.status}."

    async def _decision(self, found: ApprovalView, choice: str) -> dict[str, Any] | None:
        match found.kind, choice:
            case ApprovalKind.TOOL_CALL, "a" | "approve":
                return {"decision": "approve"}
            case ApprovalKind.TOOL_CALL, "r" | "reject":
                return {"decision": "reject", "reason": await self._typed("Reason for the agent (may be empty): ")}
            case ApprovalKind.TOOL_CALL, "e" | "edit":
                return {"decision": "approve", "arguments": await self._edited(found)}
            case ApprovalKind.OUTCOME, "h" | "happened":
                return {"decision": "happened", "result": await self._typed("Result for the agent (may be empty): ")}
            case ApprovalKind.OUTCOME, "n" | "not":
                return {"decision": "not_happened"}
            case ApprovalKind.OUTCOME, "again":
                return {"decision": "again"}
        return None

    async def _typed(self, prompt: str) -> str:
        self._console.print(Text(prompt, style="bold"), end="")
        return (await self._read()).strip()

    async def _edited(self, found: ApprovalView) -> dict[str, Any]:
        """Let the user change the arguments in the editor of VISUAL or EDITOR, or else as JSON on one line."""
        if editor_named() is None:
            return object_of(await self._typed("New arguments, as JSON on one line: ") or "{", "The arguments")
        from pydantic_core import to_json

        try:
            async with self._apart():
                text = await edited(to_json(found.arguments, indent=2).decode(), ".json")
        except WrongUsage as error:
            raise WrongUsage(f"{error.message} Nothing was decided.") from None
        changed = object_of(text if text.lstrip().startswith("{") else "{" + text, "The arguments")
        if changed == found.arguments:
            # Who only looked has not decided.
            raise WrongUsage("The arguments were not changed, so nothing was decided.")
        return changed


def asker_at(client: Client, console: Console) -> Asker | None:
    """Return an asker if there is a terminal for the questions and for the answers."""
    if not console.is_terminal or not sys.stdin.isatty() or sys.platform == "win32":
        # On Windows, an event loop can't wait for a terminal's input. The display shows the command instead.
        return None
    return Asker(client, console, _line_from_terminal)


async def _line_from_terminal() -> str:
    """Read a line without a thread: Ctrl-C could not end a thread that waits for input."""
    import termios  # not on Windows, where this isn't called

    loop, stdin = asyncio.get_running_loop(), sys.stdin.fileno()
    # What was typed before the question was shown must not answer it.
    with suppress(termios.error):
        termios.tcflush(stdin, termios.TCIFLUSH)
    readable = asyncio.Event()
    loop.add_reader(stdin, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(stdin)
    # A terminal passes on whole lines.
    return os.read(stdin, 65_536).decode(errors="replace")
