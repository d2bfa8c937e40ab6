"""The built-in tools. Each is one file, and one line here."""

from collections.abc import Sequence

from chimera.config.settings import Settings
from chimera.db.engine import Database
from chimera.egress.client import EgressClient
from chimera.tools.base import Tool
from chimera.tools.calculator import Calculator
from chimera.tools.current_time import CurrentTime
from chimera.tools.fetch_page import FetchPage
from chimera.tools.files import ListFiles, ReadFile, WriteFile
from chimera.tools.http_request import HttpRequest
from chimera.tools.people import AskPerson, Delegate
from chimera.tools.run_python import RunPython
from chimera.tools.search_engines import engine_of
from chimera.tools.web_search import WebSearch
from models.tools import ToolDefinition

CLASSES = (
    Calculator,
    CurrentTime,
    RunPython,
    AskPerson,
    Delegate,
    FetchPage,
    HttpRequest,
    WebSearch,
    ListFiles,
    ReadFile,
    WriteFile,
)
NAMES = frozenset(tool.name for tool in CLASSES)
"""The names of all built-in tools, whether or not they are configured: agents may use them in any installation."""


def built_in(settings: Settings, egress: EgressClient, database: Database | None = None) -> Sequence[Tool]:
    """Return the built-in tools of a worker. Some hold processes: see `chimera.tools.loading.close`.

    A process that only needs their definitions passes no database.
    """
    return (
        Calculator(),
        CurrentTime(),
        RunPython(),
        AskPerson(),
        Delegate(),
        FetchPage(egress),
        HttpRequest(egress),
        WebSearch(engine_of(settings, egress)),
        ListFiles(database),
        ReadFile(database),
        WriteFile(database, settings),
    )


def definitions_of(settings: Settings) -> dict[str, ToolDefinition]:
    """Return the definitions of the built-in tools by name, for those who describe tools but don't run them."""
    return {tool.definition.name: tool.definition for tool in built_in(settings, EgressClient(settings))}
