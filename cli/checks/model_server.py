"""Checks whether the user's own model server responds in the right protocol. The request is free."""

from collections.abc import Sequence

import httpx2

from chimera.config.settings import Settings
from chimera.providers.wire.values import names_in
from cli.checks.findings import Finding, Level
from cli.errors import NoHttpClient
from cli.http.requests import new_http
from cli.output.text import one_line
from models.errors import UnusableKey

PROBE_S = 3.0


WHAT = "provider local (CHIMERA_LOCAL_BASE_URL)"


async def local_provider(settings: Settings) -> Finding:
    """Check the model server that settings name, if any."""
    base_url = settings.address_of("local")
    if base_url is None:
        return Finding(Level.OK, WHAT, "not set up")
    # Imported here, because the providers load the price list.
    from chimera.providers.keys import key_of

    try:
        return await _asked(base_url, key_of("local", settings) or "none")
    except UnusableKey as error:
        return Finding(Level.FAIL, WHAT, one_line(error.message))
    except NoHttpClient as error:
        return Finding(Level.FAIL, WHAT, one_line(error.message, 400))


async def _asked(base_url: str, key: str) -> Finding:
    models_url = f"{base_url.rstrip('/')}/models"
    try:
        async with new_http(base_url) as http:
            answer = await http.get(models_url, headers={"Authorization": f"Bearer {key}"}, timeout=PROBE_S)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        remedy = "Start the model server, or correct its address in CHIMERA_LOCAL_BASE_URL."
        return Finding(Level.WARN, WHAT, f"{models_url} is not reachable ({type(error).__name__}). {remedy}")
    if answer.status_code in (401, 403):
        remedy = "Set CHIMERA_LOCAL_API_KEY to a key that the server accepts."
        return Finding(Level.WARN, WHAT, f"the model server at {base_url} rejects the API key. {remedy}")
    names = _names_in(answer)
    if names is None:
        wanted = "The address should end in /v1, as in http://127.0.0.1:11434/v1."
        return Finding(
            Level.WARN, WHAT, f"{models_url} returned status {answer.status_code} without a list of models. {wanted}"
        )
    return Finding(Level.OK, WHAT, one_line(f"responds at {base_url} (models: {', '.join(names) or 'none'})"))


def _names_in(answer: httpx2.Response) -> Sequence[str] | None:
    try:
        return names_in(answer.json())
    except ValueError:
        return None
