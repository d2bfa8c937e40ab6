"""A run that a request of an OpenAI client has started, and the client that waits for it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from starlette.types import Receive

from api.deps import Parts
from api.idempotency import REPLAYED
from api.openai.accepting import TYPED, Conversation, Terms, accept, accepted_before, meaning_of
from api.openai.connections import Disconnected, while_connected
from api.openai.following import Answer, Following, found, waited
from api.openai_errors import RUN_ID, RUN_ID_HEADER
from chimera.security.sessions import SignedIn
from models.ids import RunId
from models.openai.chat import ChatCompletionSpec
from models.openai.responses import ResponseSpec
from models.users import Caller

Spec = TypeVar("Spec", ChatCompletionSpec, ResponseSpec)


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A run for one client."""

    parts: Parts
    id: RunId
    following: Following
    headers: dict[str, str]
    """The headers of every response."""

    async def answer(self, receive: Receive) -> Answer:
        """Wait for the answer. Raises NoAnswer, and Disconnected after giving the run up."""
        try:
            return await while_connected(receive, waited(self.following, self.parts.settings.reply_patience_s))
        except Disconnected:
            self.following.give_up()
            raise


async def start(
    request: Request,
    parts: Parts,
    caller: Caller,
    signed_in: SignedIn,
    spec: Spec,
    asked_by: Callable[[Parts, Caller, Spec], Awaitable[Conversation]],
    terms: Terms,
    *,
    is_stored: bool,
) -> Started:
    """Accept a request as a run, or find the run of an earlier request with the same key.

    From then on, errors of `request` name the run and say that the request must not be repeated. Raises the errors of
    `asked_by`, which translates a new request, and of `accept`.
    """
    body_sha256 = meaning_of(spec, terms)
    run_id, is_new, is_typed = await accepted_before(parts, caller, terms, body_sha256), False, False
    if run_id is None:
        asked = await asked_by(parts, caller, spec)
        run_id, is_new = await accept(parts, caller, asked, terms, body_sha256)
        is_typed = asked.is_typed
    setattr(request.state, RUN_ID, run_id)
    if is_new:
        await parts.failpoints.hit("after_insert")
        await parts.dispatcher.deliver(run_id)
    elif spec.stream:
        is_typed = bool((await found(parts, caller, run_id)).view.metadata.get(TYPED))
    is_kept = is_stored or terms.key is not None
    return Started(
        parts=parts,
        id=run_id,
        following=Following(parts, signed_in, run_id, is_live=bool(spec.stream) and not is_typed, is_kept=is_kept),
        headers={RUN_ID_HEADER: run_id} | ({} if is_new else {REPLAYED: "true"}),
    )
