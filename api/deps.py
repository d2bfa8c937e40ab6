"""Dependencies of routes: the parts of this process, and the caller.

Closed by default: every route below /api/v1 requires a caller, except those in `PUBLIC`. Requests are authenticated
before their body is read.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from api import permissions
from api.bearer import token_of
from api.bodies import StrictRequest
from api.checks import Checks, Models
from api.cursors import Cursors
from api.etags import not_modified
from api.idempotency import keyed, once
from api.live.changes import Feed
from api.live.foreign_reads import ForeignReads
from api.live.hub import Hub
from api.live.rights import Rights
from api.live.states import State, States
from api.middleware import QUIET_PATHS
from api.user_limits import OpenByUser
from chimera.bus import Bus
from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.failpoints import Failpoints
from chimera.limits.rates import RateKind, Rates
from chimera.limits.shared import SharedRedis
from chimera.providers.catalog import Available
from chimera.providers.health.accounts import ProviderHealth
from chimera.reports.processes import SelfReport
from chimera.security.accounts import Accounts
from chimera.security.oidc import Oidc
from chimera.security.sessions import Auth, SignedIn
from chimera.security.sign_ins import place_of
from chimera.security.tickets import Tickets
from chimera.temporal.ai_calls import AiCallWaits
from chimera.temporal.client import Temporal
from chimera.temporal.dispatcher import Dispatcher
from chimera.temporal.schedule_dispatcher import ScheduleDispatcher
from chimera.temporal.schedules import Schedules
from chimera.tools.mcp.http import HttpClients
from models.approvals import ApprovalId
from models.errors import ChimeraError, InvalidInput, NotSignedIn
from models.ids import (
    AiCallId,
    ApiKeyId,
    FileId,
    GroupId,
    InvitationId,
    MemberId,
    RunId,
    ScheduleId,
    SessionId,
    TaskId,
    UserId,
)
from models.users import Caller
from models.wording import instead_of

API = "/api/v1"

PUBLIC = frozenset(
    {
        ("POST", f"{API}/auth/register"),  # responds with 403 unless registration is open
        ("POST", f"{API}/auth/first-admin"),  # responds with 404 once there is an administrator
        ("POST", f"{API}/auth/password-reset"),  # requires a one-time token
        ("GET", f"{API}/auth/options"),  # what a sign-in page shows
        ("POST", f"{API}/auth/login"),
        ("POST", f"{API}/auth/refresh"),
        ("POST", f"{API}/auth/oidc/start"),
        ("POST", f"{API}/auth/oidc/finish"),
        ("POST", f"{API}/codec/{{codec_pass}}/decode"),  # the address is the secret
        ("GET", "/metrics"),  # checks the metrics token, or an administrator's access token
        ("GET", "/health"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/"),
        ("GET", "/{page:path}"),  # the console, which is identical in every installation of a version
        ("GET", "/console/{name:path}"),
        ("GET", "/docs"),
        ("GET", "/docs/{name}"),
        ("GET", "/openapi.json"),
    }
)
"""Routes without authentication; docs/reference/security.md gives the reason for each."""

SOCKETS = frozenset({"/ws", "/ws/test"})
"""WebSockets. A page, which can't send a header, signs in with its first message. Until then, the server sends
nothing."""

STARTS = frozenset(
    {
        ("POST", "/tasks"),
        ("POST", "/tasks/{task_id}/execute"),
        ("POST", "/tasks/{task_id}/retry"),
        ("POST", "/schedules/{schedule_id}/trigger"),
        ("POST", "/schedules/{schedule_id}/backfill"),
        ("POST", "/ai/embeddings"),
        ("POST", "/ai/images"),
        ("POST", "/ai/transcriptions"),
        ("POST", "/chat/completions"),
        ("POST", "/chat/sessions/{session_id}/messages"),
        ("POST", "/chat/sessions/{session_id}/messages/{message_id}/regenerate"),
        ("POST", "/chat/sessions/{session_id}/tasks"),
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
    }
)
"""Routes that create or start runs, below `API` except those below `/v1`. Their requests also count toward
`CHIMERA_MAX_STARTS_PER_MINUTE`. Summaries and suggestions of chats (`routes/chat_notes.py`) count only if they are new.
"""

MAX_PARAMETERS = 100
"""Maximum number of query parameters of a request."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of an API process. They are built once, in the lifespan."""

    settings: Settings
    database: Database
    bus: Bus
    health: ProviderHealth
    temporal: Temporal
    dispatcher: Dispatcher
    ai_call_waits: AiCallWaits
    schedules: Schedules
    schedule_dispatcher: ScheduleDispatcher
    failpoints: Failpoints
    auth: Auth
    tickets: Tickets
    accounts: Accounts
    oidc: Oidc
    rights: Rights
    foreign_reads: ForeignReads
    models: Models
    checks: Checks
    mcp_clients: HttpClients
    available: Available
    hub: Hub
    feed: Feed
    states: States
    read_system: Callable[["Parts"], Awaitable[State]]
    """Returns the state of the installation for administrators' sockets."""
    cursors: Cursors
    open_sockets: OpenByUser
    open_streams: OpenByUser
    rates: Rates
    limits_redis: SharedRedis
    report: SelfReport

    async def system_state(self) -> State:
        """Return the state of the installation, by the name of each part."""
        return await self.read_system(self)


