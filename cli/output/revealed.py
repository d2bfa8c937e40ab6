"""Shows arguments exactly as they are: a person who approves a call has to see every character of it.

Characters that can't be seen, or that look like other characters, are written as JSON escapes such as `\\u202e`. The
result is still JSON with the same meaning.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format characters (such as marks that change the direction), and those without a shape."""
_WORD = re.compile(r"\w+")
# Combining marks after the second one in a row: no orthography needs them, and they can cover other lines.
_PILE = re.compile(
    "[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]{2}([\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+)"
)
# Cyrillic and Greek letters that most fonts draw like Latin ones. A word of nothing else may be a disguise.
_LOOK_ALIKES = frozenset("аеорсухіјѕһԁԛԝνοαικρτυхАВЕЅІЈКМНОРСТУХЗΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")


def revealed(arguments: Mapping[str, Any]) -> str:
    """Return arguments as indented JSON in which nothing is hidden, however long they are."""
    # Imported here, because help loads this file but shows no arguments.
    from pydantic_core import to_json

    return revealed_text(to_json(arguments, indent=2).decode())


def revealed_text(text: str) -> str:
    """Return text with escapes for all characters that are invisible or look like others; line breaks are kept."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    disguised = {place for word in _WORD.finditer(text) for place in _disguised_in(word)}
    disguised |= {place for pile in _PILE.finditer(text) for place in range(pile.start(1), pile.end())}
    return "".join(
        _escape(character) if place in disguised or _is_hidden(character) else character
        for place, character in enumerate(text)
    )


def _disguised_in(word: re.Match[str]) -> list[int]:
    """Return the places of the letters that make a word look like another one."""
    letters = [(word.start() + i, character) for i, character in enumerate(word[0]) if character.isalpha()]
    latin = [character for _, character in letters if character.isascii() or _is_latin(character)]
    others = [(place, character) for place, character in letters if not (character.isascii() or _is_latin(character))]
    if latin or all(character in _LOOK_ALIKES for _, character in others):
        return [place for place, _ in others]
    return []


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN ")


def _is_hidden(character: str) -> bool:
    if character == "\n" or (character.isascii() and character.isprintable()):
        return False
    if unicodedata.category(character) in _UNSEEN or (character.isspace() and character != " "):
        return True
    # Letters with a special form, such as full-width or mathematical ones.
    normal = unicodedata.normalize("NFKC", character)
    return normal.isascii() and normal != character


def _escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
