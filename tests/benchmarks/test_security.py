"""The report of findings: a defence that wasn't tested is never reported as holding."""

import asyncio
import re
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from pydantic import SecretStr

from api.app import create_app
from benchmarks.security import at_rest, canaries, egress, exposure, malformed, patterns
from benchmarks.security.__main__ import FINDINGS, row_of, tried
from benchmarks.security.finding import API, Finding, Seen
from chimera.config.settings import Settings
from chimera.local import kept_secrets
from chimera.local.folder import Folder
from tests import destinations
from tests.parts import SECRET
from tests.stack import Stack


async def nothing(stack: object) -> Seen:
    return Seen()


def test_every_finding_has_an_id_of_its_own() -> None:
    ids = [finding.id for finding in FINDINGS]
    assert len(ids) == len(set(ids))


def test_cases_of_the_matrix_come_last_and_in_order() -> None:
    ids = [finding.id for finding in FINDINGS]
    assert ids.index("B2") < ids.index("B10") < ids.index("B28") < ids.index("S04") < ids.index("S50")


@pytest.mark.parametrize(
    ("seen", "reported"),
    [
        (Seen(trials=3), "| 3 | holds |"),
        (Seen(not_tried="needs root"), "| 0 | not tried: needs root |"),
        (Seen(trials=2, problems=["a", "a", "b"], figures={"ms": 7}), "| 2 | **broken**: a; b (ms 7) |"),
        (Seen(trials=1, decisions=["so"]), "| 1 | holds; by decision: so |"),
        (Seen(not_tried="needs root", problems=["a"]), "| 0 | **broken**: a |"),
        (Seen(), "| 0 | **broken**: nothing was tried |"),
    ],
)
def test_a_row_shows_the_finding(seen: Seen, reported: str) -> None:
    assert row_of(Finding("B1", "something", nothing), seen) == f"| B1 | something {reported}"


def test_an_attack_that_breaks_off_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    async def breaks(stack: object) -> Seen:
        raise RuntimeError("away")

    seen = asyncio.run(tried(Finding("B1", "something", breaks), None))  # type: ignore[arg-type]
    assert seen.problems == ["couldn't be tried: RuntimeError"]
    assert "away" in capsys.readouterr().err


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """Return the API's own OpenAPI document."""
    return create_app(Settings(_env_file=None, jwt_secret=SecretStr(SECRET))).openapi()


def is_there(document: dict[str, Any], path: str) -> bool:
    """Return whether the API has a path. Parameters in braces match anything."""
    asked = re.sub(r"{\w*}", "x", path.partition("?")[0])
    return any(re.fullmatch(re.sub(r"{\w+}", "[^/]+", known), f"{API}{asked}") for known in document["paths"])


UNKNOWN = {"/{}", "/tasks/{}/events"}
"""A path that doesn't exist, and one that isn't in the document."""


@pytest.mark.parametrize("path", [path for path in (*malformed.PATHS, *at_rest.LISTS) if path not in UNKNOWN])
def test_addresses_that_rows_ask_exist(document: dict[str, Any], path: str) -> None:
    assert is_there(document, path)


@pytest.mark.parametrize(("path", "name"), patterns.BODIES)
def test_evil_texts_are_in_existing_fields(document: dict[str, Any], path: str, name: str) -> None:
    body = document["paths"][f"{API}{path}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert name in document["components"]["schemas"][body["$ref"].rpartition("/")[2]]["properties"]


def test_every_prompt_of_an_agent_is_tried() -> None:
    assert {name for path, name in patterns.BODIES if path == "/agents"} >= {"prompt", "description"}


def answering(arrived: list[httpx2.Request], **answer: Any) -> Stack:
    """A stack whose API isn't running: requests are recorded in `arrived` and answered with `answer`."""

    def take(request: httpx2.Request) -> httpx2.Response:
        arrived.append(request)
        return httpx2.Response(**answer)

    client = httpx2.AsyncClient(transport=httpx2.MockTransport(take), base_url="http://127.0.0.1")
    return cast(Stack, SimpleNamespace(api=client))


def test_enough_spellings_of_private_destinations_are_tried() -> None:
    urls = list(destinations.spellings(50_000))
    assert len(urls) == len(set(urls)) >= 60


@pytest.mark.parametrize("row", egress.FINDINGS, ids=lambda row: row.id)
async def test_no_private_destination_is_reached(row: Finding) -> None:
    seen = await row.attack(cast(Stack, SimpleNamespace(settings=Settings(_env_file=None))))
    assert seen.problems == []
    assert seen.figures["connects"] == 0


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/event-stream"}])
async def test_the_requested_number_of_requests_is_sent(headers: dict[str, str]) -> None:
    arrived: list[httpx2.Request] = []
    seen = Seen()
    await exposure.ask(answering(arrived, status_code=404, headers=headers), seen, Random(1), 200, {500})
    assert len(arrived) == seen.figures[exposure.SENT] == 200
    assert seen.figures[exposure.UNSENT] > 0
    assert not seen.problems


async def test_a_stream_that_fails_is_a_problem() -> None:
    seen = Seen()
    stack = answering([], status_code=500, headers={"content-type": "text/event-stream"})
    await exposure.ask(stack, seen, Random(1), 5, {500})
    assert seen.problems


def test_every_secret_that_is_kept_is_sought(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path / "data")
    names = [value for name, value in vars(kept_secrets).items() if name.isupper() and isinstance(value, str)]
    kept_secrets.make(folder, *names)
    kept = {name: kept_secrets.kept(folder, name) for name in names}
    settings = SimpleNamespace(
        data_dir=folder.root,
        jwt_secret=kept["jwt_secret"],
        payload_keys=kept["payload_keys"],
        database_url=f"postgresql://chimera:{kept['database_password'].get_secret_value()}@localhost/chimera",
    )
    sought = {secret for _, secret in canaries.secrets_of(cast(Stack, SimpleNamespace(settings=settings)))}
    for name, secret in kept.items():
        assert secret.get_secret_value().rpartition(":")[2] in sought, name
