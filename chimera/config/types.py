"""Types for settings. Each type rejects values that can't work, and shows how to write them.

Messages don't show database addresses, because they may contain a password.
"""

import logging
import os
import re
from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, SecretStr

from chimera.config import payload_keys
from chimera.config.addresses import problem_of
from models.retention import MIN_AUDIT_DAYS

HIGHEST_PORT = 65535
MIN_SECRET_BYTES = 32
MIN_DIFFERENT = 10
"""Minimum number of different characters in a secret: 32 random hexadecimal digits have 14 on average, and fewer than
ten once in ten thousand.
"""
_HOST_NAME = re.compile(r"(?!.*\.\.)[A-Za-z0-9]([A-Za-z0-9.-]{0,250}[A-Za-z0-9])?")
_HOST_AND_PORT = re.compile(r"(\[[0-9A-Fa-f:.%]+\]|[^\s/:\[\]]+):(\d{1,5})")


def _beginning_with(*schemes: str, example: str) -> Callable[[str], str]:
    def check(value: str) -> str:
        if not value.startswith(schemes):
            listed = ", ".join(schemes[:-1]) + f" or {schemes[-1]}"
            raise ValueError(f"The address doesn't begin with {listed}. Use an address such as {example}.")
        return value

    return check


def _has_a_number_for_its_port(value: str) -> str:
    try:
        _ = value.startswith("unix://") or urlsplit(value).port
    except ValueError:
        # The message doesn't show the address, because it may contain a password.
        raise ValueError(
            "The port in the address is not a number. If the password in the address contains / or @, encode these"
            " characters as %2F and %40."
        ) from None
    return value


def _has_a_port(value: str) -> str:
    found = _HOST_AND_PORT.fullmatch(value)
    if found is None or not 1 <= int(found[2]) <= HIGHEST_PORT:
        raise ValueError(
            f"{value!r} is not in the form host:port. Use a value such as 127.0.0.1:7233, without a scheme."
        )
    return value


def _is_a_level(value: str) -> str:
    if value.upper() not in logging.getLevelNamesMapping():
        raise ValueError(
            f"{value!r} is not a valid log level. Use one of these levels: DEBUG, INFO, WARNING, ERROR, CRITICAL."
        )
    return value.upper()


def _is_a_network(value: str) -> str:
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError(
            f"{value!r} is not an IP address or network. Use a value such as 10.0.0.7 or 172.16.0.0/12."
        ) from None


def _is_an_origin(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        is_one = is_one and value == f"{parts.scheme}://{parts.netloc}".lower()
    except ValueError:
        is_one = False
    if not is_one or "@" in value or "*" in value:
        raise ValueError(
            f"{value!r} is not a valid origin. Use an origin such as https://chimera.example or http://localhost:3000,"
            " in lowercase and without a path or wildcard."
        )
    return value


def _is_a_host(value: str) -> str:
    if not _HOST_NAME.fullmatch(value):
        raise ValueError(f"{value!r} is not a host name. Use a name such as chimera.example, without a scheme or port.")
    return value.lower()


def _is_a_host_pattern(value: str) -> str:
    try:
        return "*." * value.startswith("*.") + _is_a_host(value.removeprefix("*."))
    except ValueError:
        raise ValueError(
            f"{value!r} is not a host name. Use a name such as api.example.com, or *.example.com for all names below"
            " example.com."
        ) from None


def _is_a_web_address(value: str) -> str:
    if problem_of(value) is not None:
        raise ValueError(f"{value!r} is not a web address. Use an address such as https://temporal.example.")
    return value


def _can_not_be_guessed(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if len(secret.encode()) < MIN_SECRET_BYTES:
        problem = f"The secret is shorter than {MIN_SECRET_BYTES} bytes"
    elif len(set(secret)) < MIN_DIFFERENT or secret in (secret + secret)[1:-1]:
        problem = "The secret is easy to guess because it repeats itself"
    else:
        return value
    raise ValueError(
        f"{problem}. To create a secret, run: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
    )


def _can_be_sent(value: SecretStr) -> SecretStr:
    secret = value.get_secret_value()
    if not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ValueError("The key contains spaces or other invalid characters. Enter only the key, without 'Bearer'.")
    return value


def _are_payload_keys(value: SecretStr) -> SecretStr:
    payload_keys.parse(value.get_secret_value())
    return value


def _in_utf8(path: Path) -> Path:
    """Return a path that works even if the locale can't encode it: settings and file names on disk are UTF-8."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return Path(os.fsdecode(str(path).encode("utf-8", "surrogateescape")))
    return path


def _is_a_time_zone(value: str) -> str:
    if value not in available_timezones():
        raise ValueError(f"Unknown time zone {value!r}. Use an IANA name such as 'Europe/Berlin'.")
    return value


def _is_long_enough(value: int) -> int:
    if 0 < value < MIN_AUDIT_DAYS:
        raise ValueError(f"{value} days are too few. Use 0 to keep entries forever, or at least {MIN_AUDIT_DAYS}.")
    return value


OnDisk = Annotated[Path, AfterValidator(_in_utf8)]
Port = Annotated[int, Field(ge=1, le=HIGHEST_PORT)]
Positive = Annotated[int, Field(ge=1)]
NotNegative = Annotated[int, Field(ge=0)]
KeptDays = Annotated[int, Field(ge=0, le=36_500)]
"""How many days something is kept; 0: forever."""
AuditDays = Annotated[KeptDays, AfterValidator(_is_long_enough)]
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
"""An IP address, or a whole network."""
Origin = Annotated[str, AfterValidator(_is_an_origin)]
HostName = Annotated[str, AfterValidator(_is_a_host)]
HostPattern = Annotated[str, AfterValidator(_is_a_host_pattern)]
"""A host name, or `*.example.com` for all names below it."""
WebAddress = Annotated[str, AfterValidator(_is_a_web_address)]
Secret = Annotated[SecretStr, AfterValidator(_can_not_be_guessed)]
SentSecret = Annotated[SecretStr, AfterValidator(_can_be_sent)]
"""A secret that is sent in a header."""
PayloadKeys = Annotated[SecretStr, AfterValidator(_are_payload_keys)]
HostAndPort = Annotated[str, AfterValidator(_has_a_port)]
TimeZone = Annotated[str, AfterValidator(_is_a_time_zone)]
LogLevel = Annotated[str, AfterValidator(_is_a_level)]
"""One of Python's log levels, in upper or lower case."""
