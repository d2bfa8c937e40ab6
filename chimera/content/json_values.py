"""Finds JSON objects and lists in a model's text, with any text around them.

Models wrap JSON in code fences, prose and thoughts, and get commas and quotes wrong. A value counts only if all of its
brackets are closed. A repair counts only if it changed nothing but commas, colons and quotes, so that every word and
bracket is still there, in order. So nothing is made up, and a truncated value is never mistaken for a complete one.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import JsonValue

from chimera.content.text import MAX_JSON_DEPTH, clean_json

MAX_SEARCHED_CHARS = 1_000_000
"""Longer texts are parsed whole or not at all, because a search takes about 0.2 s per million characters."""
MAX_REPAIRED_CHARS = 8192
"""Maximum length of all repaired values in a text: about as much as a planner may write. The time for some repairs
grows with the square of the length, to 0.8 s for this length: https://github.com/mangiucugna/json_repair/issues/203
"""

_THOUGHT_ENDS = re.compile(r"</(?:think|thinking|thought|reasoning)>", re.IGNORECASE)
_BEGIN = re.compile(r"""\{(?=\s*(?:["'“”„‘’}#]|/[/*]|[\w-]+\s*:))|\[(?=\s*(?:["'“”„‘’\[\]{#\d-]|/[/*]))""")
"""A bracket that JSON may begin with. In prose, most brackets aren't the beginning of JSON."""
_PART = re.compile(
    r"""(?P<comment>//[^\n]*|(?<=\s)\#[^\n]*|/\*)|(?P<quote>["“”„'‘’])|(?P<open>[\[{])|(?P<close>[\]}])|\.\.\.|…"""
)
_ENDS = {
    quote: re.compile(rf"\\.|[{ends}](?=\s*(?:[,:\]}}#]|/[/*]|\Z))", re.DOTALL)
    for quotes, ends in (('"', '"'), ("“”„", '“”"'), ("'‘’", "'‘’"))
    for quote in quotes
}
"""A string ends at a quote after which JSON could continue, because models forget to escape the other quotes."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|[bfnrt])")
_NO_WORD = re.compile(r"[^\w{}\[\]]+|_+")
_NULL = re.compile(r"\b(?:None|undefined|NaN)\b")


@dataclass(frozen=True, slots=True)
class JsonFound:
    """The JSON in a text, in order."""

    values: tuple[JsonValue, ...] = ()
    cut_off: str = ""
    """Text that began like JSON and never ended."""
    error: str = ""
    """The parser's reason why the last value that ended isn't JSON."""


@dataclass(frozen=True, slots=True)
class _Span:
    """An object or a list from its first bracket to its last, without comments."""

    text: str
    left_out: bool
    """Whether it contains an ellipsis for something that the model omitted."""


def json_in(text: str) -> JsonFound:
    """Find and clean the objects and lists in `text`. Never raises; linear in the text's length.

    If thoughts end with a tag, the text after the tag is searched first.
    """
    text = text.strip("\ufeff \t\r\n")
    whole = _read(text)[0]
    if whole is None and text[:1] in "{[" and text[1:].lstrip().startswith('\\"'):
        # The content of a JSON string, without the quotes around it.
        whole = _read(f'"{text}"')[0]
    if isinstance(whole, str):
        text, whole = whole, _read(whole)[0]  # JSON in JSON
    if isinstance(whole, dict | list):
        return JsonFound((clean_json(whole),))
    if len(text) > MAX_SEARCHED_CHARS:
        return JsonFound(error=f"the text is too long to search for JSON ({len(text)} characters)")
    thoughts = [match.end() for match in _THOUGHT_ENDS.finditer(text)]
    found = _search(text[thoughts[-1] :]) if thoughts else JsonFound()
    return found if found != JsonFound() else _search(text)


def _search(text: str) -> JsonFound:
    values: list[JsonValue] = []
    last_error, repairable = "", MAX_REPAIRED_CHARS
    scanner = _Scanner(text)
    for span in scanner.spans():
        value, error = _read(span.text)
        if error and not span.left_out and len(span.text) <= repairable:
            repairable -= len(span.text)
            value = _repaired(span.text)
        if value is None:
            last_error = error
        else:
            values.append(clean_json(value))
    return JsonFound(tuple(values), scanner.cut_off, last_error)


def _read(text: str) -> tuple[object, str]:
    """Parse JSON, even with line breaks or half emojis in strings. Return it, or None and the reason."""
    try:
        return json.loads(text, strict=False, object_pairs_hook=_object), ""
    except RecursionError:
        return None, "it is nested too deeply"
    except ValueError as wrong:
        return None, str(wrong)


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Reject duplicate names: if the brackets between two objects are missing, one of the objects would be lost."""
    read = dict(pairs)
    if len(read) < len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"{twice[:40]!r} appears twice in an object")
    return read


def _repaired(text: str) -> object:
    """Repair commas, colons and quotes; None if the repair would change anything else."""
    from json_repair import repair_json

    try:
        value = repair_json(text, return_objects=True, skip_json_loads=True)
    except Exception:  # noqa: BLE001  (it guesses, the answer is paid, and the model can be called again)
        return None
    return value if _words(json.dumps(value, ensure_ascii=False)) == _words(text) else None


def _words(text: str) -> str:
    """Return the letters, digits and brackets in order, which no repair may change."""
    text = _NULL.sub("null", _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else "", text))
    return _NO_WORD.sub("", text).casefold()


class _Scanner:
    """Goes through a text once, from bracket to bracket, and recognizes strings and comments."""

    def __init__(self, text: str) -> None:
        self.cut_off = ""
        self._text = text

    def spans(self) -> Iterator[_Span]:
        """Yield the outermost complete values. `cut_off` is then the first incomplete one, with everything after it."""
        place = 0
        while (begin := _BEGIN.search(self._text, place)) is not None:
            found = self._from(begin.start())
            if found is None:
                self.cut_off = self._text[begin.start() :]
                return
            span, place = found
            yield span

    def _from(self, begin: int) -> tuple[_Span, int] | None:
        """Return the value that begins here, and where it ends.

        None if it doesn't end, its brackets don't match, or it is nested too deeply.
        """
        expected: list[str] = []
        left_out = False
        kept: list[str] = []
        place: int | None = begin
        kept_to = begin
        while place is not None and (part := _PART.search(self._text, place)) is not None:
            place = part.end()
            if part["comment"]:
                kept.append(self._text[kept_to : part.start()])
                place = kept_to = self._end_of_comment(part)
            elif part["quote"]:
                place = self._end_of_string(part)
            elif part["open"]:
                expected.append("}" if part["open"] == "{" else "]")
                if len(expected) > MAX_JSON_DEPTH:
                    return None
            elif not part["close"]:
                left_out = True
            elif expected.pop() != part["close"]:
                return None
            elif not expected:
                return _Span("".join([*kept, self._text[kept_to:place]]), left_out), place
        return None

    def _end_of_comment(self, begin: re.Match[str]) -> int:
        """Return where a comment ends; a comment without an end extends to the end of the text."""
        if begin["comment"] != "/*":
            return begin.end()
        end = self._text.find("*/", begin.end())
        return len(self._text) if end < 0 else end + len("*/")

    def _end_of_string(self, begin: re.Match[str]) -> int | None:
        """Return where a string ends; None if it doesn't. An apostrophe begins one only where a value is possible."""
        if begin["quote"] in "'‘’" and self._before(begin.start()) not in "{[,:":
            return begin.end()
        place = begin.end()
        while (end := _ENDS[begin["quote"]].search(self._text, place)) is not None:
            place = end.end()
            if not end[0].startswith("\\"):
                return place
        return None

    def _before(self, place: int) -> str:
        """Return the last character before `place` that isn't white space; there is at least a bracket."""
        place -= 1
        while self._text[place].isspace():
            place -= 1
        return self._text[place]
