"""Passwords that are guessed first: the most common ones, the account's and this program's name, and repetitions.

ASVS 5.0 requires checks for the 3,000 most common passwords (V6.2.4) and for context-specific words (V6.2.11). No
particular kinds of characters are required: such rules lead to passwords that people write down, not to better ones.
"""

from functools import cache
from pathlib import Path

from models.errors import InvalidInput

PRODUCT = "chimera"
MIN_REST = 4
"""How many characters a password needs in addition to context-specific words."""
MIN_DIFFERENT = 4
_AFFIXES = "0123456789!?.-_#$*+@"
"""The characters of common endings that make a word look like a password, for example a year or a sign."""
LONG = 20
"""From this length on, even a repetition is not among the first guesses."""
_LIST = Path(__file__).parent / "common_passwords.txt"


def check(password: str, email: str, field: str = "password") -> None:
    """Raise InvalidInput, naming `field`, for a password that is among the first guesses."""
    if problem := _problem_of(password, email):
        raise InvalidInput(field, f"{problem}. Choose another password, such as four unrelated words.")


def _problem_of(password: str, email: str) -> str | None:
    known = password.strip().lower()
    if len(set(known)) < MIN_DIFFERENT and len(password) < LONG:
        return f"This password contains fewer than {MIN_DIFFERENT} different characters"
    if known in _common() or known.rstrip(_AFFIXES) in _common():
        return "This is one of the most common passwords"
    rest = known
    for word in sorted({email, email.partition("@")[0], PRODUCT}, key=len, reverse=True):
        rest = rest.replace(word, "") if len(word) >= MIN_DIFFERENT else rest
    if rest != known and len(rest.strip(_AFFIXES)) < MIN_REST:
        return "This password is too similar to your e-mail address or to this program's name"
    return None


@cache
def _common() -> frozenset[str]:
    lines = _LIST.read_text("utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))
