"""Sends one HTTP request for a model. What it does is not known, so an interrupted request is never repeated."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from chimera.content.text import clean_text
from chimera.egress.client import EgressClient, EgressResponse
from chimera.egress.errors import EgressFailed, EgressRefused, UnknownHost
from chimera.tools.base import OutcomeUnknown, ToolError, ToolOutput, ToolUnavailable, TypedTool
from chimera.tools.context import ToolContext
from chimera.tools.web_pages import has_text, text_of
from models.tools import ToolKind

MAX_BODY_CHARS = 200_000

_SHOWN_HEADERS = ("content-type", "location", "retry-after", "etag", "last-modified", "allow", "link")
_KEY = "Idempotency-Key"


class HttpRequestArguments(BaseModel):
    """The arguments of `http_request`, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(description="The HTTP method")
    url: str = Field(min_length=1, description="Full URL, such as https://api.example.com/items")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers, such as Content-Type")
    body: str = Field(
        default="", max_length=MAX_BODY_CHARS, description="The body. Set the header Content-Type to match"
    )


class HttpRequest(TypedTool[HttpRequestArguments]):
    """Sends a request as it is, with an Idempotency-Key. Redirects are returned, not followed."""

    name = "http_request"
    description = (
        "Send one HTTP request to a public API. Returns the status, important headers and the body. Redirects aren't"
        " followed. To read a web page, use fetch_page."
    )
    kind = ToolKind.ONCE
    arguments = HttpRequestArguments
    untrusted = True
    egress = True

    def __init__(self, egress: EgressClient) -> None:
        self._egress = egress

    def is_trusted_destination(self, arguments: Mapping[str, JsonValue]) -> bool:
        """Return whether the administrator trusts the host of the URL."""
        return self._egress.is_allowed_after_untrusted(str(arguments.get("url", "")))

    async def call(self, arguments: HttpRequestArguments, context: ToolContext) -> ToolOutput:
        try:
            response = await self._egress.request(
                arguments.method,
                arguments.url,
                headers=_headers_of(arguments, context),
                body=arguments.body.encode("utf-8", "replace"),
                follow=False,
            )
        except EgressRefused as error:
            return _refused(error)
        except EgressFailed as error:
            raise _failure_of(error, arguments.method) from None
        return await _output(response, context.limits.max_result_chars)


def _headers_of(arguments: HttpRequestArguments, context: ToolContext) -> dict[str, str]:
    # The model's own key would differ between attempts, or be the same for two calls.
    others = {name: value for name, value in arguments.headers.items() if name.lower() != _KEY.lower()}
    return {**others, _KEY: context.idempotency_key}


def _refused(error: EgressRefused) -> ToolOutput:
    if error.status is None:
        raise ToolError(error.message)
    # The server answered, so the request has had its effect. Only the answer can't be shown.
    return ToolOutput(f"Status: {error.status}\n\nThe server answered, but its answer can't be shown: {error.message}")


def _failure_of(error: EgressFailed, method: str) -> Exception:
    if isinstance(error, UnknownHost):
        return ToolError(error.message)
    if error.was_sent and method != "GET":
        return OutcomeUnknown(f"The {method} request was sent, but its answer was lost. {error.message}")
    return ToolUnavailable(error.message)


async def _output(response: EgressResponse, max_chars: int) -> ToolOutput:
    shown = [f"{name}: {response.headers[name]}" for name in _SHOWN_HEADERS if name in response.headers]
    head = clean_text("\n".join([f"Status: {response.status}", *shown]))[:4000]
    text = (await text_of(response)).text if has_text(response) else _without_text(response)
    cut = f"\nThe body is cut: these are the first {max_chars} of {len(text)} characters." * (len(text) > max_chars)
    return ToolOutput(f"{head}{cut}\n\n{text[:max_chars]}".rstrip(), failed=response.status >= 400)


def _without_text(response: EgressResponse) -> str:
    return f"The body has the type {response.media_type[:80]!r} and {len(response.body)} bytes, which can't be shown."
