"""All tools of a worker that are the same for all users: built in, written in Python, and of HTTP APIs."""

from collections.abc import Iterable, Sequence

import structlog

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.tools.base import Tool
from chimera.tools.openapi import loading as openapi
from chimera.tools.problems import LoadedTools
from chimera.tools.python import loading as python

log = structlog.get_logger()


async def load(settings: Settings, built_in: Sequence[Tool], egress: EgressClient) -> LoadedTools:
    """Return the built-in tools and those that the settings name, with unique names, and what can't be offered.

    Reads files and documents, so it takes seconds if a server doesn't answer. Problems are logged; nothing is raised.
    """
    names = {tool.definition.name for tool in built_in}
    own = python.load(settings, names)
    names |= {tool.definition.name for tool in own.tools}
    of_apis = await openapi.load(settings, egress, lambda name: settings.secrets.get(name.upper()), names)
    problems = (*own.problems, *of_apis.problems)
    for problem in problems:
        log.warning("tool_skipped", place=problem.place, problem=problem.message)
    return LoadedTools((*built_in, *own.tools, *of_apis.tools), problems)


async def close(tools: Iterable[Tool]) -> None:
    """Close the tools that hold something, such as processes."""
    for tool in tools:
        aclose = getattr(tool, "aclose", None)
        if aclose is not None:
            await aclose()
