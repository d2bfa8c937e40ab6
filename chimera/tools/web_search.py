"""Searches the web for a model, with the search engine of this installation."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from chimera.content.text import clean_text
from chimera.tools.base import ToolError, ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from chimera.tools.search_engines import SearchEngine, SearchResult
from models.tools import ToolKind

MAX_RESULTS = 20

_NOT_CONFIGURED = (
    "Web search isn't configured. Tell the user that an administrator can set CHIMERA_SEARXNG_URL,"
    " CHIMERA_BRAVE_API_KEY or CHIMERA_TAVILY_API_KEY. Continue without web search."
)


class WebSearchArguments(BaseModel):
    """The arguments of `web_search`, as a model writes them."""

    model_config = ConfigDict(extra="forbid")

    query: str = Field(min_length=1, max_length=400, description="What to search for, in a few words")
    max_results: int = Field(default=5, ge=1, le=MAX_RESULTS, description="Maximum number of results")


class WebSearch(TypedTool[WebSearchArguments]):
    """Searches the web. Without an engine, each call fails with a message that says so."""

    name = "web_search"
    description = "Search the web. Returns titles, URLs and short excerpts. To read a result, use fetch_page."
    kind = ToolKind.PURE
    arguments = WebSearchArguments
    reads_only = True
    untrusted = True
    egress = True

    def __init__(self, engine: SearchEngine | None) -> None:
        self._engine = engine
        # Without an engine, nothing comes from outside: the task may still read a page without approval.
        self.untrusted = engine is not None

    def is_trusted_destination(self, arguments: Mapping[str, JsonValue]) -> bool:
        """Return true: queries go only to the engine that the administrator has chosen."""
        return True

    async def call(self, arguments: WebSearchArguments, context: ToolContext) -> ToolOutput:
        if self._engine is None:
            raise ToolError(_NOT_CONFIGURED)
        results = await self._engine.search(clean_text(arguments.query), arguments.max_results)
        if not results:
            return ToolOutput("No results. Search with other or fewer words.")
        return ToolOutput(_written(results)[: context.limits.max_result_chars])


def _written(results: Sequence[SearchResult]) -> str:
    return "\n\n".join(
        "\n".join(filter(None, (f"{number}. {result.title or result.url}", result.url, result.snippet)))
        for number, result in enumerate(results, 1)
    )
