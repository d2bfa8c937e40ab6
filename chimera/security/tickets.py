"""One-time tickets for WebSockets: opaque, valid for 30 s, bound to a session, and stored as a SHA-256.

A browser can't send a header with a WebSocket. A token in an address would end up in logs; a ticket there is worthless,
because it has been used by then. Tickets are in PostgreSQL, so they don't depend on Redis.
"""

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from math import inf

from chimera.db.engine import Database
from chimera.security.sessions import Auth, SignedIn
from chimera.store import tickets
from models.errors import NotSignedIn
from models.tickets import TICKET_SECONDS, TicketView
from models.users import Caller

MAX_TICKET_CHARS = 200


class Tickets:
    """One per process."""

    def __init__(self, database: Database, auth: Auth) -> None:
        self._database = database
        self._auth = auth

    async def issue(self, signed_in: SignedIn) -> TicketView:
        """Return a new ticket for the caller's session."""
        ticket = secrets.token_urlsafe(32)
        async with self._database.begin() as session:
            await tickets.create(
                session,
                signed_in.owner,
                _sha256(ticket),
                life=timedelta(seconds=TICKET_SECONDS),
                session_expires_at=_time_of(signed_in.expires_at),
            )
        return TicketView(ticket=ticket, expires_in=TICKET_SECONDS)

    async def redeem(self, ticket: str) -> SignedIn:
        """Use a ticket and return its session. Raises NotSignedIn if that isn't possible, whatever the reason."""
        if len(ticket) > MAX_TICKET_CHARS:
            raise NotSignedIn
        async with self._database.begin() as session:
            found = await tickets.redeem(session, _sha256(ticket))
        if found is None:
            raise NotSignedIn
        state = (await self._auth.account_states([found.owner]))[found.owner]
        signed_in = (
            None
            if state is None
            else SignedIn(
                Caller(user_id=found.owner.user_id, role=state.role, scopes=state.scopes),
                found.owner.session_id,
                found.session_expires_at.timestamp() if found.session_expires_at else inf,
            )
        )
        if signed_in is None or signed_in.has_expired:
            raise NotSignedIn
        return signed_in


def _time_of(expires_at: float) -> datetime | None:
    """Return when a token expires; None for an API key, whose expiry the database checks."""
    return None if expires_at == inf else datetime.fromtimestamp(expires_at, UTC)


def _sha256(ticket: str) -> str:
    return hashlib.sha256(ticket.encode("utf-8", "surrogatepass")).hexdigest()
