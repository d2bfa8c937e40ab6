"""Cursors for paged lists: opaque and signed, so that a cursor can't be forged or used for another list."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime

from chimera.store.pages import Place
from models.errors import InvalidInput

MAC_BYTES = 16


class Cursors:
    """Seals the place where a page ended. `of` identifies the list by its caller, order and filters."""

    def __init__(self, secret: str) -> None:
        self._key = hashlib.sha256(b"chimera cursors\0" + secret.encode()).digest()

    def seal(self, place: Place, of: str) -> str:
        return self.seal_text(f"{place[0].isoformat()} {place[1]}", of)

    def seal_text(self, place: str, of: str) -> str:
        """Seal a place in a list that isn't ordered by creation time and ID, encoded as text."""
        payload = place.encode()
        return urlsafe_b64encode(self._mac(payload, of) + payload).decode().rstrip("=")

    def open(self, cursor: str, of: str) -> Place:
        """Return the place in a cursor. Raises InvalidInput unless the cursor was sealed here for the same list."""
        created_at, _, id = self.open_text(cursor, of).partition(" ")
        return datetime.fromisoformat(created_at), id

    def open_text(self, cursor: str, of: str) -> str:
        """Return the text in a cursor that `seal_text` sealed. Raises InvalidInput as `open` does."""
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            mac, payload = sealed[:MAC_BYTES], sealed[MAC_BYTES:]
            if not hmac.compare_digest(mac, self._mac(payload, of)):
                raise ValueError
            return payload.decode()
        except ValueError as error:
            raise InvalidInput(
                "cursor",
                "This cursor isn't valid for this list. Start over without a cursor, and don't change the"
                " filters or the sort order between pages.",
            ) from error

    def _mac(self, payload: bytes, of: str) -> bytes:
        return hmac.digest(self._key, of.encode() + b"\0" + payload, "sha256")[:MAC_BYTES]
