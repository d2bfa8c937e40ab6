"""Chat completions."""

from fastapi import APIRouter, Request, Response

from api.deps import WithCaller, WithParts, WithSignedIn
from api.openai import chat
from api.openai.accepting import WithTerms, accept
from api.openai.ending import cancel_soon
from api.openai.connections import Disconnected, while_connected
from api.openai.failures import COST_HEADER, RUN_ID_HEADER, NoAnswer
from api.openai.following import Following
from api.openai.routing import ERRORS, OpenAIRoute
from api.openai.sse import Stream
from models.openai.chat import ChatCompletion, ChatCompletionSpec

router = APIRouter(prefix="/v1/chat", tags=["openai"], route_class=OpenAIRoute, responses=ERRORS)
GONE = 499
"""For the log: the client has closed the connection, so it doesn't receive this status."""


@router.post(
    "/completions",
    operation_id="create_openai_chat_completion",
    summary="Create Chat Completion (OpenAI)",
    response_model=ChatCompletion,
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
    waiting = chat.whole(following, run.run_id, spec.model, parts.settings.reply_patience_s)
    try:
        completion = await while_connected(request.receive, waiting)
    except Disconnected:
        give_up()
        return Response(status_code=GONE)
    except NoAnswer as end:
        return end.response()
    headers[COST_HEADER] = str(completion.chimera.cost_micro_usd)
    return Response(completion.model_dump_json(), headers=headers, media_type="application/json")
