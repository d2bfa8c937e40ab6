"""Payloads as Temporal stores them."""

from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from chimera.config import payload_keys
from chimera.config.settings import Settings
from chimera.temporal.payloads import DATA_CONVERTER, Encryption, PayloadUnreadable, converter_of

CANARY = "a canary that sings at dawn"
OLD, NEW = payload_keys.made(), payload_keys.made()


def encryption(*keys: str) -> Encryption:
    return Encryption(Settings(payload_keys=SecretStr(",".join(keys)) if keys else None))


def changed(payload: Payload, **changes: Any) -> Payload:
    return Payload(**{"metadata": dict(payload.metadata), "data": payload.data, **changes})


async def one(keys: Encryption) -> Payload:
    [payload] = await converter_of(keys).encode([CANARY])
    return payload


async def test_payloads_survive_a_round_trip() -> None:
    values = [CANARY, {"a": [1, None]}, None, b"\0bytes"]
    converter = converter_of(encryption(NEW))
    assert await converter.decode(await converter.encode(values)) == values


async def test_nothing_can_be_read_without_the_key() -> None:
    payload = await one(encryption(NEW))
    assert payload.metadata["encoding"] == b"binary/encrypted"
    assert payload.metadata["encryption-key-id"].decode() == NEW.partition(":")[0]
    assert b"canary" not in payload.SerializeToString()


async def test_the_same_value_is_never_written_the_same() -> None:
    keys = encryption(NEW)
    assert len({(await one(keys)).data for _ in range(50)}) == 50


async def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old, both = await one(encryption(OLD)), encryption(NEW, OLD)
    assert await converter_of(both).decode([old, await one(both)]) == [CANARY] * 2
    assert await converter_of(encryption(NEW)).decode([await one(both)]) == [CANARY]


@pytest.mark.parametrize("keys", [(), (NEW,)], ids=["without keys", "with another"])
async def test_an_unknown_key_is_named_with_the_remedy(keys: tuple[str, ...]) -> None:
    with pytest.raises(PayloadUnreadable, match=f"{OLD.partition(':')[0]}.*CHIMERA_PAYLOAD_KEYS"):
        await converter_of(encryption(*keys)).decode([await one(encryption(OLD))])


async def test_payloads_from_before_there_were_keys_are_read() -> None:
    [plain] = await DATA_CONVERTER.encode([CANARY])
    assert await converter_of(encryption(NEW)).decode([plain]) == [CANARY]


async def test_without_keys_nothing_is_encrypted() -> None:
    assert b"canary" in (await one(encryption())).data


async def test_a_damaged_payload_is_refused() -> None:
    good, keys = await one(encryption(NEW)), encryption(NEW)
    for data in (b"", good.data[:12], good.data[:-1], good.data + b"\0", bytes([good.data[0] ^ 1]) + good.data[1:]):
        with pytest.raises(PayloadUnreadable, match="damaged"):
            await keys.decode([changed(good, data=data)])


async def test_the_id_of_a_key_cannot_be_changed() -> None:
    same = NEW.partition(":")[2]
    good = await one(encryption(f"a:{same}"))
    metadata = {**good.metadata, "encryption-key-id": b"b"}
    # The key is the same under both IDs, so that only the ID doesn't match.
    with pytest.raises(PayloadUnreadable, match="'b'"):
        await encryption(f"b:{same}").decode([changed(good, metadata=metadata)])


async def test_another_key_of_the_same_id_is_refused() -> None:
    good = await one(encryption(f"k1:{NEW.partition(':')[2]}"))
    with pytest.raises(PayloadUnreadable, match="a different key that has the same ID"):
        await encryption(f"k1:{OLD.partition(':')[2]}").decode([good])


async def test_a_payload_without_an_id_is_refused() -> None:
    with pytest.raises(PayloadUnreadable, match="''"):
        await encryption(NEW).decode([Payload(metadata={"encoding": b"binary/encrypted"}, data=b"x" * 40)])


async def test_failures_are_encrypted_with_their_causes() -> None:
    converter, failure = converter_of(encryption(NEW)), Failure()
    try:
        try:
            raise ValueError(f"inner {CANARY}")
        except ValueError as inner:
            raise ApplicationError(f"outer {CANARY}", f"detail {CANARY}", type="code") from inner
    except ApplicationError as error:
        await converter.encode_failure(error, failure)
    assert b"canary" not in failure.SerializeToString()
    assert failure.application_failure_info.type == "code"
    decoded = await converter.decode_failure(failure)
    assert isinstance(decoded, ApplicationError)
    assert (decoded.message, decoded.details[0]) == (f"outer {CANARY}", f"detail {CANARY}")
    assert f"inner {CANARY}" in str(decoded.__cause__)


async def test_without_keys_failures_are_left_readable() -> None:
    failure = Failure()
    await converter_of(encryption()).encode_failure(ApplicationError("It failed."), failure)
    assert failure.message == "It failed."
