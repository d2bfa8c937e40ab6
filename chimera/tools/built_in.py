"""The built-in tools. Each is one file, and one line here."""

from collections.abc import Sequence

from chimera.config.settings import Settings
from chimera.tools.base import Tool
from chimera.tools.calculator import Calculator

NAMES = frozenset({Calculator.name})
"""The names of all built-in tools, whether or not they are configured: agents may use them in any installation."""


def built_in(settings: Settings) -> Sequence[Tool]:
    """Return the built-in tools of a worker."""
    return (Calculator(),)