async def get_parts(connection: HTTPConnection) -> Parts:
    """Return the process's parts. Like all dependencies here, async: FastAPI runs plain functions in a thread."""
    return parts_of(connection)


def parts_of(connection: HTTPConnection) -> Parts:
    parts = connection.app.state.parts
    assert isinstance(parts, Parts)
    return parts


async def get_signed_in(request: Request) -> SignedIn:
    """Return the caller's session or API key, which permits this request and has requests left.

    A request counts toward the limits of its user and key. Without a valid token or key, it counts toward those of its
    address. Raises NotSignedIn, Forbidden if the role or key doesn't permit the request, and TooManyRequests.
    """
    if not hasattr(request.state, "signed_in"):
        found = await _counted(request)
        permissions.check(request, found.caller)
        request.state.signed_in = found
    signed_in: SignedIn = request.state.signed_in
    return signed_in


async def _counted(request: Request) -> SignedIn:
    parts = parts_of(request)
    try:
        token = token_of(request)
        if token is None:
            raise NotSignedIn
        signed_in = await parts.auth.signed_in(token)
    except ChimeraError:
        await count_address(request)
        raise
    # The key's limit first: what it rejects must not use up the limit of its user.
    of_key = None
    if signed_in.caller.scopes is not None:
        of_key = await parts.rates.take(RateKind.KEY, signed_in.session_id)
    of_user = await parts.rates.take(RateKind.USER, signed_in.caller.user_id)
    request.state.rate = of_key or of_user
    return signed_in


async def count_address(request: Request) -> None:
    """Count a request toward its address, unless the middleware has, as without a token. Raises TooManyRequests."""
    if not hasattr(request.state, "rate") and request.scope["path"] not in QUIET_PATHS:
        rates = parts_of(request).rates
        request.state.rate = await rates.take(RateKind.ADDRESS, place_of(await _address(request)))


async def get_caller(
    signed_in: Annotated[SignedIn, Depends(get_signed_in)],
    _: Annotated[
        object,
        Depends(
            HTTPBearer(auto_error=False, description="Access token returned by `POST /api/v1/auth/login`, or API key")
        ),
    ],
) -> Caller:
    """Return the caller. Every route below /api/v1 that isn't public has this dependency."""
    return signed_in.caller


async def _address(connection: HTTPConnection) -> str:
    """Return the caller's address, as reported by a listed proxy or else the address of the connection's peer."""
    return connection.client.host if connection.client else ""


async def _task_id(
    task_id: Annotated[UUID, Path(description="Full ID of the task, as returned by `POST /api/v1/tasks`")],
) -> TaskId:
    return TaskId(str(task_id))


async def _reply_id(
    reply_id: Annotated[UUID, Path(description="ID of the reply, as returned when it was requested")],
) -> RunId:
    return RunId(str(reply_id))


async def _file_id(file_id: Annotated[UUID, Path(description="ID of the file, as returned by the upload")]) -> FileId:
    return FileId(str(file_id))


async def _ai_call_id(
    call_id: Annotated[UUID, Path(description="ID of an embedding, image or transcription call")],
) -> AiCallId:
    return AiCallId(str(call_id))


async def _schedule_id(
    schedule_id: Annotated[UUID, Path(description="ID of the schedule, as shown in the list of schedules")],
) -> ScheduleId:
    return ScheduleId(str(schedule_id))


async def _key_id(
    key_id: Annotated[UUID, Path(description="ID of the API key, as shown in the list of API keys")],
) -> ApiKeyId:
    return ApiKeyId(str(key_id))


async def _session_id(
    session_id: Annotated[UUID, Path(description="ID of the session, as shown in the list of sessions")],
) -> SessionId:
    return SessionId(str(session_id))


