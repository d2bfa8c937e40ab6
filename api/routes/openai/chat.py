"""Chat completions."""

from fastapi import APIRouter, Request, Response

from api.deps import WithCaller, WithParts, WithSignedIn
from api.openai import chat
from api.openai.accepting import WithTerms
from api.openai.answers import completion_of
from api.openai.connections import Disconnected
from api.openai.ending import GONE
from api.openai.failures import COST_HEADER, NoAnswer
from api.openai.routing import ERRORS, STREAM, OpenAIRoute
from api.openai.sse import Stream
from api.openai.starting import start
from models.openai.chat import ChatCompletion, ChatCompletionSpec

router = APIRouter(prefix="/v1/chat", tags=["openai"], route_class=OpenAIRoute, responses=ERRORS)


@router.post(
    "/completions",
    operation_id="create_openai_chat_completion",
    summary="Create Chat Completion (OpenAI)",
    response_model=ChatCompletion,
    responses=STREAM,
)
async def create_openai_chat_completion(
    spec: ChatCompletionSpec,
    request: Request,
    caller: WithCaller,
    signed_in: WithSignedIn,
    parts: WithParts,
    terms: WithTerms,
) -> Response:
    """Answer a conversation with an agent or a model.

    With `stream`, the answer is sent as server-sent events while it is written. If you disconnect before the answer is
    complete, its run is cancelled, unless you have sent `store` or an `Idempotency-Key`.
    """
    run = await start(request, parts, caller, signed_in, spec, chat.asked_by, terms, is_stored=bool(spec.store))
    if spec.stream:
        return Stream(chat.chunks(run.following, run.id, spec), run.headers, on_disconnect=run.following.give_up)
    try:
        answer = await run.answer(request.receive)
    except Disconnected:
        return Response(status_code=GONE)
    except NoAnswer as end:
        return end.response()
    headers = {**run.headers, COST_HEADER: str(answer.view.cost_micro_usd)}
    body = completion_of(answer.view, answer.text, spec.model).model_dump_json()
    return Response(body, headers=headers, media_type="application/json")
