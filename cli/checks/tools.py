"""Checks the tools of one's own: the Python files and packages, and the file that names HTTP APIs."""

from collections.abc import Iterator

from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.output.text import one_line


def own_tools(settings: Settings) -> Iterator[Finding]:
    """Load the Python tools as a worker does, which runs their code. Nothing is found if there are none."""
    from chimera.egress.client import EgressClient
    from chimera.tools.built_in import built_in
    from chimera.tools.python.loading import load

    loaded = load(settings, [tool.definition.name for tool in built_in(settings, EgressClient(settings))])
    for problem in loaded.problems:
        yield Finding(Level.WARN, f"tool {one_line(problem.place, 300)}", problem.message)
    if loaded.tools:
        yield Finding(Level.OK, "Python tools", ", ".join(tool.definition.name for tool in loaded.tools))
    yield from _apis(settings)


def _apis(settings: Settings) -> Iterator[Finding]:
    from chimera.tools.openapi import file
    from chimera.tools.openapi.credentials import UnusableCredential, filled

    path = file.path_of(settings)
    if path is None:
        return
    try:
        apis = file.read(path).apis
    except file.BadFile as error:
        yield Finding(Level.FAIL, f"HTTP APIs ({path})", str(error))
        return
    for name, api in apis.items():
        try:
            filled(api.headers, api.query, lambda secret: settings.secrets.get(secret.upper()))
        except UnusableCredential as error:
            yield Finding(Level.FAIL, f"HTTP API {name}", str(error))
        else:
            yield Finding(Level.OK, f"HTTP API {name}", f"credentials complete, in {path}")
