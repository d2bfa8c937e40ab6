"""A conversation in the terminal: what was entered goes to the API, and replies are shown in their order.

Messages are sent at once, also while a reply is open. The API queues them, so that they survive this program.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from rich.console import Console
from rich.text import Text

from cli.chat.page import Page
from cli.chat.reply import CallEnded, Line, ReplyState, Retracted, Written
from cli.chat.results import Spent, foot_of
from cli.chat.terminal import FRAME_S, Terminal
from cli.errors import WrongUsage
from cli.http import chats
from cli.http.client import Client
from cli.http.trouble import Trouble, retry_until_answered
from cli.live.asking import Asker
from cli.live.following import PATIENCE_S, frames_from, frames_of
from cli.live.screens import Lines
from cli.live.view import TaskState
from cli.output.prose import print_prose, print_to
from cli.output.text import one_line, plain, short
from cli.process.running import explain
from models.chat import ChatSessionView
from models.chat_messages import ChatMessageView, SentView
from models.errors import ChimeraError
from models.events import Frame
from models.files import FileView
from models.ids import ChatMessageId, RunId, TaskId
from models.runs import CLOSED

_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"


@dataclass(slots=True)
class Draft:
    """What the next message is sent with."""

    spec: dict[str, Any] = field(default_factory=dict)
    """The fields of the session that the first message creates."""
    files: list[FileView] = field(default_factory=list)
    parent: dict[str, ChatMessageId | None] = field(default_factory=dict)
    """The `parent_id` of a message that begins a branch; empty to continue the branch."""


@dataclass(frozen=True, slots=True)
class Following:
    """What is shown now, and how Ctrl-C ends it."""

    words: Callable[[], str]
    cut: Callable[[], Coroutine[Any, Any, object]]
    how: str = "Ctrl-C cuts it"


class Conversation:
    """A conversation on a terminal, with the session `view`, or with a new one as soon as something is sent."""

    def __init__(self, client: Client, view: ChatSessionView | None, draft: Draft, *, live: bool = True) -> None:
        self.client = client
        self.view = view
        self.draft = draft
        self.spent = Spent()
        self.terminal: Terminal
        self._live = live
        self._queue: deque[SentView] = deque()
        self._arrived = asyncio.Event()
        self._following: Following | None = None
        self._cuts: set[asyncio.Task[None]] = set()
        self._is_cut = False
        self._answer: asyncio.Future[str] | None = None
        self._frame = 0

    @property
    def is_open(self) -> bool:
        """Whether a reply is shown, or waits to be shown."""
        return self._following is not None or bool(self._queue)

    @property
    def console(self) -> Console:
        return self.terminal.console

    def say(self, line: str) -> None:
        """Print a line for the user."""
        print_to(self.console, line)

    async def session(self) -> ChatSessionView:
        """Return the session, which is created first if there is none."""
        if self.view is None:
            self.view = await chats.create(self.client, self.draft.spec)
        return self.view

    async def send(self, text: str) -> None:
        """Send a message with the attached files."""
        view, key = await self.session(), uuid4().hex
        files = [file.id for file in self.draft.files]
        body = {"text": text, "attachments": files, **self.draft.parent}
        sent = await self.answered(lambda: chats.send(self.client, view.id, body, key))
        self.draft.files, self.draft.parent = [], {}
        self.follow(sent)

    async def answered(self, request: Callable[[], Awaitable[SentView]]) -> SentView:
        """Repeat a request that has an idempotency key until the API responds."""
        return await retry_until_answered(request, Trouble(self.say, PATIENCE_S))

    def follow(self, sent: SentView) -> None:
        """Show a reply after those before it."""
        self._queue.append(sent)
        self._arrived.set()

    async def ask(self, question: str) -> str:
        """Ask the user in place, and return one line."""
        print_prose(self.console, Text(question, style="bold"))
        return await self.read()

    async def read(self) -> str:
        """Return the next line that the user enters; empty if the question was left with Ctrl-C."""
        self._answer = asyncio.get_running_loop().create_future()
        self.terminal.prompt = "? "
        try:
            return await self._answer
        finally:
            self._answer, self.terminal.prompt = None, "> "

    def take_answer(self, typed: str) -> bool:
        """Give a line to the question that is open. Return False if there is none."""
        if self._answer is None or self._answer.done():
            return False
        self._answer.set_result(typed)
        return True

    def interrupt(self) -> bool:
        """Leave the open question, and cut the reply that is being written. Return False if there is neither."""
        was_asked = self.take_answer("")
        if self._following is None:
            return was_asked
        if not self._is_cut:
            self._is_cut = True
            cutting = asyncio.ensure_future(self._quietly(self._following.cut()))
            self._cuts.add(cutting)
            cutting.add_done_callback(self._cuts.discard)
        return True

    def toolbar(self) -> str:
        """Return the line below the input."""
        view, spec = self.view, self.draft.spec
        agent = view.agent if view else spec.get("agent")
        model = view.model if view else spec.get("model")
        names = " · ".join(filter(None, (agent, model))) or "default model"
        files = f" · attached: {', '.join(one_line(file.name, 40) for file in self.draft.files)}"
        branch = " · next message begins a branch"
        title = f" · {one_line(view.title, 40)}" if view and view.title else ""
        more = (files if self.draft.files else "") + (branch if self.draft.parent else "")
        return f"{one_line(names, 80)}{title}{more} · {self.spent.words} · /help"

    def activity(self) -> str:
        """Return the lines above the input: what the reply does, and the messages that wait for it."""
        lines: list[str] = []
        if self._following is not None:
            self._frame += 1
            following = self._following
            words = "stopping" if self._is_cut else f"{one_line(following.words(), 100)} ({following.how})"
            lines.append(f"{_SPINNER[self._frame % len(_SPINNER)]} {words}")
        lines += [f"  queued: {one_line(sent.message.text or '', 70)}" for sent in self._queue]
        return "\n".join(lines)

    async def show_replies(self) -> None:
        """Show the replies that were requested, one after another, until this is cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._queue:
                await self._quietly(self._show(self._queue.popleft()))

    async def _show(self, sent: SentView) -> None:
        self._is_cut = False
        print_prose(self.console, Text.assemble(("\n> ", "bold cyan"), (plain(sent.message.text or ""), "bold")))
        for file in sent.message.attachments:
            self.say(f"  attached: {one_line(file.name or 'a deleted file')}")
        page = Page(self.terminal, live=self._live)
        try:
            if sent.reply.task_id is not None:
                await self._follow_task(sent.reply.task_id)
            elif sent.reply.reply is not None:
                await self._follow_reply(sent.reply.reply.id, page)
            message = await self._stored(sent.reply)
        finally:
            self._following = None
            self.terminal.show_below("")
        page.settle(message.text or "")
        if message.reply is not None:
            self.spent.add(message.reply)
            page.note(foot_of(message.reply), style="dim" if message.reply.status == "completed" else "yellow")
        await self._refresh()

    async def _follow_reply(self, reply_id: RunId, page: Page) -> None:
        state = ReplyState()
        self._following = Following(lambda: state.activity, lambda: chats.cancel_reply(self.client, reply_id))
        asker = Asker(self.client, self.console, self.read, self.terminal.apart)

        async def is_over() -> bool:
            return (await chats.reply(self.client, reply_id)).status in CLOSED

        drawing = asyncio.create_task(_draw_regularly(page))
        try:
            open_after = lambda at: chats.reply_events(self.client, reply_id, at)  # noqa: E731
            async with aclosing(frames_from(open_after, is_over, 0, self.say, "reply")) as frames:
                async for frame in frames:
                    show(state, page, frame)
                    await asker.ask(state.pending, Lines(TaskState(reply_id), self.console))
        finally:
            drawing.cancel()
            await asyncio.gather(drawing, return_exceptions=True)

    async def _follow_task(self, task_id: TaskId) -> None:
        task = await self.client.task(task_id)
        state, console = TaskState(task_id, task), self.console
        screen, asker = Lines(state, console), Asker(self.client, console, self.read, self.terminal.apart)

        async def watch() -> None:
            async with aclosing(frames_of(self.client, task, 0, screen.report)) as frames:
                async for frame in frames:
                    if state.apply(frame):
                        screen.show(frame)
                        await asker.ask(state.pending, screen)

        watching = asyncio.create_task(watch())

        async def leave() -> None:
            watching.cancel()

        self._following = Following(lambda: f"following task {short(task_id)}", leave, "Ctrl-C stops watching")
        try:
            await watching
        except asyncio.CancelledError:
            if not self._is_cut:
                watching.cancel()
                raise
            self.say(f"The task continues. To watch it, run: chimera follow {short(task_id)}")

    async def _stored(self, message: ChatMessageView) -> ChatMessageView:
        trouble = Trouble(self.say, PATIENCE_S, "The reply is stored.")
        return await retry_until_answered(lambda: chats.message(self.client, message.session_id, message.id), trouble)

    async def _refresh(self) -> None:
        """Read the session again, because its title may have been written."""
        if self.view is not None:
            with suppress(ChimeraError):
                self.view = await chats.session(self.client, self.view.id)

    async def _quietly(self, request: Awaitable[object]) -> None:
        """Await a request, and report its error to the user."""
        try:
            await request
        except ChimeraError as error:
            explain(error, self.console)


def show(state: ReplyState, page: Page, frame: Frame) -> None:
    """Apply a reply's frame to its page."""
    for news in state.apply(frame):
        match news:
            case Written(text):
                state.activity = "writing"
                page.write(text)
            case Retracted():
                page.retract()
            case CallEnded():
                page.end_call()
            case Line(text):
                page.draw()
                page.note(text)


async def _draw_regularly(page: Page) -> None:
    while True:
        page.draw()
        await asyncio.sleep(FRAME_S)


def check_idle(conversation: Conversation) -> None:
    """Raise WrongUsage if a reply is open, for commands that would leave it."""
    if conversation.is_open:
        raise WrongUsage("A reply is being written. Wait for its end, or cut it with Ctrl-C.")
