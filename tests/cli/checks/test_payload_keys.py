"""The keys that a start would use are named but not shown."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from chimera.config import payload_keys as keys_of
from chimera.config.settings import Settings
from chimera.local import payload_keys as local_payload_keys
from chimera.local.folder import Folder
from cli.checks.findings import Level
from cli.checks.payload_keys import payload_keys

KEY, OTHER_KEY = (keys_of.made().partition(":")[2] for _ in range(2))


@pytest.mark.parametrize(
    ("given", "level", "words"),
    [
        ({}, Level.WARN, "are readable in Temporal"),
        ({"payload_keys": f"k2:{KEY},k1:{OTHER_KEY}"}, Level.OK, "a start encrypts with k2 and also decrypts with k1"),
    ],
)
def test_payload_keys_are_reported_by_id_only(given: dict[str, str], level: Level, words: str) -> None:
    [finding] = payload_keys(Settings.model_validate({"temporal_address": "127.0.0.1:7233", **given}))
    assert (finding.level, words in finding.message) == (level, True)
    assert KEY not in finding.message


def test_every_key_of_the_embedded_stack_is_named(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), Folder(tmp_path)
    assert [found.message for found in payload_keys(settings)] == ["none yet; Chimera creates a key on its first start"]
    kept = local_payload_keys.take(folder, None)[0].get_secret_value().partition(":")[0]
    in_file = f"{kept} (in {tmp_path / 'secrets.json'})"
    assert [found.message for found in payload_keys(settings)] == [f"a start encrypts with {in_file}"]
    settings = settings.model_copy(update={"payload_keys": SecretStr(f"k2:{KEY}")})
    [found] = payload_keys(settings)
    assert found.message == f"a start encrypts with k2 (from CHIMERA_PAYLOAD_KEYS) and also decrypts with {in_file}"


def test_a_lost_payload_key_is_reported(tmp_path: Path) -> None:
    settings, folder = Settings(data_dir=tmp_path), Folder(tmp_path)
    keys, _ = local_payload_keys.take(folder, SecretStr(f"k1:{KEY}"))
    folder.temporal.touch()
    [found, _] = payload_keys(settings)
    assert (found.level, "'k1'" in found.message, KEY in found.message) == (Level.FAIL, True, False)
    [found] = payload_keys(settings.model_copy(update={"payload_keys": keys}))
    assert found.level is Level.OK
    (tmp_path / "secrets.json").write_text('{"payload_keys": "damaged"}')
    [found] = payload_keys(settings)
    assert (found.level, "secrets.json" in found.message) == (Level.FAIL, True)
