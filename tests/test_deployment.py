"""Properties of the container files that can be checked without a container engine."""

import re
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import yaml

from chimera.config.settings import Settings
from chimera.local.redis import MAY
from chimera.local.temporal import DYNAMIC_CONFIG
from models.workflows import SEARCH_ATTRIBUTES, registration_of

ROOT = Path(__file__).parents[1]


def compose() -> dict[str, Any]:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def test_published_ports_are_loopback_without_temporals() -> None:
    published = {name: service.get("ports", []) for name, service in compose()["services"].items()}
    ports = [port for each in published.values() for port in each]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert published["temporal"] == published["postgres"] == published["redis"] == []


def test_long_running_services_have_health_checks_and_limits() -> None:
    for name, service in compose()["services"].items():
        if service["restart"] == "unless-stopped":
            assert "healthcheck" in service or name == "temporal-ui", name
            assert "limits" in service["deploy"]["resources"], name


def test_the_name_of_the_service_is_the_apis_own() -> None:
    """The API accepts its machine's name as its host, so `http://api:8000` needs no setting."""
    assert compose()["services"]["api"]["hostname"] == "api"


def test_the_guide_names_the_gateway_of_the_network() -> None:
    (network,) = compose()["networks"]["chimera"]["ipam"]["config"]
    assert ip_address(network["gateway"]) in ip_network(network["subnet"])
    guide = (ROOT / "docs" / "how-to" / "run-in-production.md").read_text()
    assert f"CHIMERA_TRUSTED_PROXIES={network['gateway']}`" in guide


def test_only_settings_that_exist_are_set() -> None:
    # The last one is used only by the composition itself, as part of an address.
    known = {f"CHIMERA_{name.upper()}" for name in Settings.model_fields}
    known |= {"CHIMERA_READY_FILE", "CHIMERA_DATABASE_PASSWORD", "CHIMERA_REDIS_PASSWORD"}
    for file in ("docker-compose.yml", "Dockerfile"):
        assert set(re.findall(r"CHIMERA_[A-Z_]*[A-Z]", (ROOT / file).read_text())) <= known, file


def test_only_processes_using_a_secret_get_it() -> None:
    """A service has a secret if it refers to it, or if it reads all of `.env` and doesn't clear the secret."""
    secrets = (
        *("POSTGRES_PASSWORD", "CHIMERA_DATABASE_PASSWORD", "TEMPORAL_DATABASE_PASSWORD"),
        *("CHIMERA_REDIS_PASSWORD", "CHIMERA_JWT_SECRET", "CHIMERA_PAYLOAD_KEYS"),
    )
    has = {secret: set[str]() for secret in secrets}
    keys = set()
    for name, service in compose()["services"].items():
        environment = service.get("environment", {})
        if "env_file" in service:
            keys.add(name)
        for secret in secrets:
            referred = any(f"${{{secret}" in str(value) for value in environment.values())
            if referred or ("env_file" in service and environment.get(secret) != ""):
                has[secret].add(name)
    assert keys == {"api", "worker"}
    assert has == {
        "POSTGRES_PASSWORD": {"postgres", "roles"},
        "CHIMERA_DATABASE_PASSWORD": {"roles", "migrate", "api", "worker"},
        "TEMPORAL_DATABASE_PASSWORD": {"roles", "temporal-schema", "temporal"},
        "CHIMERA_REDIS_PASSWORD": {"api", "worker"},
        "CHIMERA_JWT_SECRET": {"api"},
        "CHIMERA_PAYLOAD_KEYS": {"api", "worker"},
    }


def test_the_containers_redis_permits_the_same_commands() -> None:
    _, default, chimera = " ".join(compose()["services"]["redis"]["command"]).split(" --user ")
    assert default == "default on nopass resetkeys resetchannels -@all +ping"
    assert chimera.split() == ["chimera", "on", ">${CHIMERA_REDIS_PASSWORD:?set", "it", "in", ".env}", *MAY]


def test_both_servers_get_the_same_dynamic_configuration() -> None:
    loaded = yaml.safe_load((ROOT / "temporal-config" / "dynamicconfig" / "chimera.yaml").read_text())
    assert {f"{key}={str(value[0]['value']).lower()}" for key, value in loaded.items()} == set(DYNAMIC_CONFIG)


def test_setup_registers_the_codes_search_attributes() -> None:
    script = (ROOT / "temporal-config" / "setup.sh").read_text()
    assert re.findall(r"^Chimera\w+=\w+$", script, re.MULTILINE) == [
        registration_of(each) for each in SEARCH_ATTRIBUTES
    ]


def test_the_image_contains_the_console_from_the_locked_packages() -> None:
    stages = (ROOT / "Dockerfile").read_text()
    assert "npm ci --omit=dev --ignore-scripts" in stages
    assert "COPY --from=console /src/api/console api/console" in stages
    # A developer's packages and build must not reach the image.
    assert {"frontend/node_modules", "api/console"} <= set((ROOT / ".dockerignore").read_text().splitlines())
