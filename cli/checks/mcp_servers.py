"""Checks the installation's MCP servers: starts or connects each of them, as a worker does."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import structlog

from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.output.text import count, one_line


async def mcp_servers(settings: Settings) -> list[Finding]:
    """Try the servers of the installation's file. Their tools are listed, but not called."""
    return [finding async for finding in _findings(settings)]


async def _findings(settings: Settings) -> AsyncIterator[Finding]:
    if settings.mcp_path is None:
        return
    # Imported here, because most installations have no such file.
    from chimera.tools.mcp.configuration import read_configuration

    found = read_configuration(settings)
    for problem in found.problems:
        yield Finding(Level.FAIL, f"MCP server {problem.server or ''}".strip(), one_line(problem.message, 600))
    for name in found.disabled:
        yield Finding(Level.OK, f"MCP server {name}", "disabled in its file")
    with _quiet():
        findings = await asyncio.gather(*(_try(server) for server in found.servers))
    for finding in findings:
        yield finding


@contextmanager
def _quiet() -> Iterator[None]:
    """Turn off logs for the block: the findings say the same."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


async def _try(server: object) -> Finding:
    from chimera.tools.base import ToolUnavailable
    from chimera.tools.mcp.pool import connected_once
    from chimera.tools.mcp.servers import HttpServer, StdioServer

    assert isinstance(server, HttpServer | StdioServer)
    what = f"MCP server {server.name}"
    try:
        async with connected_once(server) as connection:
            listing = connection.listing
    except ToolUnavailable as error:
        return Finding(Level.FAIL, what, one_line(error.message, 400))
    tools = count(len(listing.definitions), "tool")
    if listing.problems:
        return Finding(Level.WARN, what, one_line(f"{tools}. {' '.join(listing.problems)}", 400))
    return Finding(Level.OK, what, tools)
