"""What a subscription sends: one generator for each kind of topic.

The first item of each generator contains the fields of the acknowledgement, and the others are messages. A generator
that ends has nothing more to send.
"""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Protocol

from pydantic_core import to_json
from starlette.websockets import WebSocket

from api.live.changes import Feed, frames_of
from api.live.conversations import Conversation
from api.live.foreign_reads import ForeignReads
from api.live.frames import messages_of
from api.live.hub import Hub
from api.live.states import States
from chimera.db.engine import Database
from chimera.ledger import agents as agent_calls
from chimera.store import access, agents
from chimera.store.owners import Owned
from models.base import Contract
from models.changes import ChangeTopic
from models.errors import Forbidden, InvalidInput, NotFound
from models.runs import REPLIES, RunKind
from models.streams import CHANGE_TOPICS, Topic, run_of
from models.users import Caller

AGENTS_SECONDS = 1.0
SYSTEM_SECONDS = 5.0

Messages = AsyncGenerator[Sequence[Any]]
After = int | str | None


class AgentState(Contract):
    """The state of an agent on the topic `agents`."""

    name: str
    id: str | None
    version: int | None
    active: bool
    built_in: bool
    status: str
    calls: int


class SubscriptionParts(Protocol):
    """The parts of the process that subscriptions read from."""

    @property
    def hub(self) -> Hub: ...

    @property
    def feed(self) -> Feed: ...

    @property
    def states(self) -> States: ...

    @property
    def foreign_reads(self) -> ForeignReads: ...

    @property
    def database(self) -> Database: ...

    async def system_state(self) -> Mapping[str, Any]: ...


def messages_for(
    parts: SubscriptionParts, caller: Caller, topic: Topic, after: After, websocket: WebSocket
) -> Messages:
    """Return the generator for a topic. Its first item raises the errors of a request for the same thing."""
    if topic in CHANGE_TOPICS:
        return _changes(parts, caller, topic, after)
    match topic.partition(":")[0]:
        case "agents":
            return _agents(parts, caller, topic, after)
        case "system":
            return _system(parts, caller, topic, after)
        case "chat":
            return _chat(parts, caller, topic, after, websocket)
        case "run" | "task" | "reply":
            return _run(parts, caller, topic, after, websocket)
    raise NotFound("topic", topic)


async def _run(parts: SubscriptionParts, caller: Caller, topic: Topic, after: After, websocket: WebSocket) -> Messages:
    """Yield the events of a run and the text of its calls, until its last event."""
    if isinstance(after, str):
        raise InvalidInput("after", "For this topic, send the 'seq' of the last event that you received: a number.")
    try:
        run_id = run_of(topic)
    except ValueError:
        raise NotFound("topic", topic) from None
    # If there is no such run, the error names the first kind.
    kinds = (*REPLIES, RunKind.TASK) if topic.startswith("reply:") else (RunKind.TASK, *REPLIES)
    progress = await parts.hub.progress(caller, run_id, kinds)
    await parts.foreign_reads.of_object(caller, "subscribe", Owned.RUN, run_id)
    yield [{"after": after or 0, "last_seq": progress.last_seq}]
    async with aclosing(parts.hub.batches(caller, run_id, after or 0, progress)) as batches:
        async for batch in batches:
            yield messages_of(batch, topic, websocket)


async def _changes(parts: SubscriptionParts, caller: Caller, topic: ChangeTopic, after: After) -> Messages:
    """Yield what happens to a user's runs, approvals or notifications, without end."""
    if isinstance(after, int):
        raise InvalidInput("after", "For this topic, send the 'cursor' of the last message that you received.")
    async with aclosing(parts.feed.follow(caller, after)) as batches:
        yield [{"cursor": (await anext(batches)).cursor}]
        async for batch in parts.foreign_reads.of_changes(caller, [topic], batches):
            yield [_message(frame.model_dump()) for frame in frames_of(batch, [topic], caller)]


async def _chat(parts: SubscriptionParts, caller: Caller, topic: Topic, after: After, websocket: WebSocket) -> Messages:
    """Yield what happens in a chat session, without end."""
    if isinstance(after, int):
        raise InvalidInput("after", "For this topic, send the 'cursor' of the last message that you received.")
    try:
        session_id = str(run_of(topic))
    except ValueError:
        raise NotFound("chat session", topic) from None
    async with parts.database.begin() as session:
        if not await access.owns_session(session, caller, session_id):
            raise NotFound("chat session", session_id)
    await parts.foreign_reads.of_object(caller, "subscribe", Owned.CHAT_SESSION, session_id)
    async with aclosing(Conversation(parts, caller, topic, session_id, websocket).messages(after)) as messages:
        async for batch in messages:
            yield batch


async def _agents(parts: SubscriptionParts, caller: Caller, topic: Topic, after: After) -> Messages:
    """Yield the state of a user's agents, then each change."""
    _check_no_place(after)

    async def read() -> Mapping[str, Any]:
        async with parts.database.begin() as session:
            known = await agents.agents_of(session, caller.user_id)
            calls = await agent_calls.busy(session, caller.user_id)
        return {
            name: AgentState(
                name=name,
                id=agent.id,
                version=agent.version,
                active=agent.active,
                built_in=agent.built_in,
                status="busy" if calls.get(name) else "idle",
                calls=calls.get(name, 0),
            )
            for name, agent in known.items()
        }

    yield [{}]
    async with aclosing(parts.states.follow(f"agents {caller.user_id}", read, AGENTS_SECONDS)) as states:
        async for changed, gone in states:
            yield [_message({"type": "state", "topic": topic, "agents": list(changed.values()), "removed": gone})]


async def _system(parts: SubscriptionParts, caller: Caller, topic: Topic, after: After) -> Messages:
    """Yield the state of the installation's parts, then each change. Only for administrators."""
    _check_no_place(after)
    if caller.role != "admin":
        raise Forbidden("Only administrators can follow the state of the installation.")
    yield [{}]
    async with aclosing(parts.states.follow("system", parts.system_state, SYSTEM_SECONDS)) as states:
        async for changed, gone in states:
            yield [_message({"type": "state", "topic": topic, "system": dict(changed), "removed": gone})]


def _check_no_place(after: After) -> None:
    if after is not None:
        raise InvalidInput("after", "This topic begins with the current state. Leave out 'after'.")


def _message(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "websocket.send", "text": to_json(fields).decode()}
