"""The form of payload keys, and the errors for unusable ones."""

from base64 import b64encode, urlsafe_b64encode

import pytest

from chimera.config import payload_keys
from chimera.config.errors import BadSettings, read_settings

KEY = bytes(range(200, 232))
WRITTEN = b64encode(KEY).decode()


def test_keys_keep_their_order() -> None:
    other = payload_keys.made()
    assert list(payload_keys.parse(f"k1:{WRITTEN}, {other}")) == ["k1", other.partition(":")[0]]


@pytest.mark.parametrize("written", [WRITTEN, WRITTEN.rstrip("="), urlsafe_b64encode(KEY).decode()])
def test_both_alphabets_are_read(written: str) -> None:
    assert payload_keys.parse(f"k1:{written}") == {"k1": KEY}


def test_made_keys_differ_and_can_be_used() -> None:
    keys = payload_keys.parse(",".join(payload_keys.made() for _ in range(20)))
    assert len(set(keys.values())) == 20


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (WRITTEN, "Key 1 doesn't begin with an ID"),
        (f"a b:{WRITTEN}", "Key 1 doesn't begin with an ID"),
        (f":{WRITTEN}", "Key 1 doesn't begin with an ID"),
        (f"{'i' * 65}:{WRITTEN}", "Key 1 doesn't begin with an ID"),
        (f"k1:{WRITTEN},", "Key 2 doesn't begin with an ID"),
        (f"k1:{WRITTEN},k1:{WRITTEN}", "Key 2 has the same ID as an earlier key: 'k1'"),
        ("k1:", "Key 1 ('k1') is 0 bytes long instead of 32"),
        (f"k1:{b64encode(KEY[:31]).decode()}", "Key 1 ('k1') is 31 bytes long instead of 32"),
        (f"k1:{b64encode(KEY * 2).decode()}", "Key 1 ('k1') is 64 bytes long instead of 32"),
        (f"k1:{WRITTEN[:-4]}ä==", "Key 1 ('k1') is not valid base64"),
        (f"k1:{'A' * 43}=", "Key 1 ('k1') is easy to guess"),
    ],
)
def test_unusable_keys_are_reported(written: str, text: str) -> None:
    with pytest.raises(BadSettings) as caught:
        read_settings(payload_keys=written)
    assert caught.value.message.startswith(f"CHIMERA_PAYLOAD_KEYS: {text}")
    assert WRITTEN[:20] not in caught.value.message


def test_the_command_to_make_a_key_is_shown() -> None:
    with pytest.raises(BadSettings, match="openssl rand -base64 32"):
        read_settings(payload_keys="k1:too short")
