"""Secrets to search for: provider keys that exist only in this run, and the secrets that the stack created."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from benchmarks.security.finding import PASSWORD
from chimera.config.payload_keys import parse
from tests.stack import Stack
from tests.wires.gateway.service import ANTHROPIC, GOOGLE, SIMULATED, settings_for

VENDORS = ("openai", "anthropic", "google", "local")
NAMED = f"CANARY-named-{uuid4().hex}"
"""A secret for the files of MCP servers and HTTP APIs, which no such file refers to."""
KEYS = {vendor: f"sk-CANARY-{vendor}-{uuid4().hex}" for vendor in VENDORS}
WIRES = (ANTHROPIC, GOOGLE)


def variables() -> dict[str, str]:
    """Return the keys and a named secret as variables of the process that starts the stack, as users set them."""
    keys = {f"CHIMERA_{vendor.upper()}_API_KEY": key for vendor, key in KEYS.items()}
    return {**keys, "CHIMERA_SECRET_BANK": NAMED}


def settings(simulator_port: int) -> dict[str, Any]:
    """Return settings that make the simulator stand in for every vendor, with the vendor's canary as its API key."""
    models = {name: settings_for(WIRES, 0)[name] for name in ("prices", "context_windows")}
    for values in models.values():
        assert isinstance(values, dict)
        values["openai/fast"] = values[ANTHROPIC.model]
    return {
        **models,
        "simulator_port": simulator_port,
        "openai_base_url": f"http://127.0.0.1:{simulator_port}/v1",
        **{f"{vendor}_api_key": SecretStr(key) for vendor, key in KEYS.items()},
    }


MODELS = (SIMULATED, "openai/fast", *(wire.model for wire in WIRES))


def secrets_of(stack: Stack) -> Iterator[tuple[str, str]]:
    """Yield the kind and the text of each secret that only processes that need it may have."""
    for key in KEYS.values():
        yield "provider key", key
    kept = json.loads((stack.settings.data_dir / "secrets.json").read_text())
    assert stack.settings.jwt_secret is not None
    yield "signing key", stack.settings.jwt_secret.get_secret_value()
    yield "database password", unquote(str(conninfo_to_dict(stack.settings.database_url or "")["password"]))
    yield "superuser's password", kept["postgres_password"]
    yield "Redis password", kept["redis_password"]
    yield "Redis administrator's password", kept["redis_admin_password"]
    assert stack.settings.payload_keys is not None
    for payload_key in parse(stack.settings.payload_keys.get_secret_value()).values():
        yield "payload key", b64encode(payload_key).decode()
    yield "password of a user", PASSWORD
