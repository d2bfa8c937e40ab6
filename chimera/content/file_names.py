"""Names of a run's files. They are data in a row, and never paths on a disk.

A slash groups names, as in `drafts/intro.md`. Names that a disk would understand differently aren't allowed, so that a
client can save all files of a run in a folder. That folder may be a home folder, so no part begins with a dot.
"""

import unicodedata

from models.files import MAX_NAME_CHARS

_FORBIDDEN = frozenset('\\<>:"|?*%')
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})
"""Names that Windows reserves, with any extension."""


def composed(name: str) -> str:
    """Return the form of a name that is stored, so that names that look alike are alike."""
    return unicodedata.normalize("NFC", name)


def problem_of(name: str) -> str | None:
    """Return why a name isn't allowed, and what to do instead; None if it is allowed."""
    if not name or len(name) > MAX_NAME_CHARS:
        return f"A name has 1 to {MAX_NAME_CHARS} characters, and this one has {len(name)}."
    if any(unicodedata.category(each)[0] == "C" or unicodedata.category(each) in ("Zl", "Zp") for each in name):
        return "The name contains invisible characters. Remove them."
    if found := next((each for each in name if each in _FORBIDDEN), None):
        return f"The name contains {found!r}. Use letters, digits, spaces, '.', '-', '_' and '/'."
    for part in name.split("/"):
        if not part or part != part.strip(" ."):
            return f"The part {part!r} of the name is empty, or begins or ends with '.' or a space. Change it."
        if part.partition(".")[0].strip().lower() in _DEVICES:
            return f"Windows reserves the part {part!r} of the name for a device. Use another word."
    return None
