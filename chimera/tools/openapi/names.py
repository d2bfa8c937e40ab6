"""Names of tools and arguments, within the characters and lengths that all vendors accept."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from models.tools import SEPARATOR

MAX_NAME = 64

_OTHER = re.compile(r"[^A-Za-z0-9_-]+")


class Named(Protocol):
    """An operation, with what its name is made of."""

    @property
    def operation_id(self) -> str | None: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...


def tool_names(api: str, operations: Sequence[Named]) -> list[str]:
    """Return the names of an API's operations.

    The names don't depend on the operations' order: those that would be equal all end in a hash of method and path.
    """
    names = [f"{api}{SEPARATOR}{_base(each)}" for each in operations]
    cut = [_shortened(name, name) for name in names]
    count = Counter(cut)
    return [
        name if count[name] == 1 else _shortened(full, f"{each.method} {each.path}", always=True)
        for name, full, each in zip(cut, names, operations, strict=True)
    ]


def argument_name(name: str) -> str:
    """Return a parameter's name as an argument's."""
    return (re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_") or "value")[:MAX_NAME]


def _base(operation: Named) -> str:
    if operation.operation_id and (name := _OTHER.sub("_", operation.operation_id).strip("_")):
        return name
    return f"{operation.method.lower()}_{_OTHER.sub('_', operation.path).strip('_')}".strip("_")


def _shortened(name: str, identity: str, *, always: bool = False) -> str:
    if len(name) <= MAX_NAME and not always:
        return name
    return f"{name[: MAX_NAME - 9]}_{hashlib.sha256(identity.encode()).hexdigest()[:8]}"
