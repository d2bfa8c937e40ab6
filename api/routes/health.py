"""Routes that report whether this process is running and accepts requests, and the state of each part of Chimera."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal

import structlog
from fastapi import APIRouter, Request, Response, status
from pydantic import Field
from sqlalchemy import literal, select

from api.bearer import token_of
from api.deps import Parts, PublicRoute, WithParts
from chimera import __version__
from chimera.config.vendors import VENDORS
from chimera.db.engine import AWAY
from chimera.ledger import admission
from chimera.observe import disk
from chimera.observe.disk import Space
from chimera.providers import account_of
from chimera.providers.health.accounts import HealthReport
from chimera.security.api_keys import is_key
from chimera.temporal.connections import TemporalUnusable
from chimera.temporal.workers import in_words, workers_seen
from models.base import Contract
from models.errors import NotSignedIn

log = structlog.get_logger()

router = APIRouter(prefix="/health", tags=["health"], route_class=PublicRoute)

CHECK_SECONDS = 2.5


State = Literal["up", "away", "none", "low", "full"]
"""`low` and `full` apply to disks: with `low`, writes will soon fail; with `full`, they already fail."""


class PartHealth(Contract):
    """The state of one part of Chimera. `note` describes it in words."""

    state: State
    took_ms: float
    note: str = ""


class Health(Contract):
    """The state of this installation.

    `degraded` means that requests are accepted, but some are delayed or show no live progress. Only signed-in callers
    receive `version` and `parts`, because these fields reveal vendors and possible weaknesses.
    """

    status: Literal["ok", "degraded", "down"]
    version: str | None = None
    parts: dict[str, PartHealth] = Field(default_factory=dict)
    payload_keys: tuple[str, ...] | None = Field(
        default=None,
        description="IDs of the keys that this API uses for Temporal's payloads. The first key encrypts new payloads.",
    )


class Liveness(Contract):
    status: Literal["ok"] = "ok"


@router.get("/live", operation_id="is_live", summary="Check Liveness")
async def is_live() -> Liveness:
    """Report that the process is running. If this check fails, restart the process."""
    return Liveness()


@router.get(
    "/ready",
    operation_id="is_ready",
    summary="Check Readiness",
    response_model_exclude_defaults=True,
    responses={503: {"model": Health}},
)
async def is_ready(request: Request, parts: WithParts, response: Response) -> Health:
    """Report whether requests are accepted.

    The API returns 503 if its database is unavailable. The status is `degraded` if Temporal or Redis is unavailable, or
    if a disk is full or nearly full.
    """
    return await _answer(_readiness(parts), request, parts, response)


@router.get(
    "",
    operation_id="get_health",
    summary="Get Health",
    response_model_exclude_defaults=True,
    responses={503: {"model": Health}},
)
async def get_health(request: Request, parts: WithParts, response: Response) -> Health:
    """Report the state of each part of Chimera.

    The status is `degraded` if Temporal, Redis or a provider is unavailable, if a disk is full or nearly full, if no
    worker is running, or if no provider is configured.
    """
    checks = _readiness(parts) | {"workers": _workers, "providers": _providers}
    return await _answer(checks, request, parts, response)


Check = Callable[[Parts], Awaitable[str]]
"""Returns a note about a part of Chimera. Raises an exception if the part is unavailable."""

MEANING = {
    "database": "The database is unavailable, so requests that change data are rejected.",
    "redis": "Redis is unavailable, so text is not streamed. Events and results still arrive.",
    "temporal": "Temporal is unreachable, so tasks stay queued until it is available again.",
    "workers": "No workers are running, so tasks aren't making progress. To start one, run: python -m worker",
    "providers": "No provider is configured. Set a provider's API key or address.",
}


class NonePresent(Exception):
    """A part of Chimera responds, but no worker is running or no provider is configured."""


class NotUp(Exception):
    """A part of Chimera responds, but its state is not `up`. The note explains the state."""

    def __init__(self, state: State, note: str) -> None:
        super().__init__(note)
        self.state = state


async def system_state(parts: Parts) -> dict[str, Any]:
    """Return the health of each part, and how many runs are queued and running, for administrators' sockets."""
    checks = _readiness(parts) | {"workers": _workers, "providers": _providers}
    states = await asyncio.gather(*(_checked(name, check, parts) for name, check in checks.items()))
    # Without the duration, which is different each time.
    found: dict[str, Any] = {
        name: {"state": state.state, "note": state.note} for name, state in zip(checks, states, strict=True)
    }
    if found["database"]["state"] != "away":
        async with parts.database.begin() as session:
            found["queue"] = await admission.counts(session)
    return found


