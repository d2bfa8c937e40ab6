"""The route for one-time tickets, with which pages open WebSockets."""

from fastapi import APIRouter, status

from api.deps import ClosedRoute, WithParts, WithSignedIn
from models.tickets import TicketView

router = APIRouter(prefix="/auth", tags=["auth"], route_class=ClosedRoute)


@router.post(
    "/ws-ticket",
    operation_id="create_ws_ticket",
    summary="Create WebSocket Ticket",
    status_code=status.HTTP_201_CREATED,
)
async def create_ws_ticket(signed_in: WithSignedIn, parts: WithParts) -> TicketView:
    """Create a one-time ticket that opens a WebSocket as you.

    The ticket works once, within 30 seconds. The WebSocket ends when your session or your access token ends.
    """
    return await parts.tickets.issue(signed_in)
