"""Chat completions."""

from fastapi import APIRouter, Request, Response

from api.deps import WithCaller, WithParts, WithSignedIn
from api.openai import chat
from api.openai.accepting import WithTerms, accept
from api.openai.answers import completion_of
from api.openai.connections import Disconnected, while_connected
from api.openai.ending import GONE, cancel_soon
from api.openai.failures import COST_HEADER, RUN_ID_HEADER, NoAnswer
from api.openai.following import Following, waited
from api.openai.routing import ERRORS, STREAM, OpenAIRoute
from api.openai.sse import Stream
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
    asked = await chat.asked_by(parts, caller, spec)
    run = await accept(parts, caller, asked, terms)
    following = Following(parts, signed_in, run.run_id, is_live=bool(spec.stream) and not asked.is_typed)
    headers = {RUN_ID_HEADER: run.run_id} | ({} if run.is_new else {"Idempotent-Replayed": "true"})

    def give_up() -> None:
        if not spec.store and terms.key is None:
            cancel_soon(parts, caller, run.run_id)

    if spec.stream:
        return Stream(chat.chunks(following, run.run_id, spec), headers, on_disconnect=give_up)
    waiting = waited(following, parts.settings.reply_patience_s)
    try:
        answer = await while_connected(request.receive, waiting)
    except Disconnected:
        give_up()
        return Response(status_code=GONE)
    except NoAnswer as end:
        return end.response()
    headers[COST_HEADER] = str(answer.view.cost_micro_usd)
    body = completion_of(answer.view, answer.text, spec.model).model_dump_json()
    return Response(body, headers=headers, media_type="application/json")
