"""Following a run until its answer is complete, for a client that waits for it or that it is streamed to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from api.deps import Parts
from api.live.ending import stop
from api.live.frames import Written
from api.live.sse import while_allowed
from api.openai import failures
from api.openai.ending import cancel_soon
from api.openai.text import Contradicted, GrowingText
from chimera.db.engine import READ_SECONDS
from chimera.security.sessions import SignedIn
from chimera.store import replies, reply_contents
from models.events import (
    LAST,
    ApprovalDecided,
    ApprovalRequested,
    BudgetReached,
    EventFrame,
    ModelCallFinished,
    ModelCallStarted,
    TokensFrame,
)
from models.ids import RunId
from models.model_calls import Purpose
from models.openai.base import BETWEEN_TURNS
from models.replies import ReplyView
from models.runs import REPLIES, STOPPED, RunStatus
from models.users import Caller
from models.waits import BudgetWait

TICK_S = 4.0
"""How long a follower waits for a frame before it looks at other things."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer: the run, and the text of all its turns."""

    view: ReplyView
    text: str


class Following:
    """Follows one run for one client."""

    def __init__(
        self, parts: Parts, signed_in: SignedIn, run_id: RunId, *, is_live: bool, is_kept: bool = True
    ) -> None:
        """Prepare to follow. Unless `is_live`, the text is sent only when it is complete.

        With `is_kept`, the run continues without its client, because its answer can be fetched later.
        """
        self._parts = parts
        self._signed_in = signed_in
        self._run_id = run_id
        self._is_live = is_live
        self._is_kept = is_kept
        self._text = GrowingText()
        self._pending: dict[str, str] = {}
        """The tools of calls that wait for a person, by approval."""
        self._waits_until: float | None = None
        self._has_ended = False
        self.has_failed = False
        """Whether the run has ended with a failure, so that there will be no answer."""

    async def pieces(self) -> AsyncGenerator[str]:
        """Yield the answer's text piece by piece until the run has ended, and "" at least every few seconds.

        Raises NoAnswer if there is no answer, or none for this client.
        """
        caller = self._signed_in.caller
        progress = await self._parts.hub.progress(caller, self._run_id, REPLIES)
        frames = self._parts.hub.follow(caller, self._run_id, 0, progress)
        try:
            async with aclosing(_ticking(while_allowed(self._parts.rights, self._signed_in, frames))) as ticking:
                async for frame in ticking:
                    yield "" if frame is None else await self._take(frame)
                    self._check_patience()
            if not self._has_ended:
                raise await self._left()
            yield self._text.end((await self.answer()).text)
        except Contradicted:
            raise failures.interrupted(self._run_id) from None

    async def answer(self) -> Answer:
        """Return the answer of the run, which has ended. Raises NoAnswer if there is none."""
        return await stored(self._parts, self._signed_in, self._run_id)

    async def state(self) -> Answer:
        """Return the run as it is, whether it has an answer or not."""
        return await found(self._parts, self._signed_in.caller, self._run_id)

    def give_up(self) -> None:
        """Cancel the run of a client that doesn't wait any longer, unless the run is kept."""
        if not self._is_kept:
            cancel_soon(self._parts, self._signed_in.caller, self._run_id)

    def too_slow(self) -> failures.NoAnswer:
        """Return the end of a wait that has lasted long enough, with its reason."""
        if self._pending:
            approval_id, tool = next(iter(self._pending.items()))
            return failures.undecided(self._run_id, tool, approval_id)
        return failures.too_slow(self._run_id, self._parts.settings.reply_patience_s)

    async def _take(self, frame: Written) -> str:
        match frame.frame:
            case TokensFrame(path="", purpose=Purpose.TURN) as tokens if self._is_live:
                return self._text.add(tokens)
            case EventFrame(event=event):
                self._has_ended = self._has_ended or event.type in LAST
                self.has_failed = event.type == "run.failed"
                match event:
                    case ModelCallStarted(path="", purpose=Purpose.TURN):
                        self._text.begin()
                    case ModelCallFinished(path="", purpose=Purpose.TURN) if self._is_live:
                        return await self._settle(event)
                    case ApprovalRequested():
                        self._wait_for(event)
                    case ApprovalDecided():
                        self._pending.pop(event.approval_id, None)
                    case BudgetReached():
                        await self._check_budget()
        return ""

    async def _check_budget(self) -> None:
        """Raise NoAnswer if the run still waits for its budget. The event is also replayed when it has been raised."""
        waiting = (await self.state()).view.waiting
        if isinstance(waiting, BudgetWait):
            # Otherwise, it would wait for ever: its client has no reason to come back.
            self.give_up()
            raise failures.out_of_budget(self._run_id, waiting.message, is_kept=self._is_kept)

    async def _settle(self, event: ModelCallFinished) -> str:
        """Complete the text of a turn that others follow: pieces may have got lost, for example with Redis."""
        goes_on = event.finish_reason == "length" and not event.tool_calls
        if not event.tool_calls and not goes_on:
            return ""
        async with self._parts.database.begin() as session:
            whole = await reply_contents.spoken(session, self._run_id, BETWEEN_TURNS, up_to=event.step)
        return self._text.settle(whole, goes_on=goes_on)

    def _wait_for(self, event: ApprovalRequested) -> None:
        if not self._pending:
            self._waits_until = asyncio.get_running_loop().time() + self._parts.settings.reply_patience_s
        self._pending[event.approval_id] = event.tool

    def _check_patience(self) -> None:
        if not self._pending or self._waits_until is None:
            return
        if asyncio.get_running_loop().time() > self._waits_until:
            raise self.too_slow()

    async def _left(self) -> failures.NoAnswer:
        """Return why the frames ended before the run: this process stops, or the caller has lost the right."""
        if self._parts.hub.is_closed:
            return failures.stopping(self._run_id)
        return failures.signed_out(self._run_id)


