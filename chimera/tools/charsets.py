"""The text of a web page or file, decoded as browsers do: byte order mark, then header, then the page itself."""

import codecs
import re

from chimera.content.text import clean_text

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_HEADER = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE | re.ASCII)
_META = re.compile(rb"<meta\b[^>]{0,400}?charset\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE)
_SEARCHED_BYTES = 1024
"""Where browsers look for the page's own declaration (HTML standard, 4.2.5.4)."""
_LATIN = "cp1252"
_ALIASES = {"ascii": _LATIN, "iso8859-1": _LATIN, "gb2312": "gb18030", "gbk": "gb18030", "iso8859-9": "cp1254"}
"""Pages declare the smaller charset and use the larger one (Encoding standard, 4.2)."""
_KNOWN = frozenset(
    {
        *("utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "cp1254", "gb18030", "big5", "big5hkscs", "shift_jis"),
        *("cp932", "euc_jp", "iso2022_jp", "euc_kr", "cp949", "koi8-r", "koi8-u", "cp866", "cp874", "mac-roman"),
        *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp125{page}" for page in (0, 1, 3, 5, 6, 7, 8)),
    }
)
"""Not all of Python's codecs: among them are compression, escapes, and UTF-7, which hides markup."""


def decoded(data: bytes, content_type: str, *, is_html: bool) -> str:
    """Decode a body. Bytes that aren't in its charset become U+FFFD, and characters that can't be stored are removed.

    `content_type` is the header with its parameters. Without a declaration, text is UTF-8 if it is valid UTF-8, and
    Windows-1252 otherwise.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return clean_text(data[len(mark) :].decode(name, "replace"))
    declared = _known(found[1]) if (found := _HEADER.search(content_type)) else None
    if declared is None and is_html and (meta := _META.search(data[:_SEARCHED_BYTES])):
        declared = _known(meta[1].decode("ascii", "replace"))
        # The declaration could be read, so the page is in a charset that contains ASCII.
        declared = "utf-8" if declared in ("utf-16", "utf-16-le", "utf-16-be") else declared
    return clean_text(data.decode(declared, "replace") if declared else _guessed(data))


def _known(label: str) -> str | None:
    try:
        name = codecs.lookup(label).name
    except (LookupError, ValueError):
        return None
    name = _ALIASES.get(name, name)
    return name if name in _KNOWN else None


def _guessed(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode(_LATIN, "replace")
