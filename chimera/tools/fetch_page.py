"""Reads a page of the web for a model."""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from chimera.egress.client import EgressClient
from chimera.egress.errors import EgressFailed, EgressRefused
from chimera.tools.base import ToolError, ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from chimera.tools.web_pages import TYPES, PageText, text_of
from models.tools import ToolKind

DEFAULT_CHARS = 20_000
MAX_CHARS = 200_000


class FetchPageArguments(BaseModel):
    """The arguments of `fetch_page`, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(min_length=1, description="Full URL of the page, such as https://example.com/page")
    max_chars: int = Field(
        default=DEFAULT_CHARS, ge=100, le=MAX_CHARS, description="Maximum number of characters to return"
    )


class FetchPage(TypedTool[FetchPageArguments]):
    """Reads one public page with GET. It follows redirects, but no instructions of the page, such as a refresh."""

    name = "fetch_page"
    description = (
        "Read a public web page, or a text or JSON file, by its URL. Returns the final URL, the title and the text as"
        " Markdown. Pages that need a sign-in or JavaScript can't be read."
    )
    kind = ToolKind.PURE
    arguments = FetchPageArguments
    reads_only = True
    untrusted = True
    egress = True

    def __init__(self, egress: EgressClient) -> None:
        self._egress = egress

    def is_trusted_destination(self, arguments: Mapping[str, JsonValue]) -> bool:
        """Return whether the administrator trusts the host of the URL."""
        return self._egress.is_allowed_after_untrusted(str(arguments.get("url", "")))

    async def call(self, arguments: FetchPageArguments, context: ToolContext) -> ToolOutput:
        try:
            # What is decided about the call is decided about its URL: a redirect must not carry data elsewhere.
            response = await self._egress.request(
                "GET", arguments.url, accept=TYPES, leave_host=not context.is_untrusted
            )
        except (EgressRefused, EgressFailed) as error:
            # Reading has no effect, and the model may know a better URL: it decides whether to try again.
            raise ToolError(error.message) from None
        page = await text_of(response)
        max_chars = min(arguments.max_chars, context.limits.max_result_chars)
        return ToolOutput(_written(response.url, response.status, page, max_chars), failed=response.status >= 400)


def _written(url: str, status: int, page: PageText, max_chars: int) -> str:
    head = f"URL: {url}\n"
    if page.title:
        head += f"Title: {page.title}\n"
    if status >= 400:
        head += f"The server answered with the error {status}.\n"
    text = page.text
    if len(text) > max_chars:
        head += f"The text is cut: these are the first {max_chars} of {len(text)} characters.\n"
    return f"{head}\n{text[:max_chars] or '(The page contains no text.)'}"
