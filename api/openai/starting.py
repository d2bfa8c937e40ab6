"""A run that a request of an OpenAI client has started, and the client that waits for it."""

from dataclasses import dataclass

from fastapi import Request
from starlette.types import Receive

from api.deps import Parts
from api.idempotency import REPLAYED
from api.openai.accepting import Conversation, Terms, accept
from api.openai.connections import Disconnected, while_connected
from api.openai.ending import cancel_soon
from api.openai.following import Answer, Following, waited
from api.openai_errors import RUN_ID_HEADER
from chimera.security.sessions import SignedIn
from models.ids import RunId
from models.users import Caller


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run for one client."""

    parts: Parts
    caller: Caller
    id: RunId
    following: Following
    headers: dict[str, str]
    """The headers of every response."""
    is_kept: bool
    """Whether the run continues if the client disconnects, because its answer can be fetched later."""

    async def answer(self, receive: Receive) -> Answer:
        """Wait for the answer. Raises NoAnswer, and Disconnected after giving up."""
        try:
            return await while_connected(receive, waited(self.following, self.parts.settings.reply_patience_s))
        except Disconnected:
            self.give_up()
            raise

    def give_up(self) -> None:
        """Cancel the run of a client that has disconnected, unless the run is kept."""
        if not self.is_kept:
            cancel_soon(self.parts, self.caller, self.id)


async def start(
    request: Request,
    parts: Parts,
    caller: Caller,
    signed_in: SignedIn,
    asked: Conversation,
    terms: Terms,
    *,
    is_streamed: bool,
    is_stored: bool,
) -> Started:
    """Accept a conversation as a run. Raises what `accept` raises."""
    run = await accept(request, parts, caller, asked, terms)
    return Started(
        parts=parts,
        caller=caller,
        id=run.run_id,
        following=Following(parts, signed_in, run.run_id, is_live=is_streamed and not asked.is_typed),
        headers={RUN_ID_HEADER: run.run_id} | ({} if run.is_new else {REPLAYED: "true"}),
        is_kept=is_stored or terms.key is not None,
    )
