"""What single settings may be: each type refuses what can't work, with the way to write it.

No message shows an address of a database: there may be a password in it.
"""

import logging
import re
from collections.abc import Callable
from ipaddress import ip_network
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

HIGHEST_PORT = 65535
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s/:\[\]]+):(\d{1,5})")


def _beginning_with(*schemes: str, example: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.startswith(schemes):
            listed = ", ".join(schemes[:-1]) + f" or {schemes[-1]}"
            raise ValueError(f"It does not begin with {listed}; write it as in {example}.")
        return value

    return check


def _has_a_number_for_its_port(value: str) -> str:
    try:
        _ = value.startswith("unix://") or urlsplit(value).port
    except ValueError:
        # Without the address: there may be a password in it.
        raise ValueError("Its port is no number; a password with / or @ in it is written with %2F and %40.") from None
    return value


def _has_a_port(value: str) -> str:
    found = _HOST_AND_PORT.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= HIGHEST_PORT:
        raise ValueError(f"{value!r} is no host and port; write them as in 127.0.0.1:7233, with nothing before.")
    return value


def _is_a_level(value: str) -> str:
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError(f"There is no level {value!r}; use one of DEBUG, INFO, WARNING, ERROR and CRITICAL.")
    return value.upper()


def _is_a_network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError(f"{value!r} is no address or network; write it as in 10.0.0.7 or 172.16.0.0/12.") from None


Port = Annotated[int, Field(ge=1, le=HIGHEST_PORT)]
Positive = Annotated[int, Field(ge=1)]
DatabaseUrl = Annotated[
    str,
    AfterValidator(
        _beginning_with(
            "postgresql://",
            "postgres://",
            "postgresql+psycopg://",
            example="postgresql://user:password@host:5432/chimera",
        )
    ),
]
RedisUrl = Annotated[
    str,
    AfterValidator(_beginning_with("redis://", "rediss://", "unix://", example="redis://host:6379/0")),
    AfterValidator(_has_a_number_for_its_port),
]
Network = Annotated[str, AfterValidator(_is_a_network)]
"""An address, or all of a network."""
HostAndPort = Annotated[str, AfterValidator(_has_a_port)]
LogLevel = Annotated[str, AfterValidator(_is_a_level)]
"""One of Python's, in any case."""
