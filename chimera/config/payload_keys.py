"""The keys that encrypt Temporal's payloads: how to parse, write and generate them.

The format is `id:key`, where the key is 32 random bytes in base64; several keys are separated by commas. The first key
encrypts, and all of them decrypt. An ID isn't secret: it is stored with each payload.
"""

import re
import secrets
from base64 import b64encode
from collections.abc import Sequence

from models.codec import bytes_of

KEY_BYTES = 32
MIN_DIFFERENT = 16
"""Minimum of different bytes in a key: 32 random ones have 30 on average, and fewer than this practically never."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_REMEDY = 'To create a key, run: echo "k1:$(openssl rand -base64 32)"'


def parse(text: str) -> dict[str, bytes]:
    """Return the keys by their IDs, in order. Raises ValueError, whose message doesn't contain any key."""
    keys: dict[str, bytes] = {}
    for number, written in enumerate(text.split(","), start=1):
        id, colon, key = written.strip().partition(":")
        place = f"Key {number}"
        if not colon or not _ID.fullmatch(id):
            raise ValueError(
                f"{place} doesn't begin with an ID and a colon. An ID can contain letters, digits, '.', '_' and"
                f" '-'. {_REMEDY}"
            )
        if id in keys:
            raise ValueError(f"{place} has the same ID as an earlier key: {id!r}. Give each key its own ID.")
        keys[id] = _bytes_of(key, f"{place} ({id!r})")
    return keys


def in_words(ids: Sequence[str]) -> str:
    """Describe the use of the keys with these ids; the first one encrypts."""
    if not ids:
        return "doesn't encrypt"
    return f"encrypts with {ids[0]}" + (f" and also decrypts with {', '.join(ids[1:])}" if ids[1:] else "")


def written(keys: dict[str, bytes]) -> str:
    """Write keys in the format that `parse` reads."""
    return ",".join(f"{id}:{b64encode(key).decode()}" for id, key in keys.items())


def made() -> str:
    """Generate a key, with an ID that no other installation has."""
    return written({f"k{secrets.token_hex(4)}": secrets.token_bytes(KEY_BYTES)})


def _bytes_of(key: str, place: str) -> bytes:
    try:
        found = bytes_of(key)
    except ValueError:
        raise ValueError(f"{place} is not valid base64. {_REMEDY}") from None
    if len(found) != KEY_BYTES:
        raise ValueError(f"{place} is {len(found)} bytes long instead of {KEY_BYTES}. {_REMEDY}")
    if len(set(found)) < MIN_DIFFERENT:
        raise ValueError(f"{place} is easy to guess because its bytes repeat. {_REMEDY}")
    return found
