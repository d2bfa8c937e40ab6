"""Decides whether two requests are the same, by their meaning instead of their notation.

A repeated request may come from another program, with names in another order, 1 as 1.0, or a default sent or omitted.
The order of a list is part of its meaning.
"""

import hashlib
import json

from pydantic import BaseModel, JsonValue


def fingerprint_of(body: BaseModel) -> str:
    """Hash a request's meaning. Defaults are omitted, so that fields of later versions don't change older hashes."""
    meant = canonical(body.model_dump(mode="json", exclude_defaults=True))
    return _hash_of(json.dumps(meant, sort_keys=True, separators=(",", ":")))


def older_fingerprint_of(body: BaseModel) -> str:
    """Hash a request as earlier versions did: the sent values, in the order of their fields. Rows from these versions
    contain such hashes."""
    return _hash_of(body.model_dump_json(exclude_unset=True))


def canonical(value: JsonValue) -> JsonValue:
    """Return a value with 1.0 as 1, because JSON has only one kind of number."""
    match value:
        case float() if value.is_integer():
            # PostgreSQL, too, treats 1 and 1.0 as equal.
            return int(value)
        case list():
            return [canonical(item) for item in value]
        case dict():
            return {name: canonical(item) for name, item in value.items()}
    return value


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
