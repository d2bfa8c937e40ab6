"""Search engines of the tool `web_search`. Their answers may lack fields, or have other types in them than usual."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlencode

from pydantic import SecretStr
from pydantic_core import to_json

from chimera.config.settings import Settings
from chimera.content.text import clean_text
from chimera.egress.client import EgressClient, EgressResponse
from chimera.egress.errors import EgressFailed, EgressRefused, UnknownHost
from chimera.providers.refusals.retry_times import retry_after_of
from chimera.tools.base import ToolError, ToolUnavailable
from chimera.tools.web_pages import plain_text

BRAVE_URL = "https://api.search.brave.com"
TAVILY_URL = "https://api.tavily.com"

_TIMEOUT_S = 20.0
_MAX_BYTES = 2 * 1024 * 1024
_MAX_TITLE_CHARS = 200
_MAX_URL_CHARS = 2000
_MAX_SNIPPET_CHARS = 600
_ANY = ("application/json", "*/*")


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One result. `title` and `snippet` are plain text, and may be empty."""

    title: str
    url: str
    snippet: str


class SearchEngine(Protocol):
    """Finds pages of the web."""

    async def search(self, query: str, max_results: int) -> Sequence[SearchResult]:
        """Return at most `max_results` results, the best first. Raises ToolError and ToolUnavailable."""
        ...


def engine_of(settings: Settings, egress: EgressClient) -> SearchEngine | None:
    """Return the search engine of this installation; None if there is none."""
    if settings.searxng_url is not None:
        return SearXNG(egress, settings.searxng_url)
    if settings.brave_api_key is not None:
        return Brave(egress, settings.brave_api_key)
    if settings.tavily_api_key is not None:
        return Tavily(egress, settings.tavily_api_key)
    return None


class SearXNG:
    """A SearXNG server, which needs no key. Its settings have to list `json` under `search.formats`."""

    def __init__(self, egress: EgressClient, url: str) -> None:
        self._wire = _Wire("SearXNG", "CHIMERA_SEARXNG_URL", egress)
        self._url = url.rstrip("/")

    async def search(self, query: str, max_results: int) -> Sequence[SearchResult]:
        asked = urlencode({"q": query, "format": "json"})
        found = await self._wire.ask("GET", f"{self._url}/search?{asked}", {})
        return _results(found, ("results",), "content", max_results)


class Brave:
    """Brave Search: https://api-dashboard.search.brave.com/documentation"""

    def __init__(self, egress: EgressClient, key: SecretStr, url: str = BRAVE_URL) -> None:
        self._wire = _Wire("Brave Search", "CHIMERA_BRAVE_API_KEY", egress)
        self._key, self._url = key, url

    async def search(self, query: str, max_results: int) -> Sequence[SearchResult]:
        asked = urlencode({"q": query, "count": min(max_results, 20)})
        headers = {"X-Subscription-Token": self._key.get_secret_value()}
        found = await self._wire.ask("GET", f"{self._url}/res/v1/web/search?{asked}", headers)
        return _results(found, ("web", "results"), "description", max_results)


class Tavily:
    """Tavily: https://docs.tavily.com/documentation/api-reference/endpoint/search"""

    def __init__(self, egress: EgressClient, key: SecretStr, url: str = TAVILY_URL) -> None:
        self._wire = _Wire("Tavily", "CHIMERA_TAVILY_API_KEY", egress)
        self._key, self._url = key, url

    async def search(self, query: str, max_results: int) -> Sequence[SearchResult]:
        headers = {"Authorization": f"Bearer {self._key.get_secret_value()}", "Content-Type": "application/json"}
        body = to_json({"query": query, "max_results": min(max_results, 20)})
        found = await self._wire.ask("POST", f"{self._url}/search", headers, body)
        return _results(found, ("results",), "content", max_results)


@dataclass(frozen=True, slots=True)
class _Wire:
    """Requests to an engine. Its errors name the engine and the setting, but neither the key nor the engine's words."""

    name: str
    setting: str
    egress: EgressClient

    async def ask(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Any:
        try:
            # Without redirects, the key goes only to the engine's own address.
            response = await self.egress.request(
                method,
                url,
                headers=headers,
                body=body,
                accept=_ANY,
                max_bytes=_MAX_BYTES,
                timeout_s=_TIMEOUT_S,
                follow=False,
            )
        except EgressRefused as error:
            raise ToolError(self._refusal(error)) from None
        except UnknownHost:
            raise ToolError(f"The host of {self.name} doesn't exist. {self._advice('correct')}") from None
        except EgressFailed as error:
            raise ToolUnavailable(f"{self.name} can't be reached. {error.message}") from None
        self._check(response)
        try:
            # Unlike pydantic's parser, this one accepts lone surrogates, which engines cut out of emojis.
            return json.loads(response.body.decode("utf-8-sig", "replace"))
        except (ValueError, RecursionError):
            advice = self._advice("check") if self._has_own_server else "Search again later."
            raise ToolError(f"{self.name} returned something else than JSON. {advice}") from None

    def _refusal(self, error: EgressRefused) -> str:
        if error.status is None:
            return f"Web search isn't set up correctly. {error.message}"
        return f"The answer of {self.name} can't be used. Search for something else."

    def _check(self, response: EgressResponse) -> None:
        status = response.status
        if status < 300:
            return
        if status == 429:
            raise ToolUnavailable(
                f"{self.name} allows no more searches at the moment. Search again later.",
                retry_after_s=retry_after_of(response.headers),
            )
        if status >= 500:
            raise ToolUnavailable(f"{self.name} answered with the error {status}. Search again later.")
        if status == 403 and self._has_own_server:
            raise ToolError(
                f"{self.name} rejected the search. An administrator has to add json to search.formats in its settings."
            )
        if status in (401, 403):
            raise ToolError(f"{self.name} rejected the API key. {self._advice('correct')}")
        raise ToolError(f"{self.name} answered with the error {status}. Search with other words.")

    @property
    def _has_own_server(self) -> bool:
        return self.setting.endswith("_URL")

    def _advice(self, verb: str) -> str:
        return f"An administrator has to {verb} {self.setting}."


def _results(found: Any, place: Sequence[str], snippet: str, max_results: int) -> Sequence[SearchResult]:
    for name in place:
        found = found.get(name) if isinstance(found, dict) else None
    results = [_result(each, snippet) for each in found] if isinstance(found, list) else []
    return [result for result in results if result is not None][:max_results]


def _result(found: Any, snippet: str) -> SearchResult | None:
    if not isinstance(found, dict) or not isinstance(found.get("url"), str):
        return None
    url = clean_text(found["url"]).strip()
    if not url.startswith(("https://", "http://")) or len(url) > _MAX_URL_CHARS or any(map(str.isspace, url)):
        return None
    return SearchResult(
        _text(found.get("title"))[:_MAX_TITLE_CHARS], url, _text(found.get(snippet))[:_MAX_SNIPPET_CHARS]
    )


def _text(value: Any) -> str:
    if isinstance(value, list):
        value = " ".join(each for each in value if isinstance(each, str))
    # Bounded before it is searched for tags.
    return plain_text(value[:10_000]) if isinstance(value, str) else ""
