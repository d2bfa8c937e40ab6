"""Watches the data folder's disk, and reports when it is nearly full, full, or has enough space again."""

import asyncio
from collections.abc import Callable

from chimera.local.folder import Folder
from chimera.observe import disk
from chimera.observe.disk import Space

LOOK_S = 5.0
AGAIN = 1.25
"""The disk has enough space again at 1.25 times the threshold, so that messages don't repeat near the threshold."""


class SpaceWatch:
    """Watches the disk while `run` runs, which is until it is cancelled."""

    def __init__(self, folder: Folder, report: Callable[[str], None]) -> None:
        self._folder = folder
        self._report = report
        self._reported = Space.ENOUGH

    async def run(self) -> None:
        while True:
            self.look(await asyncio.to_thread(disk.free_bytes, self._folder.root))
            await asyncio.sleep(LOOK_S)

    def look(self, free: int | None) -> None:
        """Report a change if the number of free bytes causes one."""
        space = disk.space_of(free)
        if space < self._reported and free is not None:
            space = max(space, disk.space_of(int(free / AGAIN)))
        if space != self._reported:
            self._reported = space
            self._report(self._words(space, free))

    def _words(self, space: Space, free: int | None) -> str:
        where, left = f"The disk that contains {self._folder.root}", disk.in_words(free)
        if space is Space.ENOUGH:
            return f"{where} has enough free space again ({left} free)."
        how = "is full" if space is Space.FULL else "is nearly full"
        return (
            f"{where} {how} ({left} left). Free some space, for example by deleting the logs in {self._folder.logs}"
            " whose names end in a number. Accepted tasks are kept and will continue automatically."
        )
