"""Pages about the API: its interactive documentation and its errors. The pages load nothing from other servers."""

import asyncio
import re
from collections.abc import Sequence
from html import escape
from pathlib import Path

from fastapi import APIRouter, Request, Response
from pydantic_core import to_json

from api.deps import PublicRoute
from models.errors import NotFound
from models.errors.catalog import CATALOG, Entry

router = APIRouter(route_class=PublicRoute, include_in_schema=False)

_FOLDER = Path(__file__).parents[1] / "pages"
_SWAGGER_UI = _FOLDER / "swagger-ui"
_DOCS = (_FOLDER / "docs.html").read_bytes()
_ERRORS = (_FOLDER / "errors.html").read_text("utf-8")
_ERROR = '<h2 id="{code}"><code>{code}</code></h2><p>{status}. {meaning}</p><p>{remedy}</p>\n'
_CODE = re.compile("`([^`]+)`")


def _errors_page() -> bytes:
    """Return a page that explains every error code; the `type` of a problem document points to its entry."""
    by_code: dict[str, list[Entry]] = {}
    for entry in CATALOG:
        by_code.setdefault(entry.code, []).append(entry)
    return _ERRORS.replace("<!-- errors -->", "".join(map(_item_of, by_code.values()))).encode()


def _item_of(entries: Sequence[Entry]) -> str:
    statuses = " or ".join(f"{entry.status}{', retryable' if entry.retryable else ''}" for entry in entries)
    meaning, remedy = (
        _CODE.sub(r"<code>\1</code>", escape(words)) for words in (entries[0].meaning, entries[0].remedy)
    )
    return _ERROR.format(code=entries[0].code, status=statuses, meaning=meaning, remedy=remedy)


_OF_DOCS = {
    "errors": (_errors_page(), "text/html"),
    "home.css": ((_FOLDER / "home.css").read_bytes(), "text/css"),
    "docs.js": ((_FOLDER / "docs.js").read_bytes(), "text/javascript"),
    "swagger-ui-bundle.js": ((_SWAGGER_UI / "swagger-ui-bundle.js").read_bytes(), "text/javascript"),
    "swagger-ui.css": ((_SWAGGER_UI / "swagger-ui.css").read_bytes(), "text/css"),
    "favicon.png": ((_SWAGGER_UI / "favicon-32x32.png").read_bytes(), "image/png"),
}


@router.get("/")
async def home() -> Response:
    """Identify this server to programs. Browsers get the console, see `routes/console.py`."""
    links = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "api": "/api/v1"}
    return Response(to_json({"name": "Chimera", **links}), media_type="application/json")


@router.get("/docs")
async def docs() -> Response:
    """Show the interactive documentation of all routes."""
    return Response(_DOCS, media_type="text/html")


@router.get("/docs/{name}")
async def of_docs(name: str) -> Response:
    if name not in _OF_DOCS:
        raise NotFound("page", name[:60])
    content, media_type = _OF_DOCS[name]
    return Response(content, media_type=media_type)


@router.get("/openapi.json")
async def document(request: Request) -> Response:
    """Return the OpenAPI document. Building it takes almost a second, so this happens once, outside the event loop."""
    state = request.app.state
    if not hasattr(state, "document"):
        state.document = asyncio.create_task(asyncio.to_thread(lambda: to_json(request.app.openapi())))
    return Response(await asyncio.shield(state.document), media_type="application/json")
