"""Secrets at rest: sealed for one place, with keys that can be replaced."""

import pytest
from pydantic import SecretStr

from chimera.config import payload_keys
from chimera.config.sealing import NoKey, NotUnsealable, seal, unseal
from chimera.config.settings import Settings


def settings_with(*keys: str) -> Settings:
    return Settings(payload_keys=SecretStr(",".join(keys)))


def test_a_secret_is_unsealed_where_it_was_sealed() -> None:
    settings = settings_with(payload_keys.made())
    sealed = seal(settings, b"hidden", "table.row.headers")
    assert b"hidden" not in sealed
    assert unseal(settings, sealed, "table.row.headers") == b"hidden"
    with pytest.raises(NotUnsealable):
        unseal(settings, sealed, "table.other.headers")


def test_older_keys_unseal() -> None:
    old, new = payload_keys.made(), payload_keys.made()
    sealed = seal(settings_with(old), b"hidden", "a.b")
    assert unseal(settings_with(new, old), sealed, "a.b") == b"hidden"
    with pytest.raises(NotUnsealable, match="after the first key"):
        unseal(settings_with(new), sealed, "a.b")


def test_without_a_key_nothing_is_sealed() -> None:
    with pytest.raises(NoKey, match="Set CHIMERA_PAYLOAD_KEYS") as caught:
        seal(Settings(), b"hidden", "table.row.headers")
    assert caught.value.field == "headers"


@pytest.mark.parametrize("damaged", [b"", b"\x05", b"\x02k1", b"\xff" * 40])
def test_damaged_values_are_refused(damaged: bytes) -> None:
    with pytest.raises(NotUnsealable):
        unseal(settings_with(payload_keys.made()), damaged, "a.b")
