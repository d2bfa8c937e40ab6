"""The built-in tools. Each is one file, and one line here."""

from collections.abc import Sequence

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.tools.base import Tool
from chimera.tools.calculator import Calculator
from chimera.tools.files import ListFiles, ReadFile, WriteFile


def built_in(settings: Settings, *, database: Database | None = None) -> Sequence[Tool]:
    """Return the built-in tools of a worker. A process that only needs their definitions passes no database."""
    return (
        Calculator(),
        ListFiles(database),
        ReadFile(database),
        WriteFile(database, settings),
    )
