"""A folder's list of running processes (`run/stack.json`), so that a start after a crash can end those left running.

Linux ends child processes with their parent; macOS and Windows don't, and a child may be slow to end.
"""

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import psutil

from chimera.local import processes
from chimera.local.folder import Folder


@dataclass
class Register:
    folder: Folder
    _entries: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, name: str, pid: int) -> None:
        """Record a process. Raises OSError, without recording it, if the file can't be written."""
        before = dict(self._entries)
        self._entries[name] = {"pid": pid, "started_at": processes.started_at(pid)}
        try:
            self._write()
        except BaseException:
            self._entries = before
            raise

    def remove(self, name: str) -> None:
        """Remove a process that has ended. If the file can't be written, the entry is recognized as stale later."""
        if self._entries.pop(name, None) is not None:
            with suppress(OSError):
                self._write()

    def end_stale(self) -> list[str]:
        """End the processes that an earlier stack left running, and return their names.

        A process is ended only if its id, start time and folder all match, because ids are reused.
        """
        stale = {
            name: process for name, entry in self._read().items() if (process := self._process_of(entry)) is not None
        }
        processes.end_stale(list(stale.values()))
        self._write()
        return list(stale)

    def _process_of(self, entry: dict[str, Any]) -> psutil.Process | None:
        try:
            process = psutil.Process(int(entry["pid"]))
            same = abs((processes.started_at(process.pid) or 0.0) - float(entry["started_at"])) < 0.1
        except (psutil.Error, KeyError, TypeError, ValueError):
            return None
        return process if same and processes.belongs_to(process, self.folder.root) else None

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            children = json.loads((self.folder.run / "stack.json").read_text())["children"]
        except (OSError, ValueError, KeyError, TypeError):
            return {}
        return children if isinstance(children, dict) else {}

    def _write(self) -> None:
        path = self.folder.run / "stack.json"
        new = path.with_suffix(".new")
        new.write_text(json.dumps({"pid": os.getpid(), "children": self._entries}, indent=2))
        new.replace(path)
