"""Counts the brackets of JSON that arrives in pieces, so that it is joined and parsed only when it may be complete."""

from collections.abc import Sequence


class Brackets:
    """Reads each piece once, however often `are_closed_by` is called."""

    def __init__(self) -> None:
        self._seen = 0
        """The number of pieces read."""
        self._open: int | None = None
        """The number of open brackets; None before the first bracket."""
        self._in_string = False
        self._backslash = ""
        """A backslash at the end of a piece, which escapes the beginning of the next one."""

    def are_closed_by(self, pieces: Sequence[str]) -> bool:
        """Return whether there were brackets, and all of them are closed after the last of `pieces`."""
        for place in range(self._seen, len(pieces)):
            self._take(pieces[place])
        self._seen = len(pieces)
        return self._open == 0

    def _take(self, piece: str) -> None:
        piece = self._backslash + piece
        self._backslash = "\\" * ((len(piece) - len(piece.rstrip("\\"))) % 2)
        parts = piece.removesuffix(self._backslash).replace("\\\\", "").replace('\\"', "").split('"')
        outside = "".join(parts[self._in_string :: 2])
        self._in_string = self._in_string != (len(parts) % 2 == 0)
        opened, closed = (sum(map(outside.count, brackets)) for brackets in ("{[", "}]"))
        if opened or closed:
            self._open = (self._open or 0) + opened - closed
