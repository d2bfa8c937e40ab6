"""Responses: the conversation of a request, and its answer as a response object."""

from collections.abc import Sequence

from pydantic import ValidationError

from api.deps import Parts
from api.openai.accepting import Conversation, options_of
from api.openai.answers import extension_of
from api.openai.content import ContentReader
from api.openai.failures import NoAnswer
from api.openai.following import Answer, found
from api.openai.items import FIELD, conversation_of
from api.openai.names import named
from chimera.store import reply_contents
from models.errors import Conflict, NotFound
from models.ids import RunId
from models.openai.base import effort_of
from models.openai.responses import (
    Echo,
    Incomplete,
    InputDetails,
    OutputCall,
    OutputDetails,
    OutputItem,
    OutputMessage,
    OutputText,
    ResponseObject,
    ResponseProblem,
    ResponseSpec,
    ResponseUsage,
    Status,
    echo_of,
)
from models.replies import ClientTool, ConversationMessage, ReplyView
from models.runs import RunStatus
from models.users import Caller

API, ECHO = "responses", "response"
"""The value and the key in a run's metadata that mark a run as a response."""
PREFIX = "resp_"

_STATUS: dict[RunStatus, Status] = {
    RunStatus.QUEUED: "queued",
    RunStatus.COMPLETED: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.CANCELLING: "cancelled",
    RunStatus.CANCELLED: "cancelled",
}


async def asked_by(parts: Parts, caller: Caller, spec: ResponseSpec) -> Conversation:
    """Translate a request. Raises the errors of what it refers to."""
    tools = tuple(
        ClientTool(name=tool.name, description=tool.description, parameters=tool.parameters)
        for tool in spec.tools or ()
    )
    earlier = await _earlier(parts, caller, spec.previous_response_id)
    return Conversation(
        named=await named(parts, caller, spec.model),
        messages=await conversation_of(ContentReader(parts, caller), earlier, spec.input),
        instructions=spec.instructions,
        tools=tools,
        options=options_of(
            max_output_tokens=spec.max_output_tokens,
            temperature=spec.temperature,
            top_p=spec.top_p,
            choice=spec.tool_choice,
            effort=effort_of(spec.reasoning.effort) if spec.reasoning else None,
            tools=tools,
        ),
        output_schema=spec.output_schema,
        messages_field=FIELD,
        schema_field="text.format.schema",
        metadata={"api": API, ECHO: echo_of(spec).model_dump(mode="json")},
    )


async def retrieved(parts: Parts, caller: Caller, response_id: str) -> tuple[Answer, Echo]:
    """Find a stored response of the caller. Raises NotFound, also for one that was not to be stored."""
    try:
        answer = await found(parts, caller, run_of(response_id))
    except NotFound:
        raise NotFound("response", response_id) from None
    echo = _echo_in(answer.view.metadata)
    if echo is None or not echo.store:
        raise NotFound("response", response_id)
    return answer, echo


def run_of(response_id: str) -> RunId:
    return RunId(response_id.removeprefix(PREFIX))


def object_of(answer: Answer, echo: Echo) -> ResponseObject:
    """Return a response in its current state."""
    view = answer.view
    incomplete = _incomplete(view)
    status = "incomplete" if incomplete else _STATUS.get(view.status, "in_progress")
    return ResponseObject(
        **dict(echo),
        id=f"{PREFIX}{view.id}",
        created_at=int(view.created_at.timestamp()),
        completed_at=int(view.ended_at.timestamp()) if view.ended_at and status == "completed" else None,
        status=status,
        error=_problem_of(view),
        incomplete_details=incomplete,
        output=output_of(view, answer.text),
        usage=usage_of(view) if view.ended_at else None,
        chimera=extension_of(view),
    )


def output_of(view: ReplyView, text: str) -> tuple[OutputItem, ...]:
    """Return the items of an answer: its text, unless it consists only of calls, then the calls of client tools."""
    if view.ended_at is None or view.status is RunStatus.FAILED:
        return ()
    calls = tuple(
        OutputCall(id=call_item_id(view.id, index), call_id=call.id, name=call.name, arguments=call.arguments)
        for index, call in enumerate(view.tool_calls)
    )
    if calls and not text:
        return calls
    is_whole = view.status is RunStatus.COMPLETED and _incomplete(view) is None
    message = OutputMessage(
        id=message_id(view.id), status="completed" if is_whole else "incomplete", content=(OutputText(text=text),)
    )
    return (message, *calls)


def message_id(run_id: RunId) -> str:
    return f"msg_{run_id}"


def call_item_id(run_id: RunId, index: int) -> str:
    return f"fc_{run_id}_{index}"


def usage_of(view: ReplyView) -> ResponseUsage:
    usage = view.usage
    return ResponseUsage(
        input_tokens=usage.input_tokens,
        input_tokens_details=InputDetails(
            cached_tokens=usage.cached_input_tokens, cache_write_tokens=usage.cache_write_tokens
        ),
        output_tokens=usage.output_tokens,
        output_tokens_details=OutputDetails(reasoning_tokens=usage.reasoning_tokens),
        total_tokens=usage.input_tokens + usage.output_tokens,
    )


def problem_of(end: NoAnswer) -> ResponseProblem:
    """Return an end without an answer as OpenAI's clients expect it in a response: they know only two of its codes."""
    code = "rate_limit_exceeded" if end.status == 429 else "server_error"
    return ResponseProblem(code=code, message=f"{end.detail.code}: {end.detail.message}")


def _problem_of(view: ReplyView) -> ResponseProblem | None:
    if view.status is not RunStatus.FAILED:
        return None
    code = (
        "rate_limit_exceeded"
        if view.error_code in ("rate_limited", "no_quota", "spending_limit_reached")
        else "server_error"
    )
    return ResponseProblem(code=code, message=f"{view.error_code}: {view.error}")


def _incomplete(view: ReplyView) -> Incomplete | None:
    if view.status is not RunStatus.COMPLETED:
        return None
    match view.finish_reason:
        case "length":
            return Incomplete(reason="max_output_tokens")
        case "content_filter" | "refusal":
            return Incomplete(reason="content_filter")
    return None


async def _earlier(parts: Parts, caller: Caller, response_id: str | None) -> Sequence[ConversationMessage]:
    """Return the messages of an earlier response and its answer. Its instructions don't carry over."""
    if response_id is None:
        return ()
    field = "previous_response_id"
    try:
        async with parts.database.begin() as session:
            before = await reply_contents.completed(session, caller, run_of(response_id))
        echo = _echo_in(before.metadata)
        if echo is None or not echo.store:
            raise NotFound("response", response_id)
        answer = ConversationMessage(role="assistant", content=before.text, tool_calls=before.tool_calls)
    except NotFound:
        error = NotFound("response", response_id)
        error.field = field
        raise error from None
    except Conflict as conflict:
        conflict.field = field
        raise
    except ValidationError:
        raise Conflict(
            f"The answer of the response {response_id!r} is larger than a message can be, or has more tool calls. Send"
            " the conversation in 'input' instead, with a part of this answer.",
            field=field,
        ) from None
    return (*before.conversation, answer)


def _echo_in(metadata: object) -> Echo | None:
    if not isinstance(metadata, dict) or metadata.get("api") != API:
        return None
    try:
        return Echo.model_validate(metadata.get(ECHO))
    except ValidationError:
        return None
