"""Text from models and people, made safe to print: no escape sequences, control characters or reversed direction."""

import re
import unicodedata

# CSI, OSC (up to its end or the line's), and the other escape sequences of ECMA-48.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKS = r"[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]"
_PILE_OF_MARKS = re.compile(f"({_MARKS}{{4}}){_MARKS}+")
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
_HIDDEN = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Control characters, lone surrogates, private use and what is no character at all."""


def plain(text: str) -> str:
    """Leave out of `text` what could do more to a terminal than show letters; line breaks and tabs stay."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(_shown(character) for character in text)
    return _PILE_OF_MARKS.sub(r"\1", text)


def one_line(text: str, limit: int = 200) -> str:
    """The same on one line of at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def in_commands(message: str) -> str:
    """Name the commands that do what the API's messages tell programs to ask for."""
    for pattern, command in _COMMANDS:
        message = pattern.sub(command, message)
    return message


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
