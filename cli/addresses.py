"""Where this installation's own parts are reached from this machine."""

from chimera.addresses import problem_of
from chimera.settings import Settings
from cli.errors import WrongUsage

_EVERYWHERE = frozenset({"0.0.0.0", "::", "localhost", ""})  # noqa: S104


def api_url_of(settings: Settings) -> str:
    """The address of the API that these settings start."""
    host = "127.0.0.1" if settings.host in _EVERYWHERE else settings.host
    return f"http://{f'[{host}]' if ':' in host else host}:{settings.api_port}"


def address_from(typed: str, what: str) -> str:
    """Return an address of an API as it is asked: with a scheme, no slash at its end. Raises WrongUsage."""
    address = typed.strip() if "://" in typed else f"http://{typed.strip()}"
    if (problem := problem_of(address)) is not None:
        raise WrongUsage(f"{what} {without_password(address)!r} {problem}; write it as in http://127.0.0.1:8000.")
    return address.rstrip("/")


def temporal_ui_of(settings: Settings) -> str:
    """The address of Temporal's Web UI."""
    return settings.temporal_ui_url or f"http://127.0.0.1:{settings.temporal_ui_port}"


def without_password(url: str) -> str:
    """Leave out who signs in to an address, and how."""
    scheme, slashes, rest = url.partition("://")
    return f"{scheme}{slashes}{rest.rpartition('@')[2]}"
