"""A data folder's secrets are created once, by the process that starts the stack, and never by one that only reads."""

import json
import multiprocessing
import stat
import sys
from pathlib import Path

import pytest

from chimera.local import kept_secrets, postgres
from chimera.local.errors import SecretsMissing, SecretsUnreadable
from chimera.local.folder import Folder
from models.remedies import Action, Remedy

NAMES = (kept_secrets.SIGNING, kept_secrets.SUPERUSER, kept_secrets.DATABASE, kept_secrets.PAYLOADS)
AT_ONCE = 6
FOLDERS = 20


def test_many_at_once_make_the_same_secrets(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    start, found = processes.Barrier(AT_ONCE), processes.SimpleQueue()
    makers = [processes.Process(target=_make_all, args=(tmp_path, start, found)) for _ in range(AT_ONCE)]
    for maker in makers:
        maker.start()
    reported = [found.get() for _ in makers]
    for maker in makers:
        maker.join()
    kept = [_all_kept(Folder(tmp_path / str(index))) for index in range(FOLDERS)]
    assert reported == [kept] * AT_ONCE


def _make_all(root: Path, start, found) -> None:  # type: ignore[no-untyped-def]  # typeshed names no types of contexts
    reported = []
    for index in range(FOLDERS):
        folder = Folder(root / str(index))
        folder.root.mkdir(exist_ok=True)
        start.wait()
        for name in NAMES:
            kept_secrets.make(folder, name)
        reported.append(_all_kept(folder))
    found.put(reported)


def _all_kept(folder: Folder) -> list[str]:
    return [kept_secrets.kept(folder, name).get_secret_value() for name in NAMES]


def test_readers_make_no_secrets(tmp_path: Path) -> None:
    folder = Folder.at(tmp_path / "data")
    folder.postgres.mkdir(mode=0o700)
    with pytest.raises(SecretsMissing, match="start this version") as refused:
        postgres.address(folder)
    assert refused.value.remedy == Remedy(action=Action.START_CHIMERA)
    kept_secrets.make(folder, kept_secrets.SIGNING)
    with pytest.raises(SecretsMissing, match="database_password"):
        postgres.address(folder)
    assert list(json.loads((folder.root / "secrets.json").read_text())) == [kept_secrets.SIGNING]


def test_existing_secrets_are_kept(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    kept_secrets.make(folder, kept_secrets.SIGNING)
    first = kept_secrets.kept(folder, kept_secrets.SIGNING)
    kept_secrets.make(folder, *NAMES)
    assert kept_secrets.kept(folder, kept_secrets.SIGNING) == first
    assert len(set(_all_kept(folder))) == len(NAMES)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_only_the_owner_can_read_them(tmp_path: Path) -> None:
    kept_secrets.make(Folder(tmp_path), *NAMES)
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {
        "secrets.json": 0o600,
        "secrets.lock": 0o600,
    }


@pytest.mark.parametrize("text", ["", '{"jwt_secret": "cut', "[]", '{"jwt_secret": null}', "\udcff"])
def test_a_broken_file_is_named_and_kept(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SecretsUnreadable, match=r"secrets\.json"):
        kept_secrets.make(Folder(tmp_path), *NAMES)
    assert path.read_bytes() == text.encode(errors="surrogateescape")
