"""ETags: a change that is based on an older state is rejected instead of overwriting what came in between.

A tag is a hash of what it stands for. `If-Match` is compared within the transaction that changes the row, while the row
is locked, so of two changes that are based on the same state, only the first one succeeds.
"""

import hashlib
import json
import re
from typing import Annotated

from fastapi import Depends, Header, Request, Response
from pydantic_core import to_jsonable_python

from models.errors import InvalidInput, Outdated

TAG = "ETag"
_MAX_CHARS = 2000
_PATTERN = r'^(\*|(W/)?"[!#-~]*"(, *(W/)?"[!#-~]*")*)$'
"""For the OpenAPI document: `_names` checks the value, and explains what is wrong with it."""
_ADVICE = 'Send the ETag from an earlier response, including its quotes: "…".'
_LISTED = re.compile(r'\s*(W/)?("[\x21\x23-\x7e]*")\s*(?:,|$)')


def tag_of(*facts: object) -> str:
    """Return the strong tag of a view, or of the facts about a row that a change could overwrite."""
    # PostgreSQL doesn't keep the order of names in JSON.
    ordered = json.dumps(to_jsonable_python(facts), sort_keys=True)
    return f'"{hashlib.sha256(ordered.encode()).hexdigest()[:32]}"'


class Tagged:
    """The tag of one request's object: `show` sends it, and `check` compares it with the tag that a change expects."""

    def __init__(self, response: Response, expected: str | None) -> None:
        self._response = response
        self._expected = expected

    def show(self, *facts: object) -> None:
        """Send the tag of the object's current state."""
        self._response.headers[TAG] = tag_of(*facts)

    def check(self, *facts: object) -> None:
        """Raise Outdated unless the object is in the state that the request expects. Its row must be locked."""
        if self._expected is not None and not _names(self._expected, tag_of(*facts), field="If-Match", weakly=False):
            raise Outdated


async def _shown(
    response: Response,
    if_none_match: Annotated[
        str | None,
        Header(
            alias="If-None-Match",
            max_length=_MAX_CHARS,
            json_schema_extra={"pattern": _PATTERN},
            description="`ETag` of the state that you have. If it is current, the response is 304 without a body.",
        ),
    ] = None,
) -> Tagged:
    # The route compares it with the tag of its response, in `not_modified`.
    return Tagged(response, None)


async def _versioned(response: Response) -> Tagged:
    return Tagged(response, None)


async def checked(
    response: Response,
    if_match: Annotated[
        str | None,
        Header(
            alias="If-Match",
            max_length=_MAX_CHARS,
            json_schema_extra={"pattern": _PATTERN},
            description="`ETag` of the state that your change is based on. If the state has changed since, the response"
            " is 412, and nothing changes. Without this header, the change applies to any state.",
        ),
    ] = None,
) -> Tagged:
    """Return the tag of an object that this request may change."""
    return Tagged(response, if_match)


ShowsTag = Annotated[Tagged, Depends(_shown)]
"""For a GET whose response is the same as long as the tag is: the client can ask whether it has changed."""
ShowsVersion = Annotated[Tagged, Depends(_versioned)]
"""For a GET whose response also contains what isn't edited, such as costs: its tag is only for `If-Match`."""
ChecksTag = Annotated[Tagged, Depends(checked)]
"""For a request that changes or deletes the object."""


def not_modified(request: Request, response: Response) -> Response:
    """Return the response, or 304 if the client's `If-None-Match` names its tag."""
    known, tag = request.headers.get("If-None-Match"), response.headers.get(TAG)
    if request.method != "GET" or known is None or tag is None or response.status_code != 200:
        return response
    if not _names(known, tag, field="If-None-Match", weakly=True):
        return response
    return Response(status_code=304, headers={TAG: tag})


def _names(header: str, tag: str, *, field: str, weakly: bool) -> bool:
    """Return whether a header names a tag. Raises InvalidInput if it isn't a list of tags (RFC 9110, 13.1)."""
    if header.strip() == "*":
        return True
    found, place = False, 0
    if not header.strip():
        raise InvalidInput(field, _ADVICE)
    while place < len(header):
        listed = _LISTED.match(header, place)
        if listed is None:
            raise InvalidInput(field, _ADVICE)
        found = found or (listed[2] == tag and (weakly or listed[1] is None))
        place = listed.end()
    return found
