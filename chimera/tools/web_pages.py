"""Text of web pages: Markdown of what a reader sees, without scripts, styles and hidden content."""

import asyncio
import html
import re
from dataclasses import dataclass
from fnmatch import fnmatchcase

from html_to_markdown import ConversionError, ConversionOptions, HiddenContent, convert

from chimera.content.text import clean_text
from chimera.egress.client import EgressResponse
from chimera.tools.base import ToolError
from chimera.tools.charsets import decoded

TYPES = (
    *("text/html", "application/xhtml+xml", "text/*", "application/json", "application/*+json", "application/xml"),
    *("application/*+xml", "application/yaml", "application/x-yaml", "application/toml", "application/javascript"),
)
"""Media types that have a text."""
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_MAX_HTML_CHARS = 2_000_000
_MAX_TITLE_CHARS = 300

_TITLE = re.compile(r"<title\b[^>]{0,200}>([^<]{0,2000})", re.IGNORECASE)
# A cell that spans many columns becomes as many columns: 30 bytes of a page could become 2,000.
_SPANS = re.compile(r"\b(?:col|row)span\s*=\s*[\"']?\d+[\"']?", re.IGNORECASE)
# Tables are written with as many columns in each row as in the longest one. A table that is larger is written as lines.
_CELL = re.compile(r"<t[dh]\b", re.IGNORECASE)
_ROW = re.compile(r"<tr\b", re.IGNORECASE)
_OTHER_TABLE_TAG = re.compile(r"<(?:/t[dhr]|/?(?:table|thead|tbody|tfoot|caption|colgroup|col))\b", re.IGNORECASE)
_MAX_TABLE_CELLS = 4_000_000
# The converter writes a nested quote anew at each level: 80 KB of HTML could take a gigabyte.
_QUOTE = re.compile(r"<blockquote\b", re.IGNORECASE)
_MAX_QUOTES = 8
_BLANK_LINES = re.compile(r"\n{3,}")
_OPTIONS = ConversionOptions(
    extract_metadata=False,
    hidden_content=HiddenContent.DROP,
    skip_images=True,
    max_depth=200,
    compact_tables=True,
    # Nested as quotes are, and without a meaning that a model needs.
    strip_tags=["em", "i"],
    exclude_selectors=['[aria-hidden="true"]', "iframe", "object", "textarea", "select", "dialog"],
)


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a response, and its title if it is a page that has one."""

    text: str
    title: str = ""


async def text_of(response: EgressResponse) -> PageText:
    """Return a response's text: HTML as Markdown, everything else as it is."""
    is_html = response.media_type in _HTML
    content_type = str(response.headers.get("content-type", ""))
    text = await asyncio.to_thread(decoded, response.body, content_type, is_html=is_html)
    # Conversion may take seconds, which the event loop must not wait for.
    return await asyncio.to_thread(page_of, text) if is_html else PageText(text)


def has_text(response: EgressResponse) -> bool:
    """Return whether a response's body is a text. One without a type counts as text unless it contains NUL."""
    if not response.media_type:
        return b"\0" not in response.body
    return any(fnmatchcase(response.media_type, pattern) for pattern in TYPES)


def page_of(source: str) -> PageText:
    """Convert HTML to Markdown. Of a longer page, only the first two million characters are converted.

    Raises ToolError if the page can't be converted.
    """
    source = source[:_MAX_HTML_CHARS]
    title = html.unescape(found[1]) if (found := _TITLE.search(source)) else ""
    try:
        markdown = convert(_bounded(_SPANS.sub("", source)), _OPTIONS).content or ""
    except ConversionError:
        raise ToolError("The page's HTML can't be converted to text. Use another URL.") from None
    text = _BLANK_LINES.sub("\n\n", clean_text(markdown)).strip()
    return PageText(text, " ".join(clean_text(title).split())[:_MAX_TITLE_CHARS])


def _bounded(source: str) -> str:
    """Return HTML without what makes its Markdown many times as long. Nothing is parsed, so nothing can be hidden."""
    left = iter(range(_MAX_QUOTES))
    source = _QUOTE.sub(lambda found: "<br" if next(left, None) is None else found[0], source)
    if len(_CELL.findall(source)) * len(_ROW.findall(source)) <= _MAX_TABLE_CELLS:
        return source
    return _OTHER_TABLE_TAG.sub("<wbr", _ROW.sub("<br", _CELL.sub(" | <wbr", source)))


def plain_text(source: str) -> str:
    """Return the text of a snippet that may contain HTML, on one line."""
    return " ".join(clean_text(html.unescape(re.sub(r"<[^<>]{0,500}>", "", source))).split())
