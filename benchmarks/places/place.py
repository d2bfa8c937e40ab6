"""A place, as data only: where the checkout and the data are, which user starts Chimera, and its environment."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

ODD = 'dàta ü (1) & it\'s "100%" $HOME;#'
BELOW = frozenset({"HOME", "TMPDIR"})
"""Variables whose values are folders within the place's folder."""


class NotHere(Exception):
    """A place can't be tried on this machine. The message is the reason."""


@dataclass(frozen=True)
class Place:
    name: str
    data: str = "data"
    checkout: str = ""
    """The folder for a copy of the code; empty to run the code where it is."""
    sealed: bool = False
    """Whether the copy of the code is read-only."""
    environment: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Variables that must not be set."""
    prepare: Callable[[Path, ExitStack], None] = lambda folder, undo: None
    """Prepares the place. Its first argument is the folder that contains the place."""
    begin: Callable[[], object] | None = None
    """Runs in each child process before exec, for example to set a limit or a mask, or to close a stream."""
    refused: str = ""
    """Text in the error message, if the place is unusable."""
    is_root: bool = True
    """If false and root runs the benchmark, Chimera runs as a user without root's rights."""
