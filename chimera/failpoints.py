"""Named places in the code where a fault test can make a process die, hang or fail. Only a setting enables them."""

import asyncio
import os
from pathlib import Path

EXIT_CODE = 9


class Failpoints:
    """The failpoints in `CHIMERA_FAILPOINTS`, written as `name=action[:once-file]` and separated by commas.

    The actions are `exit` (the process ends at once, as with SIGKILL), `hang` (forever) and `raise`. If a file is named
    after a colon, the action happens only once across all processes: in the one that is first to create the file.
    """

    def __init__(self, spec: str = "") -> None:
        self._actions = dict(part.split("=", 1) for part in spec.split(",") if "=" in part)

    async def hit(self, name: str) -> None:
        """Perform the action that is set for `name`, if any."""
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
