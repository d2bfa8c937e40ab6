"""The files of a task on the command line, which saves them in a folder and nowhere else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli.errors import WrongUsage
from cli.task_files import files
from cli.tasks import show
from models.files import FileView
from models.ids import FileId
from tests.cli.api import TinyApi
from tests.cli.builders import NOW, TASK, task_view
from tests.parts import serving


def a_file(name: str, data: bytes = b"text") -> tuple[FileView, bytes]:
    view = FileView(
        id=FileId(name.replace("/", "-")),
        name=name,
        media_type="text/plain",
        size_bytes=len(data),
        sha256="",
        task_id=TASK,
        created_at=NOW,
    )
    return view, data


@pytest.fixture
async def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TinyApi]:
    api = TinyApi(tasks=[task_view()])
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        yield api


async def test_files_are_listed_by_name(api: TinyApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.files = [a_file("b.md"), a_file("a/c.md", b"")]
    assert await files(TASK) == 0
    printed = capsys.readouterr().out
    assert printed.index("a/c.md") < printed.index("b.md")
    assert f"chimera files {TASK[:8]} --save FOLDER" in printed


async def test_a_task_shows_its_files(api: TinyApi, capsys: pytest.CaptureFixture[str]) -> None:
    api.files = [a_file(f"{number}.md") for number in range(12)]
    assert await show(TASK) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "Files 0.md, 1.md, 2.md, 3.md, 4.md, 5.md, 6.md, 7.md, 8.md, 9.md, …. To save them" in printed


async def test_files_are_saved_in_a_folder(api: TinyApi, tmp_path: Path) -> None:
    api.files = [a_file("a/b.md", b"one"), a_file("c.bin", b"\xff\x00")]
    assert await files(TASK, save=tmp_path / "new") == 0
    assert (tmp_path / "new" / "a" / "b.md").read_bytes() == b"one"
    assert (tmp_path / "new" / "c.bin").read_bytes() == b"\xff\x00"


async def test_an_existing_file_is_replaced_only_by_force(api: TinyApi, tmp_path: Path) -> None:
    api.files = [a_file("a.md", b"new")]
    (tmp_path / "a.md").write_bytes(b"old")
    with pytest.raises(WrongUsage, match="--force"):
        await files(TASK, save=tmp_path)
    assert (tmp_path / "a.md").read_bytes() == b"old"
    assert await files(TASK, save=tmp_path, force=True) == 0
    assert (tmp_path / "a.md").read_bytes() == b"new"


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", ".ssh/x", "a\\..\\x", "CON", "a\x1b[0m"], ids=ascii)
async def test_a_servers_name_leads_nowhere_else(api: TinyApi, tmp_path: Path, name: str) -> None:
    api.files = [a_file("a.md"), a_file(name)]
    with pytest.raises(WrongUsage, match="can't be saved"):
        await files(TASK, save=tmp_path / "in")
    assert not (tmp_path / "in").exists()
    assert not (tmp_path / "x").exists()


async def test_a_link_leads_nowhere_else(api: TinyApi, tmp_path: Path) -> None:
    folder, other = tmp_path / "in", tmp_path / "other"
    folder.mkdir()
    other.mkdir()
    (folder / "link").symlink_to(other)
    api.files = [a_file("link/x.md")]
    with pytest.raises(WrongUsage, match="through a link"):
        await files(TASK, save=folder, force=True)
    assert not list(other.iterdir())