async def _answer(checks: dict[str, Check], request: Request, parts: Parts, response: Response) -> Health:
    states = await asyncio.gather(*(_checked(name, check, parts) for name, check in checks.items()))
    found = dict(zip(checks, states, strict=True))
    down = found["database"].state == "away"
    degraded = any(part.state != "up" for part in found.values())
    if down:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    health = Health(status="down" if down else "degraded" if degraded else "ok")
    if not await _may_see_details(request, parts):
        return health
    details = {"version": __version__, "parts": found, "payload_keys": parts.temporal.encryption.key_ids}
    return health.model_copy(update=details)


async def _may_see_details(request: Request, parts: Parts) -> bool:
    """Return whether the caller has signed in. This works while the database is away, but not for API keys."""
    try:
        token = token_of(request)
        if token is None or not is_key(token):
            return token is not None and parts.auth.vouches_for(token)
        async with asyncio.timeout(CHECK_SECONDS):
            return (await parts.auth.signed_in(token)).caller.may_read
    except (NotSignedIn, TimeoutError, *AWAY):
        return False


async def _checked(name: str, check: Check, parts: Parts) -> PartHealth:
    began = time.perf_counter()
    state: State = "up"
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            note = await check(parts)
    except NonePresent:
        state, note = "none", MEANING[name]
    except NotUp as error:
        state, note = error.state, str(error)
    except TemporalUnusable as error:
        log.warning("part_away", part=name, error=str(error))
        state, note = "away", f"{MEANING[name]} {error}"
    except Exception as error:  # noqa: BLE001 any error means that the part is unusable now
        log.warning("part_away", part=name, error=type(error).__name__)
        state, note = "away", MEANING[name]
    return PartHealth(state=state, took_ms=round((time.perf_counter() - began) * 1000, 1), note=note)


async def _database(parts: Parts) -> str:
    async with parts.database.begin() as session:
        await session.execute(select(literal(1)))
    if parts.database.was_full():
        raise NotUp(
            "full",
            "The database's disk is full, so requests that change data are rejected. Reading still works. Free up disk"
            " space.",
        )
    return ""


async def _disk(parts: Parts) -> str:
    free = await asyncio.to_thread(disk.free_bytes, parts.settings.data_dir)
    space, left = disk.space_of(free), f"{disk.in_words(free)} left on the data folder's disk"
    if space is Space.FULL:
        raise NotUp("full", f"{left}. The disk is full, so new work is rejected. Free up disk space.")
    if space is Space.LOW:
        raise NotUp("low", f"{left}. Free up disk space before the disk becomes full.")
    return left


async def _redis(parts: Parts) -> str:
    await parts.bus.check()
    return ""


async def _temporal(parts: Parts) -> str:
    await parts.temporal.check()
    return ""


async def _workers(parts: Parts) -> str:
    seen = await workers_seen(parts.temporal, parts.settings)
    if not seen:
        raise NonePresent
    return in_words(seen, parts.temporal.encryption.key_ids)


async def _providers(parts: Parts) -> str:
    ready = await parts.models.configured()
    if not ready:
        raise NonePresent
    accounts = {name: account_of(name, parts.settings) for name in ready}
    seen = await parts.health.look(accounts.values())
    health = {name: seen[account] for name, account in accounts.items() if account in seen}
    summary = summary_of(health, ready, [name for name in VENDORS if name not in ready])
    if any(account_health.is_away for account_health in health.values()):
        raise NotUp("away", f"{summary}. Calls to unavailable providers wait or fall back to another model.")
    return summary


def summary_of(health: Mapping[str, HealthReport], ready: Sequence[str], missing: Sequence[str]) -> str:
    """Describe the health of every provider. Providers with problems come first."""
    troubled = {name: note for name, account_health in health.items() if (note := account_health.note)}
    groups = [f"{name} is {note}" for name, note in troubled.items()]
    # No provider is contacted for this summary, which describes only what earlier calls have encountered.
    quiet = [name for name in ready if name not in troubled]
    groups += [
        f"{', '.join(names)}: {how}"
        for names, how in ((quiet, "no problems seen"), (missing, "not configured"))
        if names
    ]
    return "; ".join(groups)


def _readiness(parts: Parts) -> dict[str, Check]:
    """Return the checks for /health/ready. /health runs a few more."""
    # Without an embedded stack that stores its data here, there is no disk to check.
    return READINESS | ({"disk": _disk} if (parts.settings.data_dir / "run" / "lock").exists() else {})


READINESS: dict[str, Check] = {
    "database": _database,
    "redis": _redis,
    "temporal": _temporal,
}
