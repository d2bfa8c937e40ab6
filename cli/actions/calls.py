"""Embeddings, images and transcriptions that were asked for before: list, show, cancel."""

import asyncio
from collections.abc import Sequence, Set
from datetime import UTC
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.actions.media import check_place, keep_pictures, print_result
from cli.errors import EXIT_CODES, Ambiguous, NotThere, WrongUsage
from cli.http.client import Client
from cli.http.connect import connected
from cli.http.ids import PAGE, PAGES, SHORT_CHARS, is_hex
from cli.input.settings import where_settings
from cli.live.waiting import where_it_stands
from cli.output.bill import marked
from cli.output.printing import print_json
from cli.output.prose import tell
from cli.output.tables import print_table
from cli.output.text import one_line
from models.ai_calls import OPEN, AiCallStatus, AiCallSummary, AiCallView, ImagesView
from models.base import usd
from models.ids import AiCallId

LOOKED_AT = 20
"""Open calls of a list that are asked whether they are held up."""


async def list_calls(*, limit: int, as_json: bool) -> int:
    async with connected(where_settings()) as client:
        page = await client.ai_calls(limit=limit)
        held_up = set() if as_json else await _held_up_among(client, page.items)
    if as_json:
        print_json(page)
    elif not page.items:
        tell('No calls yet. Make one: chimera embed "a red apple"')
    else:
        print_table(Console(highlight=False), _list_of(page.items, held_up))
    return 0


async def show(name: str, out: Path | None, *, as_json: bool, force: bool = False) -> int:
    """Print what came of a call as the command that asked for it does, or where it stands."""
    if out is not None:
        check_place(out, force=force)
    async with connected(where_settings()) as client:
        call = await call_named(client, name)
        drawn = isinstance(call.result, ImagesView)
        if out is not None and not drawn:
            raise WrongUsage(f"The call has no picture for --out: {where_it_stands(call)}, {call.operation}.")
        if out is not None:
            await keep_pictures(client, call, out)
    if as_json:
        print_json(call)
    elif call.status is AiCallStatus.FINISHED:
        print_result(call, out, as_json=False)
        if drawn and out is None:
            tell(f"Write it to a file: chimera calls show {call.id[:SHORT_CHARS]} --out image.png")
    else:
        tell(f"{call.id[:SHORT_CHARS]} ({call.operation}, {call.model}): {where_it_stands(call)}.")
    return 0 if call.status in OPEN else _ENDS[call.status]


async def cancel(name: str) -> int:
    async with connected(where_settings()) as client:
        call = await client.cancel_ai_call((await call_named(client, name)).id)
    tell(f"{call.id[:SHORT_CHARS]} is {call.status}; its provider is asked no more.")
    return 0


async def call_named(client: Client, name: str) -> AiCallView:
    """Return the call whose id is, or begins with, `name`. Raises NotThere or Ambiguous."""
    wanted = name.strip().lower().replace("-", "")
    if len(wanted) == 32 and is_hex(wanted):
        return await client.ai_call(AiCallId(str(UUID(wanted))))
    found = await _beginning_with(client, wanted) if wanted and is_hex(wanted) else []
    if not found:
        raise NotThere(f"No call begins with {one_line(name, 60)!r}; `chimera calls` lists them.")
    if len(found) > 1:
        listed = [f"{call.id} ({call.operation})" for call in found]
        raise Ambiguous(one_line(name, 60), listed, "Write more of the id.")
    return await client.ai_call(found[0].id)


_ENDS = {
    AiCallStatus.FINISHED: EXIT_CODES["completed"],
    AiCallStatus.FAILED: EXIT_CODES["failed"],
    AiCallStatus.CANCELLED: EXIT_CODES["cancelled"],
}


async def _beginning_with(client: Client, wanted: str) -> list[AiCallSummary]:
    found: list[AiCallSummary] = []
    cursor = None
    for _ in range(PAGES):
        page = await client.ai_calls(limit=PAGE, cursor=cursor)
        found += [call for call in page.items if call.id.replace("-", "").startswith(wanted)]
        cursor = page.next_cursor
        if cursor is None:
            break
    return found


async def _held_up_among(client: Client, calls: Sequence[AiCallSummary]) -> set[AiCallId]:
    """Which open calls are held up, among the newest ones: a list doesn't say it, each call does."""
    open_calls = [call.id for call in calls if call.status in OPEN][:LOOKED_AT]
    found = await asyncio.gather(*map(client.ai_call, open_calls), return_exceptions=True)
    return {call.id for call in found if isinstance(call, AiCallView) and call.held_up is not None}


def _list_of(calls: Sequence[AiCallSummary], held_up: Set[AiCallId]) -> Table:
    table = Table(box=None, pad_edge=False, expand=True)
    for heading in ("Id", "Begun (UTC)", "Kind", "Status", "Cost"):
        table.add_column(heading, no_wrap=True)
    table.add_column("Model", no_wrap=True, overflow="ellipsis", ratio=1)
    for call in calls:
        begun = f"{call.created_at.astimezone(UTC):%Y-%m-%d %H:%M}"
        status = f"{call.status} (held up)" if call.id in held_up else call.status
        cells = (
            call.id[:SHORT_CHARS],
            begun,
            call.operation,
            status,
            marked(usd(call.cost_micro_usd), estimated=call.estimated),
        )
        table.add_row(*map(Text, cells), Text(one_line(call.model, 120)))
    return table
