"""Responses: created, retrieved, cancelled and deleted."""

from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from api.deps import Parts, WithCaller, WithParts, WithSignedIn
from api.openai import response_events, responses
from api.openai.accepting import TYPED, WithTerms
from api.openai.connections import Disconnected
from api.openai.ending import GONE
from api.openai.failures import COST_HEADER, NoAnswer
from api.openai.following import Answer, Following, found
from api.openai.routing import ERRORS, STREAM, OpenAIRoute
from api.openai.sse import Stream
from api.openai.starting import start
from api.openai_errors import RUN_ID_HEADER
from chimera.security.sessions import SignedIn
from chimera.store import replies, reply_contents
from models.base import RESPONSE_ID
from models.errors import Conflict, InvalidInput
from models.openai.responses import DeletedResponse, Echo, ResponseObject, ResponseSpec, echo_of

router = APIRouter(prefix="/v1/responses", tags=["openai"], route_class=OpenAIRoute, responses=ERRORS)

ResponseId = Annotated[str, Path(pattern=RESPONSE_ID, description="ID of the response: `resp_` and the ID of its run")]


@router.post(
    "",
    operation_id="create_openai_response",
    summary="Create Response (OpenAI)",
    response_model=ResponseObject,
    responses=STREAM,
)
async def create_openai_response(
    spec: ResponseSpec,
    request: Request,
    caller: WithCaller,
    signed_in: WithSignedIn,
    parts: WithParts,
    terms: WithTerms,
) -> Response:
    """Answer a conversation with an agent or a model.

    With `stream`, the response is sent as server-sent events. With `background`, it is returned at once, and its run
    continues. A response that isn't stored is cancelled if you disconnect before it is complete.
    """
    run = await start(request, parts, caller, signed_in, spec, responses.asked_by, terms, is_stored=spec.is_stored)
    echo = echo_of(spec)
    begun = await found(parts, caller, run.id)
    if spec.stream:
        return Stream(
            response_events.events(run.following, begun, echo), run.headers, on_disconnect=run.following.give_up
        )
    if spec.background:
        return _written(begun, echo, run.headers)
    try:
        await run.answer(request.receive)
    except Disconnected:
        return Response(status_code=GONE)
    except NoAnswer as end:
        if not run.following.has_failed:
            return end.response()
    return _written(await found(parts, caller, run.id), echo, run.headers)


@router.get(
    "/{response_id}",
    operation_id="get_openai_response",
    summary="Get Response (OpenAI)",
    response_model=ResponseObject,
    responses=STREAM,
)
async def get_openai_response(
    response_id: ResponseId,
    caller: WithCaller,
    signed_in: WithSignedIn,
    parts: WithParts,
    stream: Annotated[bool, Query(description="Send the response as server-sent events, from its beginning")] = False,
    starting_after: Annotated[
        int | None, Query(description="Not supported. Stream the response from its beginning.")
    ] = None,
) -> Response:
    """Show a stored response in its current state."""
    if starting_after is not None:
        raise InvalidInput(
            "starting_after", "A stream can't begin in the middle. Omit 'starting_after' to receive all events."
        )
    answer, echo = await responses.retrieved(parts, caller, response_id)
    if not stream:
        return _written(answer, echo, {RUN_ID_HEADER: answer.view.id})
    return _stream_of(parts, signed_in, answer, echo)


@router.delete("/{response_id}", operation_id="delete_openai_response", summary="Delete Response (OpenAI)")
async def delete_openai_response(response_id: ResponseId, caller: WithCaller, parts: WithParts) -> DeletedResponse:
    """Delete the content of a response. Its cost is kept."""
    await responses.retrieved(parts, caller, response_id)
    async with parts.database.begin() as session:
        await reply_contents.forget(session, caller, responses.run_of(response_id))
    parts.dispatcher.deliver_soon(responses.run_of(response_id))
    return DeletedResponse(id=response_id)


@router.post(
    "/{response_id}/cancel",
    operation_id="cancel_openai_response",
    summary="Cancel Response (OpenAI)",
    response_model=ResponseObject,
)
async def cancel_openai_response(response_id: ResponseId, caller: WithCaller, parts: WithParts) -> Response:
    """Cancel a response. The text that has arrived is kept. Cancelling a response that has ended changes nothing."""
    answer, echo = await responses.retrieved(parts, caller, response_id)
    run_id = responses.run_of(response_id)
    if answer.view.ended_at is None:
        # Conflict: it has ended in the meantime.
        with suppress(Conflict):
            async with parts.database.begin() as session:
                await replies.cancel(session, caller, run_id)
        parts.dispatcher.deliver_soon(run_id)
    return _written(await found(parts, caller, run_id), echo, {RUN_ID_HEADER: run_id})


def _stream_of(parts: Parts, signed_in: SignedIn, answer: Answer, echo: Echo) -> Stream:
    is_live = answer.view.ended_at is None and not answer.view.metadata.get(TYPED)
    following = Following(parts, signed_in, answer.view.id, is_live=is_live)
    events = response_events.events(following, answer, echo)
    return Stream(events, {RUN_ID_HEADER: answer.view.id}, on_disconnect=lambda: None)


def _written(answer: Answer, echo: Echo, headers: dict[str, str]) -> Response:
    body = responses.object_of(answer, echo).model_dump_json()
    cost = {COST_HEADER: str(answer.view.cost_micro_usd)} if answer.view.ended_at else {}
    return Response(body, headers={**headers, **cost}, media_type="application/json")
