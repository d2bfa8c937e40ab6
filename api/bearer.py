"""Reads the credential of a request: an access token or an API key."""

from starlette.requests import HTTPConnection

from api.cookies import access_token
from models.api_keys import PREFIX
from models.errors import ApiKeyRefused, TwoCredentials


def token_of(connection: HTTPConnection) -> str | None:
    """Return the access token or API key of a request: from its headers, or else from a browser's cookie.

    Not for WebSockets, which any page can open with the user's cookies. Raises as `bearer_token` does.
    """
    return bearer_token(connection) or access_token(connection)


def bearer_token(connection: HTTPConnection) -> str | None:
    """Return the access token or API key from the headers, the only places where programs send them.

    These are `Authorization: Bearer …`, and `X-Api-Key: …` for API keys. Raises TwoCredentials for different ones in
    one request, because another program on the way might have read the other one.
    """
    headers = connection.headers
    tokens = {token for value in headers.getlist("authorization") if (token := _bearer(value))}
    keys = {key for value in headers.getlist("x-api-key") if (key := value.strip())}
    if not all(key.startswith(PREFIX) for key in keys):
        raise ApiKeyRefused
    found = tokens | keys
    if len(found) > 1:
        raise TwoCredentials
    return next(iter(found), None)


def _bearer(value: str) -> str | None:
    scheme, _, token = value.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
