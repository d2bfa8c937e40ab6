"""Our own JSON-RPC error codes, which say what happened to a request, and the limits of messages."""

from typing import Final

MAX_MESSAGE_BYTES: Final = 8 * 1024 * 1024
"""The longest message of a server: images of 5 MB are 6.7 MB in base64."""

TOO_LARGE: Final = -31901
"""The answer is longer than `MAX_MESSAGE_BYTES`."""
NOT_SENT: Final = -31902
"""The request certainly didn't reach the server, or the server didn't accept it."""
LOST: Final = -31903
"""The request may have reached the server, but no answer arrived."""
REFUSED: Final = -31904
"""The server refused the request's credentials."""
EXPIRED: Final = -31905
"""The server has forgotten the session. It didn't accept the request; a new session is needed."""
