"""Loads the tools of the APIs in `CHIMERA_OPENAPI_FILE`."""

import asyncio
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path

from chimera.config.settings import Settings
from chimera.content import schemas
from chimera.egress.client import EgressClient
from chimera.tools.openapi import file as openapi_file
from chimera.tools.openapi.credentials import Credentials, Secrets, UnusableCredential, filled
from chimera.tools.openapi.documents import BadDocument, Document, read_document
from chimera.tools.openapi.file import ApiEntry, BadFile
from chimera.tools.openapi.names import tool_names
from chimera.tools.openapi.operations import KINDS, Found, operations_in, read
from chimera.tools.openapi.tool import OperationTool
from chimera.tools.problems import LoadedTools, ToolProblem

MAX_OPERATIONS = 500
"""The number of an API's operations that can be tools."""


async def load(settings: Settings, egress: EgressClient, secrets: Secrets, taken: Collection[str] = ()) -> LoadedTools:
    """Load the tools of all APIs whose names aren't `taken`. Problems are returned; nothing is raised.

    `secrets` returns the secret of a name, to which the file refers as `${NAME}`.
    """
    path = openapi_file.path_of(settings)
    if path is None:
        return LoadedTools()
    try:
        apis = openapi_file.read(path).apis
    except BadFile as error:
        return LoadedTools(problems=(ToolProblem(str(path), str(error)),))
    loading = [_load_api(name, entry, path.parent, egress, secrets, taken) for name, entry in apis.items()]
    found = await asyncio.gather(*loading)
    return LoadedTools(
        tuple(tool for each in found for tool in each.tools),
        tuple(problem for each in found for problem in each.problems),
    )


async def _load_api(
    api: str, entry: ApiEntry, folder: Path, egress: EgressClient, secrets: Secrets, taken: Collection[str]
) -> LoadedTools:
    try:
        credentials = filled(entry.headers, entry.query, secrets)
        document = await read_document(entry.document, folder, egress)
    except (BadDocument, UnusableCredential) as error:
        return LoadedTools(problems=(ToolProblem(api, str(error)),))
    operations = list(operations_in(document))
    # Of all operations, so that a name doesn't depend on which ones are chosen.
    names = dict(zip([each.key for each in operations], tool_names(api, operations), strict=True))
    chosen, problems = _chosen(api, entry, operations)
    tools: dict[str, OperationTool] = {}
    for found in chosen:
        name = names[found.key]
        place = f"{api}: {found.key}"
        if name in taken or name in tools:
            problems.append(ToolProblem(place, f"{name!r} is the name of another tool. Rename the API."))
            continue
        try:
            tools[name] = _tool(name, api, entry, document, found, credentials, egress)
        except BadDocument as error:
            problems.append(ToolProblem(place, f"{credentials.hide(str(error))}."))
        except (AttributeError, KeyError, TypeError, RecursionError, ValueError):
            problems.append(ToolProblem(place, "it isn't written as OpenAPI requires."))
    return LoadedTools(tuple(tools.values()), tuple(problems))


def _tool(
    name: str,
    api: str,
    entry: ApiEntry,
    document: Document,
    found: Found,
    credentials: Credentials,
    egress: EgressClient,
) -> OperationTool:
    reserved = {("header", header.lower()) for header in entry.headers} | {
        ("query", each.lower()) for each in entry.query
    }
    operation = read(document, found, entry.base_url, frozenset(reserved))
    if entry.base_url is None and (entry.headers or entry.query) and not document.is_of(operation.base_url):
        raise BadDocument(
            f"its server {operation.base_url!r} isn't the document's. To send credentials to it, set base_url"
        )
    if problem := schemas.is_usable(operation.schema, of_object=True):
        raise BadDocument(problem.removesuffix("."))
    kind = entry.kind.get(found.operation_id or "", entry.kind.get(found.key, KINDS[found.method]))
    return OperationTool(name, api, operation, kind, credentials, egress)


def _chosen(api: str, entry: ApiEntry, operations: list[Found]) -> tuple[list[Found], list[ToolProblem]]:
    """Return the operations that the entry names, and problems with its names."""
    problems: list[ToolProblem] = []
    known = [name for each in operations for name in (each.operation_id, each.key) if name]
    for name in (*entry.operations, *entry.kind):
        if name != "*" and name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else "Use an operationId, or a method and a path."
            problems.append(ToolProblem(api, f"The document has no operation {name[:100]!r}. {hint}"))
    wanted = set(entry.operations)
    chosen = [each for each in operations if "*" in wanted or each.operation_id in wanted or each.key in wanted]
    if len(chosen) > MAX_OPERATIONS:
        message = f"{len(chosen)} operations are too many. Name at most {MAX_OPERATIONS} in 'operations'."
        problems.append(ToolProblem(api, f"{message} Only the first are used."))
    return chosen[:MAX_OPERATIONS], problems
