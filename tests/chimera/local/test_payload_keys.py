"""The payload keys that the embedded Temporal starts with, and which missing keys are reported."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from chimera.config import payload_keys as written
from chimera.config.settings import Settings
from chimera.local import kept_secrets, payload_keys
from chimera.local.errors import KeyIdsUnreadable, SecretsUnreadable
from chimera.local.folder import Folder, check
from chimera.local.stack import LocalStack


def a_key() -> SecretStr:
    return SecretStr(written.made())


def id_of(keys: SecretStr) -> str:
    return keys.get_secret_value().partition(":")[0]


def started(folder: Folder, asked: SecretStr | None = None) -> SecretStr:
    """Take the keys as a start does, and leave Temporal's database file behind."""
    keys, _ = payload_keys.take(folder, asked)
    folder.temporal.touch()
    return keys


def missing(folder: Folder, asked: SecretStr | None = None) -> list[str]:
    """Return the missing keys, as reported by `doctor` and then by a start. The two must agree."""
    before = payload_keys.missing(folder, asked)
    assert payload_keys.take(folder, asked)[1] == before
    return before


def both(first: SecretStr, second: SecretStr) -> SecretStr:
    return SecretStr(f"{first.get_secret_value()},{second.get_secret_value()}")


def test_a_key_is_made_once(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    made = started(folder)
    assert started(folder) == made
    assert len(written.parse(made.get_secret_value())) == 1
    assert missing(folder) == []


def test_a_key_that_is_asked_for_goes_first(tmp_path: Path) -> None:
    folder, new = Folder(tmp_path), a_key()
    assert started(folder, new) == new, "and none is made"
    made = payload_keys.take(folder, None)[0]
    assert started(folder, new) == both(new, made)
    assert started(folder, both(new, made)) == both(new, made)
    assert missing(folder, new) == []


def test_a_kept_key_that_was_lost_is_named(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    lost = started(folder)
    kept_secrets.path_of(folder).unlink()
    assert payload_keys.missing(folder, None) == [id_of(lost)]
    assert not kept_secrets.path_of(folder).exists(), "a look makes nothing"
    assert id_of(started(folder)) != id_of(lost)
    # The key is reported at each start until it is available again.
    assert missing(folder) == [id_of(lost)]
    assert missing(folder, lost) == []


def test_a_setting_that_is_gone_is_named(tmp_path: Path) -> None:
    folder, asked = Folder(tmp_path), a_key()
    started(folder, asked)
    assert missing(folder) == [id_of(asked)]


def test_another_key_of_the_same_id_is_named(tmp_path: Path) -> None:
    folder, asked = Folder(tmp_path), a_key()
    started(folder, asked)
    other = SecretStr(f"{id_of(asked)}:{written.made().partition(':')[2]}")
    assert missing(folder, other) == [id_of(asked)]
    assert missing(folder, asked) == []


def test_a_key_that_never_encrypted_may_go(tmp_path: Path) -> None:
    folder, first, behind = Folder(tmp_path), a_key(), a_key()
    started(folder, both(first, behind))
    assert missing(folder, first) == []


def test_keys_from_before_the_note_are_noted(tmp_path: Path) -> None:
    folder, new = Folder(tmp_path), a_key()
    kept_secrets.make(folder, kept_secrets.PAYLOADS)
    folder.temporal.touch()
    kept = started(folder, new).get_secret_value().partition(",")[2]
    kept_secrets.path_of(folder).unlink()
    assert missing(folder, new) == [kept.partition(":")[0]]


def test_an_id_taken_out_is_missed_no_more(tmp_path: Path) -> None:
    folder, asked, note = Folder(tmp_path), a_key(), tmp_path / "payload_keys.json"
    started(folder, asked)
    assert missing(folder) == [id_of(asked)]
    noted = json.loads(note.read_text())
    del noted[id_of(asked)]
    note.write_text(json.dumps(noted))
    assert missing(folder) == []


def test_a_new_temporal_needs_no_old_key(tmp_path: Path) -> None:
    folder, asked = Folder(tmp_path), a_key()
    started(folder, asked)
    folder.temporal.unlink()
    assert missing(folder) == []


def test_the_note_holds_no_key(tmp_path: Path) -> None:
    folder, asked = Folder.at(tmp_path / "data"), a_key()
    started(folder, asked)
    note = (folder.root / "payload_keys.json").read_text()
    assert id_of(asked) in note
    assert asked.get_secret_value().partition(":")[2][:8] not in note
    # `check` recognises the note as Chimera's own file, even in a copied folder in which no stack has run.
    check(folder.root)


@pytest.mark.parametrize("asked", [None, a_key()], ids=["none asked", "one asked"])
@pytest.mark.parametrize("kept", ["damaged", "k1:short", "k1:%%%"])
def test_a_damaged_kept_key_names_its_file(tmp_path: Path, kept: str, asked: SecretStr | None) -> None:
    folder = Folder(tmp_path)
    kept_secrets.path_of(folder).write_text(json.dumps({kept_secrets.PAYLOADS: kept}))
    for look in (payload_keys.take, payload_keys.missing):
        with pytest.raises(SecretsUnreadable, match=r"secrets\.json has an invalid 'payload_keys'"):
            look(folder, asked)
    assert json.loads(kept_secrets.path_of(folder).read_text()) == {kept_secrets.PAYLOADS: kept}


@pytest.mark.parametrize("text", ["", "[]", '{"k1": 1}'])
def test_a_damaged_note_is_named(tmp_path: Path, text: str) -> None:
    folder = Folder(tmp_path)
    started(folder)
    (tmp_path / "payload_keys.json").write_text(text)
    with pytest.raises(KeyIdsUnreadable, match=r"payload_keys\.json"):
        payload_keys.take(folder, None)


def test_a_start_names_the_missing_key(tmp_path: Path) -> None:
    folder, lines, lost = Folder(tmp_path), list[str](), a_key()
    started(folder, lost)
    LocalStack(Settings(data_dir=tmp_path), report=lines.append)._payload_keys()
    [warning] = lines
    assert warning.startswith("Warning: ")
    assert repr(id_of(lost)) in warning
    assert "CHIMERA_PAYLOAD_KEYS" in warning
