"""Text that matches a regular expression of the simple kind that schemas contain.

Literals, classes, groups, alternatives and quantifiers are supported; assertions such as lookahead are ignored.
"""

import re

MAX_REPEATS = 1_000
MAX_CHARS = 10_000
"""Maximum length of a repeated part."""
_ESCAPED = {"d": "0", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a", "n": "\n", "r": "\r", "t": "\t"}
_NO_WIDTH = "bBAZz"
_QUANTIFIER = re.compile(r"([*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
_CANDIDATES = "a0A_- .:/1bB" + "".join(map(chr, range(33, 127)))


def text_matching(pattern: str, min_length: int = 0, number: int = 0) -> str:
    """Return a short text that matches `pattern`, with at least `min_length` characters if the pattern allows it.

    Texts with different numbers differ if the pattern's last repeated part allows it.
    """
    shortest = _Writer(pattern, 0).text()
    for more in range(1, min(MAX_REPEATS, min_length + number) + 1):
        if len(shortest) >= min_length and not number:
            break
        longer = _Writer(pattern, more).text()
        shortest, number = (longer, max(0, number - 1)) if len(longer) > len(shortest) else (shortest, number)
    return shortest


class _Writer:
    """Reads a pattern once, and writes what it reads. `more` repetitions are added where the pattern allows them."""

    def __init__(self, pattern: str, more: int) -> None:
        self._pattern = pattern
        self._more = more
        self._place = 0

    def text(self) -> str:
        written = self._alternatives()
        return written if self._place >= len(self._pattern) else written + self.text()

    def _alternatives(self) -> str:
        """Write the first alternative, and skip the others up to the end of the group."""
        first = self._sequence()
        while self._peek() == "|":
            self._place += 1
            self._sequence()
        self._place += self._peek() == ")"
        return first

    def _sequence(self) -> str:
        parts: list[str] = []
        while self._peek() not in ("", "|", ")"):
            part = self._atom()
            parts.append(part * min(self._repeats(), MAX_CHARS // max(1, len(part))))
        return "".join(parts)

    def _peek(self) -> str:
        return self._pattern[self._place : self._place + 1]

    def _take(self) -> str:
        character = self._peek()
        self._place += 1
        return character

    def _atom(self) -> str:
        match self._take():
            case "^" | "$":
                return ""
            case ".":
                return "a"
            case "[":
                return self._class()
            case "(":
                return self._group()
            case "\\":
                return self._escaped(self._take())
            case character:
                return character

    def _group(self) -> str:
        prefix = re.compile(r"\?(?:[:>]|[a-zA-Z-]+:|P?<\w+>|<?[=!])").match(self._pattern, self._place)
        self._place = prefix.end() if prefix else self._place
        written = self._alternatives()
        return "" if prefix and prefix[0][-1] in "=!" else written

    def _escaped(self, character: str) -> str:
        if character in "xu":
            digits = 2 if character == "x" else 4
            code = self._pattern[self._place : self._place + digits]
            self._place += digits
            return chr(int(code, 16)) if re.fullmatch(r"[0-9a-fA-F]+", code) else ""
        if character in ("p", "P") and self._peek() == "{":
            self._place = self._pattern.find("}", self._place) + 1 or len(self._pattern)
            return "a"
        return "" if character in _NO_WIDTH else _ESCAPED.get(character, character)

    def _class(self) -> str:
        """Write a character of a class. Python's own engine decides which characters belong to it."""
        end = self._place + (self._peek() == "^")
        end += self._pattern[end : end + 1] == "]"
        while end < len(self._pattern) and self._pattern[end] != "]":
            end += 2 if self._pattern[end] == "\\" else 1
        inside, self._place = self._pattern[self._place : end], end + 1
        try:
            allowed = re.compile(f"[{inside}]")
        except re.error:
            return "a"
        named = [chr(int(code, 16)) for code in re.findall(r"\\u([0-9a-fA-F]{4})", inside)]
        preferred = [*_CANDIDATES, *named, *(character for character in inside if character not in "^-\\")]
        return next((character for character in preferred if allowed.fullmatch(character)), "a")

    def _repeats(self) -> int:
        found = _QUANTIFIER.match(self._pattern, self._place)
        if found is None:
            return 1
        self._place = found.end()
        if not found[1].startswith("{"):
            return {"*": self._more, "+": 1 + self._more, "?": min(1, self._more)}[found[1]]
        least = int(found[2] or 0)
        most = int(found[4]) if found[4] else (least + self._more if found[3] else least)
        return min(MAX_REPEATS, least + self._more, max(least, most))
