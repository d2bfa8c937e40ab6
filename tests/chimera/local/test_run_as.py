"""The user that runs PostgreSQL when Chimera runs as root."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chimera.local import run_as
from chimera.local.errors import WayBarred
from tests.parts import short_folder

pytestmark = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="is about root")
PROGRAM = Path(shutil.which("ls") or "/bin/ls")
by_name = pytest.mark.skipif(
    sys.platform != "linux" or not run_as._runs(PROGRAM, run_as.RunAs(65534, 65534, is_name=True)),
    reason="this system forbids user namespaces",
)


@pytest.fixture
def above() -> Iterator[Path]:
    with short_folder() as path:
        (path / "data" / "postgres").mkdir(parents=True, mode=0o700)
        (path / "data").chmod(0o700)
        yield path


def chosen(above: Path) -> run_as.RunAs:
    found = run_as.choose(PROGRAM, above / "data" / "postgres", above / "data")
    assert found is not None
    return found


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_an_unprivileged_user_runs_accessible_programs(above: Path) -> None:
    found = chosen(above)
    assert (found.is_name, found.owner) == (False, found.uid)
    assert (mode(above / "data"), mode(above / "data" / "postgres")) == (0o701, 0o700)
    assert (above / "data" / "postgres").stat().st_uid == found.uid


@by_name
def test_no_folder_above_ours_is_opened(above: Path) -> None:
    above.chmod(0o700)
    found = chosen(above)
    assert (found.is_name, found.owner) == (True, 0)
    assert (mode(above), mode(above / "data")) == (0o700, 0o700)


@by_name
def test_another_name_has_our_files_without_our_rights(above: Path) -> None:
    above.chmod(0o700)
    (above / "data" / "postgres" / "ours").touch(mode=0o600)
    script = "id -u; cat ours; grep CapEff /proc/self/status; chown 12345 ours"
    done = subprocess.run(
        ["sh", "-c", script],
        preexec_fn=chosen(above).rename,
        cwd=above / "data" / "postgres",
        capture_output=True,
        text=True,
        check=False,
    )
    uid, rights = done.stdout.splitlines()
    assert (uid != "0", int(rights.split()[1], 16), done.returncode != 0) == (True, 0, True)


@by_name
def test_data_change_owner_with_the_process_user(above: Path) -> None:
    owner, kept = chosen(above).owner, above / "data" / "postgres" / "base"
    kept.touch()
    os.chown(kept, owner, -1)
    above.chmod(0o700)
    assert (chosen(above).owner, kept.stat().st_uid) == (0, 0)
    above.chmod(0o711)
    assert (chosen(above).owner, kept.stat().st_uid) == (owner, owner)


def test_a_link_among_the_data_leads_nowhere(above: Path) -> None:
    outside = above / "outside"
    outside.touch()
    (above / "data" / "postgres" / "link").symlink_to(outside)
    chosen(above)
    assert outside.stat().st_uid == 0


def test_an_inaccessible_path_is_named_with_remedies(above: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_as, "_runs", lambda program, who: not who.is_name)
    above.chmod(0o700)
    with pytest.raises(WayBarred, match=rf"can't enter {above}\..*user other than root.*chmod o\+x {above}$"):
        chosen(above)
    assert mode(above) == 0o700
