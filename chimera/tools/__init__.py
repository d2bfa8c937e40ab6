"""The tools that agents can use. A tool is one file, and one line here."""

from chimera.tools.calculator import Calculator
from chimera.tools.registry import Registry

TOOLS = Registry(
    [
        Calculator(),
    ]
)
