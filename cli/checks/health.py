"""Reports the health of each part of the running Chimera, including workers, according to its API."""

import httpx2

from chimera.config.settings import Settings
from cli.checks.findings import Finding, Level
from cli.checks.payload_keys import ids_of_a_start, keys_in_use
from cli.errors import NoHttpClient
from cli.http import sign_in
from cli.http.addresses import api_url_of
from cli.http.requests import new_http
from cli.http.sessions import Session
from cli.output.text import one_line
from models.errors import ChimeraError


async def health(settings: Settings, stack_pid: int | None) -> list[Finding]:
    """Ask the API of this data folder's sign-in, or else the API that the settings name."""
    kept = sign_in.read(sign_in.in_folder(settings.data_dir))
    # The running stack may use other ports than the settings say now, and a server elsewhere has its own ports.
    api_url = kept.api_url if kept is not None else api_url_of(settings)
    try:
        async with new_http(api_url) as http:
            answer = (await http.get(f"{api_url}/health", headers=await _signed_in(api_url, http, settings))).json()
        status: str = answer["status"]
        parts: dict[str, dict[str, str]] = answer.get("parts", {})
    except (httpx2.HTTPError, ValueError, KeyError, TypeError, NoHttpClient):
        return [_without_answer(api_url, settings, stack_pid)]
    if not parts:
        level = Level.OK if status == "ok" else Level.WARN
        return [
            Finding(level, f"API at {api_url}", f"{status}. To see each part's status, sign in with 'chimera login'")
        ]
    found = [_health_of(name, part) for name, part in parts.items()]
    is_ours = stack_pid is not None or settings.temporal_address is not None
    return [*found, *keys_in_use(answer.get("payload_keys"), ids_of_a_start(settings) if is_ours else None)]


def _without_answer(api_url: str, settings: Settings, stack_pid: int | None) -> Finding:
    if stack_pid is None:
        return Finding(Level.OK, "Chimera", "not running. To start Chimera, run: chimera up")
    log = settings.data_dir / "logs" / "api.out"
    return Finding(
        Level.FAIL,
        f"API at {api_url}",
        f"doesn't respond, although Chimera is running (process {stack_pid}). For the reason, see {log}.",
    )


async def _signed_in(api_url: str, http: httpx2.AsyncClient, settings: Settings) -> dict[str, str]:
    """Return the header for the sign-in in this folder; empty if there is no valid sign-in."""
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
