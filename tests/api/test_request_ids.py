"""A request's ID comes from the client only if it looks like one."""

from uuid import uuid4

import httpx2
import pytest

from api.request_ids import id_of


@pytest.mark.parametrize(
    "sent", ["6c1f0b1e-0000-4000-8000-0000000000ff", "6c1f0b1e" + 24 * "0", "6C1F0B1E" + 24 * "0", 32 * "f"]
)
def test_a_clients_id_is_kept(sent: str) -> None:
    assert id_of({"headers": [(b"host", b"x"), (b"x-request-id", sent.encode())]}) == sent


@pytest.mark.parametrize("sent", ["", "x", "0" * 33, "0" * 32 + "\n", "0" * 31 + "é", "00-" + "0" * 32 + "-01", "a b"])
def test_other_text_is_replaced(sent: str) -> None:
    made = id_of({"headers": [(b"x-request-id", sent.encode("latin-1"))]})
    assert made != sent
    assert len(made) == 32


async def test_a_response_has_one_id(anonymous: httpx2.AsyncClient) -> None:
    sent = uuid4().hex
    answer = await anonymous.get("/nothing", headers={"X-Request-ID": sent})
    assert answer.headers.get_list("X-Request-ID") == [sent]
    assert answer.json()["instance"] == sent
