"""The owner of a data folder, and the location of its sockets."""

import os
import stat
import sys
from collections.abc import Iterator

import pytest

from chimera.local.errors import FolderUnusable, SocketsUnsafe
from chimera.local.folder import Folder, openness_of
from tests.parts import short_folder

NAME = "redis.sock"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no owners and modes of this kind")
as_root = pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives folders away")


@pytest.fixture
def long_folder() -> Iterator[Folder]:
    """A data folder whose path is too long for sockets."""
    with short_folder() as path:
        folder = Folder.at(path / ("long" * 30))
        yield folder
        folder.remove_sockets()


def test_sockets_of_a_long_path_get_a_private_folder(long_folder: Folder) -> None:
    sockets = long_folder.socket_folder(long_folder.redis, NAME)
    assert sockets != long_folder.redis
    assert stat.S_IMODE(sockets.stat().st_mode) == 0o700


def test_the_private_folder_is_found_again(long_folder: Folder) -> None:
    first = long_folder.socket_folder(long_folder.redis, NAME)
    assert Folder.at(long_folder.root).socket_folder(long_folder.redis, NAME) == first


def test_letters_that_no_locale_knows_make_no_address() -> None:
    with short_folder() as path:
        # Under an ASCII locale, Python represents a folder name with umlauts like this.
        folder = Folder(path / os.fsdecode(b"d\xe0ta"))
        folder.run.mkdir(parents=True)
        assert str(folder.socket_folder(folder.redis, NAME)).isascii()
        folder.remove_sockets()


def test_its_name_cannot_be_known_in_advance(long_folder: Folder) -> None:
    first = long_folder.socket_folder(long_folder.redis, NAME)
    long_folder.remove_sockets()
    assert not first.exists()
    assert long_folder.socket_folder(long_folder.redis, NAME) != first


@pytest.mark.parametrize("mode", [0o777, 0o755, 0o710])
def test_an_open_socket_folder_is_not_used(long_folder: Folder, mode: int) -> None:
    first = long_folder.socket_folder(long_folder.redis, NAME)
    first.chmod(mode)
    second = long_folder.socket_folder(long_folder.redis, NAME)
    assert (second != first, openness_of(second), first.exists()) == (True, None, True)
    first.rmdir()


def test_a_symbolic_link_is_not_used(long_folder: Folder) -> None:
    first = long_folder.socket_folder(long_folder.redis, NAME)
    first.rmdir()
    first.symlink_to(long_folder.root)
    second = long_folder.socket_folder(long_folder.redis, NAME)
    assert (second != first, openness_of(second)) == (True, None)
    first.unlink()


@as_root
def test_another_users_socket_folder_is_not_used(long_folder: Folder) -> None:
    first = long_folder.socket_folder(long_folder.redis, NAME)
    os.chown(first, 12345, -1)
    assert long_folder.socket_folder(long_folder.redis, NAME, owner=65534) != first
    assert long_folder.socket_folder(long_folder.postgres, NAME, owner=12345) != first
    first.rmdir()


def test_a_folder_for_sockets_that_is_open_is_refused() -> None:
    with short_folder() as path:
        folder = Folder.at(path / "data")
        folder.redis.chmod(0o777)
        with pytest.raises(
            SocketsUnsafe, match=r"data/redis can be entered by other users \(mode 777\).*CHIMERA_DATA_DIR"
        ):
            folder.socket_folder(folder.redis, NAME)


def test_a_world_writable_data_folder_is_refused() -> None:
    with short_folder() as path:
        (path / "postgres").mkdir()
        path.chmod(0o777)
        with pytest.raises(FolderUnusable, match="is writable by all users"):
            Folder.at(path)


def test_an_empty_disk_is_closed_to_others_writes() -> None:
    with short_folder() as path:
        path.chmod(0o1777)
        Folder.at(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o1755


def test_a_line_break_in_its_name_is_refused() -> None:
    with short_folder() as path, pytest.raises(FolderUnusable, match="line break"):
        Folder.at(path / "my\ndata")


@as_root
def test_another_users_data_folder_is_refused() -> None:
    with short_folder() as path:
        Folder.at(path)
        os.chown(path, 12345, -1)
        with pytest.raises(FolderUnusable, match="belongs to user 12345, but Chimera runs as 'root'"):
            Folder.at(path)


@pytest.mark.parametrize("name", [b"d\xe0ta", b"d\xe0ta/chimera"])
def test_a_name_that_is_no_utf8_is_refused(name: bytes) -> None:
    with short_folder() as path, pytest.raises(FolderUnusable, match="is not UTF-8"):
        Folder.at(path / os.fsdecode(name))


def test_a_link_to_nothing_is_refused() -> None:
    with short_folder() as path:
        (path / "data").symlink_to("nowhere")
        with pytest.raises(FolderUnusable, match="a link to 'nowhere'"):
            Folder.at(path / "data")
