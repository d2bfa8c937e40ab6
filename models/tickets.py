"""One-time tickets, with which a page opens a WebSocket without showing its token in an address."""

from pydantic import Field

from models.base import Contract

TICKET_SECONDS = 30


class TicketView(Contract):
    """A ticket, shown once."""

    ticket: str = Field(description="Send it as the first message of the WebSocket, or as `?ticket=` in its address")
    expires_in: int = Field(description="Seconds until the ticket expires. It can be used only once.")