async def _invitation_id(
    invitation_id: Annotated[UUID, Path(description="ID of the invitation, as shown in the list of invitations")],
) -> InvitationId:
    return InvitationId(str(invitation_id))


async def _group_id(
    group_id: Annotated[UUID, Path(description="ID of the group, as shown in the list of groups")],
) -> GroupId:
    return GroupId(str(group_id))


async def _member_id(
    member_id: Annotated[UUID, Path(description="ID of the member, as shown in the group's list of members")],
) -> MemberId:
    return MemberId(str(member_id))


async def _user_id(
    user_id: Annotated[UUID, Path(description="ID of the user, as shown in the list of users")],
) -> UserId:
    return UserId(str(user_id))


async def _approval_id(
    approval_id: Annotated[UUID, Path(description="ID of the approval, as shown in the list of approvals")],
) -> ApprovalId:
    return ApprovalId(str(approval_id))


async def _question_id(
    question_id: Annotated[UUID, Path(description="ID of the question, as shown in the list of approvals")],
) -> ApprovalId:
    return ApprovalId(str(question_id))


WithParts = Annotated[Parts, Depends(get_parts)]
WithCaller = Annotated[Caller, Depends(get_caller)]
WithSignedIn = Annotated[SignedIn, Depends(get_signed_in)]
WithAddress = Annotated[str, Depends(_address)]
WithTaskId = Annotated[TaskId, Depends(_task_id)]
WithReplyId = Annotated[RunId, Depends(_reply_id)]
WithFileId = Annotated[FileId, Depends(_file_id)]
WithAiCallId = Annotated[AiCallId, Depends(_ai_call_id)]
WithApiKeyId = Annotated[ApiKeyId, Depends(_key_id)]
WithSessionId = Annotated[SessionId, Depends(_session_id)]
WithInvitationId = Annotated[InvitationId, Depends(_invitation_id)]
WithGroupId = Annotated[GroupId, Depends(_group_id)]
WithMemberId = Annotated[MemberId, Depends(_member_id)]
WithUserId = Annotated[UserId, Depends(_user_id)]
WithApprovalId = Annotated[ApprovalId, Depends(_approval_id)]
WithQuestionId = Annotated[ApprovalId, Depends(_question_id)]
WithScheduleId = Annotated[ScheduleId, Depends(_schedule_id)]


class ClosedRoute(APIRoute):
    """Authenticates the caller before it reads the body. Rejects unknown query parameters.

    Handles the headers `If-None-Match` and `Idempotency-Key` for routes that accept them. Records what administrators
    read of other users.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        known = _query_names(self.dependant)
        is_keyed = any(dependant.call is keyed for dependant in self.dependant.dependencies)

        async def signed_in_first(request: Request) -> Response:
            signed_in = await self.sign_in(request)
            _check_query(request, known)
            strict = StrictRequest(request.scope, request.receive)
            if is_keyed:
                return await once(parts_of(request).database, signed_in.caller, strict, lambda: handle(strict))
            response = not_modified(request, await handle(strict))
            await parts_of(request).foreign_reads.of_response(
                signed_in.caller, self.operation_id or "", request, response
            )
            return response

        return signed_in_first

    async def sign_in(self, request: Request) -> SignedIn:
        """Authenticate the caller, and count the request if it may start a run. Raises TooManyRequests."""
        signed_in = await get_signed_in(request)
        if (request.method, self.path) in STARTS:
            await parts_of(request).rates.take(RateKind.START, signed_in.caller.user_id)
        return signed_in


def _query_names(dependant: Dependant) -> frozenset[str]:
    own = frozenset(parameter.alias for parameter in dependant.query_params)
    return own.union(*map(_query_names, dependant.dependencies))


def _check_query(request: Request, known: frozenset[str]) -> None:
    # Counted before they are parsed, because pydantic reports each invalid parameter.
    if request.scope["query_string"].count(b"&") >= MAX_PARAMETERS:
        raise InvalidInput("query", f"A request can have at most {MAX_PARAMETERS} query parameters. Send fewer.")
    for name in request.query_params:
        if name not in known:
            remedy = instead_of(name, known) or "Remove it."
            raise InvalidInput(name[:60], f"Unknown parameter. {remedy}")


class PublicRoute(APIRoute):
    """Requires no authentication. Each such route must be listed in `PUBLIC`."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def strictly(request: Request) -> Response:
            # Even with a token, because no one has looked whose it is.
            await count_address(request)
            return await handle(StrictRequest(request.scope, request.receive))

        return strictly
