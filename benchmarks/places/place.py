"""A place: where checkout and data are, who starts them, and in what surroundings. Data only."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ODD = 'dàta ü (1) & it\'s "100%" $HOME;#'
BELOW = frozenset({"HOME", "TMPDIR"})
"""Variables whose value is a folder below the place's own."""


class NotHere(Exception):
    """This machine can't show it; the reason."""


@dataclass(frozen=True)
class Place:
    name: str
    data: str = "data"
    checkout: str = ""
    """A copy of the code in a folder of this name; empty is where it stands."""
    sealed: bool = False
    """Nothing in that copy may be written to."""
    environment: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Variables that are not set."""
    prepare: Callable[[Path, ExitStack], None] = lambda folder, undo: None
    """Gets the folder that the place is in."""
    begin: Callable[[], object] | None = None
    """Done in each process before it becomes a command of ours: a limit, a mask, a stream that is closed."""
    refused: str = ""
    """Stands in the refusal of a place that can't be one."""
    is_root: bool = True
    """Otherwise as a user without root's rights, where root runs this."""
