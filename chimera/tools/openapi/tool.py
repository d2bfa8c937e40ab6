"""An operation as a tool."""

from collections.abc import Mapping
from urllib.parse import urljoin

from pydantic import JsonValue

from chimera.content import schemas
from chimera.egress.client import EgressClient, EgressResponse
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.tools.base import OutcomeUnknown, ToolError, ToolOutput, ToolUnavailable, problems_of
from chimera.tools.context import ToolContext
from chimera.tools.openapi.answers import output_of
from chimera.tools.openapi.building import Request, request_of
from chimera.tools.openapi.credentials import Credentials
from chimera.tools.openapi.documents import origin_of
from chimera.tools.openapi.operations import Operation
from models.tools import ToolDefinition, ToolKind, ToolSource

MAX_BYTES = 2 * 1024 * 1024
TIMEOUT_S = 60.0
MAX_REDIRECTS = 3


class OperationTool:
    """Calls an operation of an API."""

    def __init__(
        self,
        name: str,
        api: str,
        operation: Operation,
        kind: ToolKind,
        credentials: Credentials,
        egress: EgressClient,
    ) -> None:
        self._operation = operation
        self._credentials = credentials
        self._egress = egress
        self._definition = ToolDefinition(
            name=name,
            description=credentials.hide(operation.description),
            parameters=operation.schema,
            kind=kind,
            source=ToolSource.OPENAPI,
            server=api,
            reads_only=kind is ToolKind.PURE,
            untrusted=True,
            egress=True,
        )

    @property
    def definition(self) -> ToolDefinition:
        return self._definition

    async def run(self, arguments: Mapping[str, JsonValue], context: ToolContext) -> ToolOutput:
        """Send the request, as in `Tool.run`.

        An answer with an error is a failed output. Raises ToolUnavailable if nothing was sent, if the API asks to wait,
        or if the answer to a repeatable call was lost; and OutcomeUnknown if another call's was.
        """
        if problems := schemas.check(self._operation.schema, arguments):
            raise ToolError(problems_of(self._definition.name, problems))
        request = request_of(self._operation, arguments, self._credentials, context.idempotency_key)
        try:
            response = await self._answered(request)
        except EgressRefused as error:
            return self._refused(error)
        except EgressFailed as error:
            raise self._failed(error) from None
        return output_of(self._definition.name, self._definition.kind, response, self._credentials)

    def is_trusted_destination(self, arguments: Mapping[str, JsonValue]) -> bool:
        """Return whether the administrator trusts the API's server, whatever the arguments are."""
        return self._egress.is_allowed_after_untrusted(self._operation.base_url)

    async def _answered(self, request: Request) -> EgressResponse:
        """Send a request, also to where it is redirected on the same server: others don't get the credentials."""
        for _ in range(MAX_REDIRECTS):
            response = await self._sent(request)
            target = urljoin(request.url, response.headers.get("location", ""))
            moves = (301, 302, 307, 308) if request.method in ("GET", "HEAD") else (307, 308)
            if response.status not in moves or origin_of(target) != origin_of(request.url):
                return response
            request = Request(request.method, target, request.headers, request.body)
        return await self._sent(request)

    async def _sent(self, request: Request) -> EgressResponse:
        return await self._egress.request(
            request.method,
            request.url,
            headers={"Accept": "application/json, text/*;q=0.9, */*;q=0.5", **request.headers},
            body=request.body,
            accept=("*/*",),
            max_bytes=MAX_BYTES,
            timeout_s=TIMEOUT_S,
            follow=False,
        )

    def _refused(self, error: EgressRefused) -> ToolOutput:
        """Return the output for an answer that can't be used. Raises ToolError if nothing was sent."""
        message = self._credentials.hide(error.message)
        if error.status is None:
            raise ToolError(f"{self._definition.name!r} can't be called. {message}") from None
        return ToolOutput(f"The call was made, but its answer can't be used. {message}", failed=True)

    def _failed(self, error: EgressFailed) -> OutcomeUnknown | ToolUnavailable:
        name, message = self._definition.name, self._credentials.hide(error.message)
        if error.was_sent and self._definition.kind is ToolKind.ONCE:
            return OutcomeUnknown(f"The connection was lost in the middle of {name!r}. {message}")
        return ToolUnavailable(f"{name!r} is unavailable. {message}")
