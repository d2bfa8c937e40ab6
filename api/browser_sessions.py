"""Sessions of browsers: responses that issue tokens put them into cookies if a page of this server asks for that.

Scripts can't read these cookies, so a script that gets into a page can't take the session with it. Programs, and pages
of other servers, receive tokens in the response and send them in a header.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Literal

from fastapi import Depends, Header, Request, Response, status

from api.cookies import MODE_HEADER, asks_for_cookies, cleared_cookies, is_own_page, refresh_token, set_cookies
from api.deps import ClosedRoute, WithParts, parts_of
from api.errors import answer
from chimera.config.settings import Settings
from models.errors import ForeignPage, NotSignedIn, TokenRefused
from models.users import BrowserSession, Tokens

OTHER_TAB_S = 0.5
"""Time for the new cookies to arrive, which another response brings."""


class TokenAnswers:
    """Turns the tokens that a request has earned into its response."""

    def __init__(self, request: Request, response: Response, settings: Settings) -> None:
        self._request, self._response, self._settings = request, response, settings

    @property
    def in_cookies(self) -> bool:
        return asks_for_cookies(self._request)

    @property
    def refresh_token(self) -> str:
        """The refresh token of the browser. Raises TokenRefused if it has none."""
        token = refresh_token(self._request)
        if token is None:
            raise TokenRefused("refresh")
        return token

    def of(self, tokens: Tokens) -> Tokens | BrowserSession:
        """Return the response's body, without the tokens if they are in cookies."""
        if not self.in_cookies:
            return tokens
        refresh_s = self._settings.refresh_token_days * 24 * 60 * 60
        values = set_cookies(self._request, tokens.access_token, tokens.expires_in, tokens.refresh_token, refresh_s)
        _add(self._response, values)
        return BrowserSession(expires_in=tokens.expires_in)

    async def of_another_tab(self) -> BrowserSession:
        """Return the response for a tab whose refresh another tab has overtaken: the browser has the new cookies."""
        await asyncio.sleep(OTHER_TAB_S)
        return BrowserSession(expires_in=self._settings.access_token_minutes * 60)

    def refused(self, error: TokenRefused) -> Response:
        """Return the response to a refresh token that can't be used, which a browser then forgets."""
        return forgetting(self._request, answer(error)) if self.in_cookies else answer(error)


_Mode = Annotated[
    Literal["cookie"] | None,
    Header(
        alias=MODE_HEADER,
        description="With `cookie`, the session's tokens are in HttpOnly cookies instead of JSON. Only pages of this"
        " server can use it.",
    ),
]


async def _token_answers(request: Request, response: Response, parts: WithParts, _: _Mode = None) -> TokenAnswers:
    if asks_for_cookies(request) and not is_own_page(request):
        raise ForeignPage
    return TokenAnswers(request, response, parts.settings)


WithTokenAnswers = Annotated[TokenAnswers, Depends(_token_answers)]


class SignOutRoute(ClosedRoute):
    """Also signs out browsers whose access token has expired: ends the session of the refresh token, if there is one.

    The response deletes the cookies in any case, because a page can't.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def in_any_case(request: Request) -> Response:
            # A token or key in a header goes first, and must be valid.
            is_browser = asks_for_cookies(request) and is_own_page(request) and not _has_other_credential(request)
            try:
                response = await handle(request)
            except NotSignedIn:
                if not is_browser:
                    raise
                if (token := refresh_token(request)) is not None:
                    await parts_of(request).auth.end_session_of(token)
                response = Response(status_code=status.HTTP_204_NO_CONTENT)
            return forgetting(request, response) if is_browser else response

        return in_any_case


def forgetting(request: Request, response: Response) -> Response:
    """Let the response delete the browser's cookies."""
    _add(response, cleared_cookies(request))
    return response


def _has_other_credential(request: Request) -> bool:
    return "authorization" in request.headers or "x-api-key" in request.headers


def _add(response: Response, cookies: list[str]) -> None:
    for value in cookies:
        response.headers.append("Set-Cookie", value)
