"""The branches of replies; see `record.py`."""

from collections.abc import Awaitable, Callable, Sequence

from sqlalchemy import insert

from chimera.db.tables import ChatMessage, ChatSession
from chimera.ledger.acceptance import NewReply
from chimera.store import agents, approvals, replies
from models.agents import AgentSpec
from models.approvals import Answer, ApprovalId
from models.ids import RunId, TaskId
from models.replies import ClientTool, ConversationMessage
from models.runs import RunKind
from models.tasks import Budget, RunPolicy
from tests.runs import MODEL, Runs

AGENT = "helper"
SMALL = "simulator/standard"
"""A model whose window has `SMALL_TOKENS` in the settings of the tests that use it."""
SMALL_TOKENS = 4096


async def replied(runs: Runs, words: str, *, agent: str | None = None, events: int = 2000, **fields: object) -> RunId:
    """Start a reply to one message. `fields` are those of NewReply; `budget` is that of its run."""
    budget = fields.pop("budget", None)
    assert budget is None or isinstance(budget, Budget)
    said = ConversationMessage(role="user", content=words)
    policy = RunPolicy(max_history_events=events)
    reply = NewReply(**{"model": MODEL, "agent": agent, "policy": policy, "conversation": [said], **fields})  # type: ignore[arg-type]  # by name
    return await _accepted(runs, reply, RunKind.COMPLETION, budget)


async def in_session(runs: Runs, earlier: Sequence[str], words: str) -> RunId:
    """Start a reply in a new session with these earlier messages, from a model with a small window."""
    async with runs.database.begin() as session:
        created = insert(ChatSession).values(owner_id=runs.caller.user_id).returning(ChatSession.id)
        session_id = (await session.execute(created)).scalar_one()
        message_id = None
        for text in (*earlier, words):
            message = insert(ChatMessage).values(session_id=session_id, parent_id=message_id, role="user", text=text)
            message_id = (await session.execute(message.returning(ChatMessage.id))).scalar_one()
    reply = NewReply(model=SMALL, session_id=session_id, message_id=message_id)
    return await _accepted(runs, reply, RunKind.REPLY, None)


async def _accepted(runs: Runs, reply: NewReply, kind: RunKind, budget: Budget | None) -> RunId:
    async with runs.database.begin() as session:
        if AGENT not in await agents.agents_of(session, runs.caller.user_id):
            spec = AgentSpec(name=AGENT, prompt="Help.", tools=("ask_person", "calculator", "delegate", "list_files"))
            await agents.create(session, runs.caller.user_id, spec)
        reply_id, _ = await replies.create(
            session, runs.caller.user_id, reply, kind=kind, body_sha256="", budget=budget
        )
    await runs.deliver(reply_id)
    return reply_id


async def reply_answered(runs: Runs) -> TaskId:
    return await replied(runs, "Say a word. [[sim: tokens=5]]")


async def reply_with_tools(runs: Runs) -> TaskId:
    return await replied(runs, "Look. [[sim: call=list_files; turns=2; tokens=5]]", agent=AGENT)


async def reply_handed_over(runs: Runs) -> TaskId:
    tools = [ClientTool(name="weather")]
    return await replied(runs, "Weather? [[sim: call=weather]]", client_tools=tools)


async def reply_asked(runs: Runs) -> TaskId:
    reply_id = await replied(runs, 'Ask. [[sim: ask="Which color?"; tokens=5]]', agent=AGENT)
    await runs.event(reply_id, "approval.requested")
    (asked,) = await runs.rows("SELECT id FROM approvals WHERE run_id = :id", reply_id)
    async with runs.database.begin() as session:
        await approvals.answer(session, runs.caller, ApprovalId(str(asked["id"])), Answer(answer="green"))
    await runs.deliver(reply_id)
    return reply_id


async def reply_delegated(runs: Runs) -> TaskId:
    words = 'Delegate. [[sim: delegate=analyst; instruction="Compare"; sub={tokens=5}; tokens=5]]'
    return await replied(runs, words, agent=AGENT)


async def reply_raised(runs: Runs) -> TaskId:
    reply_id = await replied(runs, "Say a word. [[sim: tokens=5]]", budget=Budget(max_tokens=10))
    await runs.event(reply_id, "budget.reached")
    async with runs.database.begin() as session:
        await replies.raise_budget(session, runs.caller, reply_id, Budget(max_tokens=100_000))
    await runs.deliver(reply_id)
    return reply_id


async def reply_failed(runs: Runs) -> TaskId:
    return await replied(runs, "[[sim: status=400; times=99]] fail")


async def reply_cancelled(runs: Runs) -> TaskId:
    reply_id = await replied(runs, "[[sim: tokens=500; drip=20]] go")
    await runs.event(reply_id, "model_call.started")
    async with runs.database.begin() as session:
        await replies.cancel(session, runs.caller, reply_id)
    await runs.deliver(reply_id)
    return reply_id


async def reply_continued(runs: Runs) -> TaskId:
    return await replied(runs, "Look. [[sim: call=list_files; turns=6; tokens=5]]", agent=AGENT, events=20)


async def reply_summarized(runs: Runs) -> TaskId:
    return await in_session(runs, ["word " * 500] * 5, "And now? [[sim: tokens=5]]")


async def reply_without_summary(runs: Runs) -> TaskId:
    """Fail the summary: the directive is in a message that only the summary reads."""
    earlier = ["[[sim: status=400; times=99]]", *["word " * 500] * 5]
    return await in_session(runs, earlier, "And now? [[sim: status=200; tokens=5]]")


REPLY_BRANCHES: tuple[Callable[[Runs], Awaitable[TaskId]], ...] = (
    reply_answered,
    reply_with_tools,
    reply_handed_over,
    reply_asked,
    reply_delegated,
    reply_raised,
    reply_failed,
    reply_cancelled,
    reply_continued,
    reply_summarized,
    reply_without_summary,
)
