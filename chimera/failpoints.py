"""Named places where a fault test may make a process die, hang or fail. Only a setting enables them."""

import asyncio
import os
from pathlib import Path

EXIT_CODE = 9


class Failpoints:
    """`name=action[:once-file]`, comma-separated, from `CHIMERA_FAILPOINTS`.

    Actions: `exit` (the process ends on the spot, as with SIGKILL), `hang` (for ever), `raise`. With a file named after
    a colon it happens once over all processes: the first one to create the file does it.
    """

    def __init__(self, spec: str = "") -> None:
        self._actions = dict(part.split("=", 1) for part in spec.split(",") if "=" in part)

    async def hit(self, name: str) -> None:
        """Do what is set for `name`; usually nothing."""
        if not self._actions or name not in self._actions:
            return
        action, _, once = self._actions[name].partition(":")
        if once and not _first(Path(once)):
            return
        if action == "exit":
            os._exit(EXIT_CODE)
        if action == "hang":
            await asyncio.Event().wait()
        raise RuntimeError(f"failpoint {name!r}")


def _first(path: Path) -> bool:
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True
