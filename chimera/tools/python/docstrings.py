"""Reads descriptions from docstrings in the styles of Google, NumPy and Sphinx."""

import inspect
import re
from dataclasses import dataclass, field

_GOOGLE = re.compile(r"(Args|Arguments|Parameters|Params|Keyword Args|Keyword Arguments):\s*$")
_GOOGLE_OTHER = re.compile(
    r"(Returns?|Yields?|Raises|Examples?|Notes?|Warnings?|Warns|Attributes|See Also|References|Todo):\s*$"
)
_GOOGLE_ENTRY = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")
_NUMPY_ENTRY = re.compile(r"\*{0,2}(\w+(?:\s*,\s*\w+)*)\s*(?::.*)?$")
_UNDERLINE = re.compile(r"-{3,}\s*$")
_SPHINX = re.compile(r":(?:param|parameter|arg|argument)\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)$")
_SPHINX_OTHER = re.compile(r":(?:type|returns?|rtype|raises?|var|ivar|yields?)\b[^:]*:")


@dataclass(frozen=True, slots=True)
class Docs:
    """What a docstring says about a function and its parameters."""

    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)


def docs_of(docstring: str | None) -> Docs:
    """Read a docstring. Sections other than the parameters' are left out. Never raises."""
    lines = inspect.cleandoc(docstring or "").splitlines()
    begin = next((number for number in range(len(lines)) if _begins_section(lines, number)), len(lines))
    description = re.sub(r"\s*\n\s*\n\s*", "\n\n", "\n".join(lines[:begin]).strip())
    paragraphs = [" ".join(each.split()) for each in description.split("\n\n")]
    parameters = {name: text for name, text in _entries(lines[begin:]) if text}
    return Docs("\n\n".join(paragraphs), parameters)


def _begins_section(lines: list[str], number: int) -> bool:
    line = lines[number]
    underlined = number + 1 < len(lines) and bool(line.strip()) and bool(_UNDERLINE.match(lines[number + 1]))
    return underlined or any(each.match(line) for each in (_GOOGLE, _GOOGLE_OTHER, _SPHINX, _SPHINX_OTHER))


def _entries(lines: list[str]) -> list[tuple[str, str]]:
    found: list[tuple[list[str], list[str], int]] = []
    section = ""
    for number, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if _begins_section(lines, number) and (indent == 0):
            section = _section(lines, number)
            if match := _SPHINX.match(line):
                found.append(([match[1]], [match[2]], 0))
            continue
        if section == "sphinx" and found:
            found[-1][1].append(line.strip())
        elif section in ("google", "numpy") and line.strip() and not _UNDERLINE.match(line):
            _take(found, section, line, indent)
    return [(name, " ".join(" ".join(text).split())) for names, text, _ in found for name in names]


def _section(lines: list[str], number: int) -> str:
    line = lines[number]
    if _GOOGLE.match(line):
        return "google"
    if _SPHINX.match(line):
        return "sphinx"
    return "numpy" if line.strip() in ("Parameters", "Other Parameters") else ""


def _take(found: list[tuple[list[str], list[str], int]], section: str, line: str, indent: int) -> None:
    """Add an entry, or a line to the last one: a line that is indented more than the entry's first."""
    deeper = bool(found) and indent > found[-1][2]
    match = (_GOOGLE_ENTRY if section == "google" else _NUMPY_ENTRY).match(line.strip())
    if match and not deeper:
        names = [name.strip() for name in match[1].split(",")]
        found.append((names, [match[2]] if section == "google" else [], indent))
    elif found:
        found[-1][1].append(line.strip())
