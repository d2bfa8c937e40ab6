"""Text from models and people, made safe to print: no escape sequences, control characters or reversed direction."""

import re
import unicodedata

SHORT_CHARS = 8
"""How much of an id is shown where it is to be typed again."""

# CSI, OSC (up to its end or the line's), and the other escape sequences of ECMA-48.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COMMANDS = tuple(
    (re.compile(pattern), command)
    for pattern, command in (
        (r",? or POST /api/v1/tasks/[\w-]+/budget", ""),
        (r",? at POST /api/v1/tasks/([\w-]+)/budget", r": chimera budget \1"),
        (r",? at POST /api/v1/tasks/([\w-]+)/cancel", r": chimera cancel \1"),
        (r",? at POST /api/v1/tasks/([\w-]+)/resume", r": chimera resume \1"),
        (r",? at POST /api/v1/tasks/([\w-]+)/retry", r": chimera retry \1"),
        (r",? at POST /api/v1/tasks\b(?!/)", ": chimera run"),
        (r"DELETE /api/v1/tasks/([\w-]+)", r"chimera delete \1"),
        (r"GET /api/v1/tasks/([\w-]+)/cost", r"chimera cost \1"),
        (r"GET /api/v1/tasks/([\w-]+)(?![\w/-])", r"chimera show \1"),
        (r"GET /api/v1/tasks\b(?!/)", "chimera tasks"),
        (r"GET /api/v1/agents\b", "chimera agents"),
        (r",? at DELETE /api/v1/agents/(\w[\w-]*)", r": chimera agents delete \1"),
        (r",? at POST /api/v1/agents\b(?!/)", ": chimera agents create"),
        (r",? at POST /api/v1/auth/login\b", ": chimera login"),
        (r"GET /api/v1/ai/calls/([\w-]+)", r"chimera calls show \1"),
        (r"GET /api/v1/ai/calls\b", "chimera calls"),
        (r"GET /api/v1/schedules\b", "chimera schedules list"),
        (r"\bCHIMERA_API_PORT=(?=[\d…])", "--port "),
        (r"\bCHIMERA_TEMPORAL_PORT=(?=[\d…])", "--temporal-port "),
        (r"\bCHIMERA_SIMULATOR_PORT=(?=[\d…])", "--simulator-port "),
        (r"\bCHIMERA_TEMPORAL_UI_PORT=(?=[\d…])", "--temporal-ui-port "),
    )
)
_LONG_ID = re.compile(r"\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_HIDDEN = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Control characters, lone surrogates, private use and what is no character at all."""


def plain(text: str) -> str:
    """Leave out of `text` what could do more to a terminal than show letters; line breaks and tabs stay."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(_shown(character) for character in text)
    if text.isascii():
        return text
    # Here, because help shows no such text and loads this file.
    from chimera.content.marks import without_piles

    return without_piles(text)


def one_line(text: str, limit: int = 200) -> str:
    """The same on one line of at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def in_commands(message: str) -> str:
    """Name the commands that do what the API's messages tell programs to ask for."""
    for pattern, command in _COMMANDS:
        message = pattern.sub(command, message)
    return message


def short(id: str) -> str:
    """The beginning of an id, as much as it takes to type it."""
    return id[:SHORT_CHARS]


def short_of(message: str) -> str:
    """Say why a task waits or failed in fewer words: the command to type, with as much of the id as it takes."""
    return _LONG_ID.sub(r"\1", in_commands(message))


def count(number: int, one: str, many: str = "") -> str:
    """`3 subtasks`, `1 subtask`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if character in "\u2028\u2029\x85":
        return "\n"
    if character in _BIDIRECTIONAL or unicodedata.category(character) in _HIDDEN:
        return ""
    return character
