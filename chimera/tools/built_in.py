"""The built-in tools. Each is one file, and one line here."""

from collections.abc import Sequence

from chimera.config.settings import Settings
from chimera.tools.base import Tool
from chimera.tools.calculator import Calculator
from chimera.tools.people import AskPerson, Delegate


def built_in(settings: Settings) -> Sequence[Tool]:
    """Return the built-in tools of a worker."""
    return (
        Calculator(),
        AskPerson(),
        Delegate(),
    )
