"""Makes text from models and users safe to print: no escape sequences, control characters or reversed direction."""

import re
import unicodedata

SHORT_CHARS = 8
"""How many characters of an ID are shown if the user may have to type it."""

# CSI, OSC (up to its end or the end of the line), and the other escape sequences of ECMA-48.
_ESCAPES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b[\]PX^_][^\x07\x1b\n]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]|\x9b[0-?]*[ -/]*[@-~]"
)
_BIDIRECTIONAL = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PORTS = tuple(
    (re.compile(rf"\bCHIMERA_{setting}=(?=[\d…])"), f"{option} ")
    for setting, option in (
        ("API_PORT", "--port"),
        ("TEMPORAL_PORT", "--temporal-port"),
        ("SIMULATOR_PORT", "--simulator-port"),
        ("TEMPORAL_UI_PORT", "--temporal-ui-port"),
    )
)
_HIDDEN = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Control characters, lone surrogates, private use and unassigned code points."""


def plain(text: str) -> str:
    """Remove everything from `text` that a terminal would not merely display, except line breaks and tabs."""
    text = _ESCAPES.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    text = "".join(_shown(character) for character in text)
    if text.isascii():
        return text
    # Imported here, because help loads this file but doesn't show such text.
    from chimera.content.marks import without_piles

    return without_piles(text)


def one_line(text: str, limit: int = 200) -> str:
    """Return safe text on one line of at most `limit` characters."""
    line = " ".join(plain(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def with_port_options(message: str) -> str:
    """Replace the port settings in a message with the options of `chimera up`."""
    for pattern, option in _PORTS:
        message = pattern.sub(option, message)
    return message


def short(id: str) -> str:
    """Return the beginning of an ID, which is enough to type."""
    return id[:SHORT_CHARS]


def versioned(agent: str, version: int | None) -> str:
    """Return an agent's name with its version, such as `poet v2`; only the name for a built-in agent."""
    return agent if version is None else f"{agent} v{version}"


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun, such as `3 subtasks` or `1 subtask`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _shown(character: str) -> str:
    if character in "\n\t":
        return character
    if character in "\u2028\u2029\x85":
        return "\n"
    if character in _BIDIRECTIONAL or unicodedata.category(character) in _HIDDEN:
        return ""
    return character
