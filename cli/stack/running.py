"""Finds out whether the stack of a data folder is running."""

import json

import psutil

from chimera.config.settings import Settings


def running_stack(settings: Settings) -> int | None:
    """Return the ID of the process that runs the stack of this data folder; None if there is none."""
    try:
        pid = int(json.loads((settings.data_dir.expanduser() / "run" / "stack.json").read_text())["pid"])
        return pid if any("cli" in part or "chimera" in part for part in psutil.Process(pid).cmdline()) else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None
