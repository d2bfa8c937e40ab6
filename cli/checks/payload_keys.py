"""Checks the keys for Temporal's payloads: those that a new start would use, and those in use now."""

from collections.abc import Iterator

from chimera.config.payload_keys import in_words as keys_in_words
from chimera.config.payload_keys import parse as keys_in
from chimera.config.settings import Settings
from chimera.local import payload_keys as local_payload_keys
from chimera.local.errors import FolderUnusable, KeyIdsUnreadable, SecretsUnreadable
from chimera.local.folder import Folder
from cli.checks.findings import Finding, Level
from cli.output.remedies import with_command
from cli.output.text import one_line


def payload_keys(settings: Settings) -> Iterator[Finding]:
    """Check the payload keys that a start would use. `health` reports those in use now."""
    if settings.temporal_address is None:
        yield from _local_payload_keys(settings)
        return
    what, ids = "payload keys (CHIMERA_PAYLOAD_KEYS)", _ids_asked_for(settings)
    if ids:
        yield Finding(Level.OK, what, f"a start {keys_in_words(ids)}")
    else:
        message = (
            "none, so task titles and parts of answers are readable in Temporal. To encrypt them, set the same key for"
            " every API server and worker."
        )
        yield Finding(Level.WARN, what, message)


def ids_of_a_start(settings: Settings) -> list[str]:
    """Return the IDs of the keys that a start here would use; empty if they are unknown."""
    if settings.temporal_address is not None:
        return _ids_asked_for(settings)
    try:
        return [id for id, _ in local_payload_keys.known(Folder.named(settings.data_dir), settings.payload_keys)]
    except (FolderUnusable, SecretsUnreadable):
        # The payload keys' own check reports this error.
        return []


def keys_in_use(ids: object, of_a_start: list[str] | None) -> Iterator[Finding]:
    """Report the running API's payload keys, and whether a start would use others. `of_a_start` is None if the API is
    started elsewhere.
    """
    if not isinstance(ids, list):
        # Older versions of the API don't report their keys.
        return
    what, message = "running: payload keys", f"the API {keys_in_words([one_line(str(id), 64) for id in ids])}"
    if of_a_start is None or ids == of_a_start:
        yield Finding(Level.OK, what, message)
    else:
        remedy = f"With the current settings, Chimera {keys_in_words(of_a_start)}. To apply them, restart Chimera."
        yield Finding(Level.WARN, what, f"{message}. {remedy}")


def _local_payload_keys(settings: Settings) -> Iterator[Finding]:
    what = "payload keys"
    try:
        folder = Folder.named(settings.data_dir)
        missing = local_payload_keys.missing(folder, settings.payload_keys)
        known = local_payload_keys.known(folder, settings.payload_keys)
    except FolderUnusable:
        # The folder's own check reports this error.
        return
    except (SecretsUnreadable, KeyIdsUnreadable) as error:
        yield Finding(Level.FAIL, what, with_command(error.message, error.remedy))
        return
    if missing:
        yield Finding(Level.FAIL, what, local_payload_keys.warning(folder, missing))
    keys = [f"{id} (from CHIMERA_PAYLOAD_KEYS)" if file is None else f"{id} (in {file})" for id, file in known]
    yield Finding(
        Level.OK,
        what,
        f"a start {keys_in_words(keys)}" if keys else "none yet; Chimera creates a key on its first start",
    )


def _ids_asked_for(settings: Settings) -> list[str]:
    return [] if settings.payload_keys is None else list(keys_in(settings.payload_keys.get_secret_value()))