async def waited(following: Following, patience_s: float) -> Answer:
    """Wait for the answer without streaming it. Raises NoAnswer."""
    try:
        async with asyncio.timeout(patience_s), aclosing(following.pieces()) as pieces:
            async for _ in pieces:
                pass
    except TimeoutError:
        raise following.too_slow() from None
    return await following.answer()


async def stored(parts: Parts, signed_in: SignedIn, run_id: RunId) -> Answer:
    """Read the answer of a run that has ended. Raises NotFound, and NoAnswer if it failed or was cancelled."""
    answer = await found(parts, signed_in.caller, run_id)
    if answer.view.status is RunStatus.FAILED:
        raise failures.failed(answer.view)
    if answer.view.status in STOPPED:
        raise failures.cancelled(run_id)
    return answer


async def found(parts: Parts, caller: Caller, run_id: RunId) -> Answer:
    """Read the caller's own run and the text that it has so far. Raises NotFound, also for another user's run."""
    owner = caller.model_copy(update={"role": "user"})
    async with parts.database.statements(READ_SECONDS) as connection:
        view = await replies.view(connection, owner, run_id, parts.temporal.ui_url)
    text = view.text or ""
    if view.output is None and view.model_calls > 1 and view.status is RunStatus.COMPLETED:
        async with parts.database.begin() as session:
            text = await reply_contents.spoken(session, run_id, BETWEEN_TURNS)
    return Answer(view, text)


async def _ticking(frames: AsyncGenerator[Written]) -> AsyncGenerator[Written | None]:
    """Yield frames as they come, and None whenever none has come for a while."""
    async with aclosing(frames):
        following: asyncio.Future[Written | None] | None = None
        try:
            while True:
                following = following or asyncio.ensure_future(_next(frames))
                await asyncio.wait({following}, timeout=TICK_S)
                if not following.done():
                    yield None
                    continue
                frame, following = following.result(), None
                if frame is None:
                    return
                yield frame
        finally:
            if following is not None:
                await stop([following])


async def _next(frames: AsyncGenerator[Written]) -> Written | None:
    return await anext(frames, None)
