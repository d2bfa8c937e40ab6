"""The tool that sends one request: what is sent, what is returned, and what is known after a failure."""

import asyncio
from typing import Any

import pytest

from chimera.config.settings import Settings
from chimera.egress.client import EgressClient
from chimera.egress.transport import Ways
from chimera.tools.base import OutcomeUnknown, ToolError, ToolOutput, ToolUnavailable
from chimera.tools.http_request import HttpRequest
from models.tools import ToolKind
from tests.chimera.egress.servers import Arrived, Place, redirects, says, serving, zone
from tests.chimera.tools.calls import context


async def sent(place: Place, **arguments: Any) -> ToolOutput:
    tool = HttpRequest(EgressClient(Settings(egress_allow=place.listed()), Ways(zone({}))))
    return await tool.run({"method": "POST", "url": place.url(), **arguments}, context(key="abc"))


def test_a_request_may_run_only_once() -> None:
    definition = HttpRequest(EgressClient(Settings())).definition
    assert definition.kind is ToolKind.ONCE
    assert not definition.reads_only
    assert definition.egress
    assert definition.untrusted


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
async def test_a_request_is_sent_with_its_key(method: str) -> None:
    async with serving(says(b'{"id": 7}', status=201, kind="application/json")) as place:
        headers = {"Content-Type": "application/json", "idempotency-key": "mine"}
        output = await sent(place, method=method, headers=headers, body='{"a": "ü"}')
        assert output.text == 'Status: 201\ncontent-type: application/json\n\n{"id": 7}'
        arrived = place.arrived[0]
        assert (arrived.method, arrived.headers["idempotency-key"]) == (method, "abc")
        assert (arrived.body.decode(), arrived.headers["content-type"]) == ('{"a": "ü"}', "application/json")


async def test_spaces_around_a_header_are_removed() -> None:
    async with serving(says()) as place:
        await sent(place, headers={"X-Key": " a b "}, body="x")
        assert (place.arrived[0].headers["x-key"], place.arrived[0].body) == ("a b", b"x")


async def test_a_redirect_is_shown_not_followed() -> None:
    async with serving(redirects("https://elsewhere.example/", 307)) as place:
        output = await sent(place)
        assert "Status: 307" in output.text
        assert "location: https://elsewhere.example/" in output.text


async def test_an_error_is_a_failure_with_its_body() -> None:
    async with serving(says(b"no such item", status=404)) as place:
        output = await sent(place, method="DELETE")
        assert output.failed
        assert output.text.endswith("no such item")


async def test_an_answer_that_cannot_be_shown_is_still_known() -> None:
    async with serving(says(bytes(6 << 20), kind="image/png")) as place:
        assert "Status: 200\n\nThe server answered" in (await sent(place)).text
    async with serving(says(b"\x89PNG", kind="image/png")) as place:
        assert "'image/png' and 4 bytes" in (await sent(place)).text


async def test_no_content_is_no_failure() -> None:
    async with serving(says(status=204, headers={"Content-Type": ""})) as place:
        assert not (await sent(place)).failed


async def leaves(writer: asyncio.StreamWriter, arrived: Arrived) -> None:
    """Close the connection without an answer."""


async def test_a_lost_answer_is_an_unknown_outcome() -> None:
    async with serving(leaves) as place:
        with pytest.raises(OutcomeUnknown, match="was sent, but its answer was lost"):
            await sent(place)
        with pytest.raises(ToolUnavailable):
            await sent(place, method="GET")


async def test_a_server_that_is_away_is_unavailable() -> None:
    async with serving(leaves) as place:
        pass
    with pytest.raises(ToolUnavailable):
        await sent(place)


@pytest.mark.parametrize(
    "arguments",
    [
        {"url": "https://nowhere.example/"},
        {"url": "http://169.254.169.254/"},
        {"headers": {"Host": "evil.example"}},
        {"method": "TRACE"},
        {"headers": {"X-Key": "a\nb"}},
    ],
    ids=["unknown host", "metadata", "host", "method", "line break"],
)
async def test_a_refused_request_is_not_sent(arguments: dict[str, Any]) -> None:
    async with serving(says()) as place:
        with pytest.raises(ToolError):
            await sent(place, **arguments)
        assert place.connects == 0
