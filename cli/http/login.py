"""Signs in with a password, which is not stored."""

from pathlib import Path

import httpx2

from cli.errors import NotReachable
from cli.http import sign_in
from cli.http.requests import new_http, raise_for
from models.users import Tokens


async def sign_in_with(password: str, email: str, api_url: str, path: Path) -> None:
    """Exchange a password for tokens, and store the tokens in `path`."""
    body = {"email": email, "password": password}
    try:
        async with new_http(api_url) as http:
            response = await http.post(f"{api_url}/api/v1/auth/login", json=body)
    except (httpx2.TransportError, httpx2.InvalidURL) as error:
        raise NotReachable(api_url, type(error).__name__) from error
    raise_for(response)
    async with sign_in.locked(path):
        sign_in.write(path, sign_in.SignIn.of(api_url, email, Tokens.model_validate_json(response.content)))
