"""Access tokens as requests carry them."""

from starlette.requests import HTTPConnection


def bearer_token(connection: HTTPConnection) -> str | None:
    """Return the token of the Authorization header; no other place is read."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None
