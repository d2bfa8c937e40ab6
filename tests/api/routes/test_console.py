"""The console's page and files, as the API serves them. `tests/console` opens them in a browser."""

import gzip
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import httpx2
import pytest

from api.console_files import BuiltConsole
from api.routes import console

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
PAGE = '<!doctype html><meta name="csp-nonce" content="__NONCE__"><script type="module" src="/console/assets/a-1.js">'
SCRIPT = b"export const answer = 42;\n" * 50

Build = Callable[..., None]


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Return a function that builds a small console, which replaces an earlier one as the real build does."""
    monkeypatch.setattr(console, "built", BuiltConsole(tmp_path / "console"))

    def build(page: str = PAGE, script: str = "a-1.js") -> None:
        new = tmp_path / "new"
        (new / "assets").mkdir(parents=True)
        (new / ".vite").mkdir()
        (new / "index.html").write_text(page)
        (new / "icon.svg").write_text("<svg/>")
        (new / "notes.md").write_text("not for browsers")
        (new / ".vite" / "manifest.json").write_text("{}")
        (new / "assets" / script).write_bytes(SCRIPT)
        (new / "assets" / f"{script}.gz").write_bytes(gzip.compress(SCRIPT))
        shutil.rmtree(tmp_path / "console", ignore_errors=True)
        new.rename(tmp_path / "console")

    return build


@pytest.mark.parametrize("path", ["/", "/sign-in", "/tasks/0123/graph", "/anything", "/tasks/", "//evil", "/apis"])
async def test_browsers_get_the_page_at_every_address(anonymous: httpx2.AsyncClient, build: Build, path: str) -> None:
    build()
    for method in ("GET", "HEAD"):
        answer = await anonymous.request(method, f"http://localhost{path}", headers=HTML)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
        assert answer.headers["Cache-Control"] == "no-store"


async def test_each_page_has_its_own_nonce(anonymous: httpx2.AsyncClient, build: Build) -> None:
    build()
    nonces = set()
    for _ in range(3):
        answer = await anonymous.get("/", headers=HTML)
        (nonce,) = re.findall(r'csp-nonce" content="([\w-]{22})"', answer.text)
        policy = answer.headers.get_list("content-security-policy")
        assert len(policy) == 1
        assert f"style-src 'self' 'nonce-{nonce}'" in policy[0]
        assert "script-src 'self';" in policy[0]
        assert "unsafe" not in policy[0]
        assert "://" not in policy[0]
        nonces.add(nonce)
    assert len(nonces) == 3


@pytest.mark.parametrize(
    "path",
    ["/api/v1/nothing", "/api", "/v1/nothing", "/ws/nothing", "/docs/nothing", "/health/nothing", "/icon.svg",
     "/console", "/console/", "/console/index.html.map", "/metrics/nothing"],
)  # fmt: skip
async def test_other_addresses_stay_problems(anonymous: httpx2.AsyncClient, build: Build, path: str) -> None:
    build()
    answer = await anonymous.get(path, headers=HTML)
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, _error_type(path))
    assert answer.headers["Cache-Control"] == "no-store"
    assert "object-src 'none'" in answer.headers["Content-Security-Policy"]


def _error_type(path: str) -> str:
    return "application/json" if path.startswith("/v1/") else "application/problem+json"


async def test_programs_get_json(anonymous: httpx2.AsyncClient, build: Build) -> None:
    build()
    assert (await anonymous.get("/")).json()["name"] == "Chimera"
    assert (await anonymous.get("/tasks")).json()["code"] == "not_found"
    assert (await anonymous.post("/tasks", headers=HTML)).status_code == 404


async def test_hashed_files_are_kept_forever(anonymous: httpx2.AsyncClient, build: Build) -> None:
    build()
    answer = await anonymous.get("/console/assets/a-1.js", headers={"Accept-Encoding": "gzip, br"})
    assert answer.content == SCRIPT
    assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "object-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "RateLimit" not in answer.headers


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br"])
async def test_a_client_without_gzip_gets_plain_files(
    anonymous: httpx2.AsyncClient, build: Build, accepted: str
) -> None:
    build()
    answer = await anonymous.get("/console/assets/a-1.js", headers={"Accept-Encoding": accepted})
    assert "Content-Encoding" not in answer.headers
    assert answer.content == SCRIPT


async def test_other_files_are_checked_again(anonymous: httpx2.AsyncClient, build: Build) -> None:
    build()
    first = await anonymous.get("/console/icon.svg")
    assert (first.headers["Cache-Control"], first.headers["Content-Type"]) == ("no-cache", "image/svg+xml")
    again = await anonymous.get("/console/icon.svg", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "name",
    ["index.html", ".vite/manifest.json", "notes.md", "assets/a-1.js.gz", "assets", "../console_files.py",
     "..%2fconsole_files.py", "%2e%2e/console_files.py", "assets/..%2ficon.svg", "assets\\a-1.js", "%00"],
)  # fmt: skip
async def test_only_files_for_browsers_are_given(anonymous: httpx2.AsyncClient, build: Build, name: str) -> None:
    build()
    assert (await anonymous.get(f"/console/{name}")).status_code == 404


async def test_a_new_build_needs_no_restart(anonymous: httpx2.AsyncClient, build: Build) -> None:
    assert "isn't built" in (await anonymous.get("/", headers=HTML)).text
    build()
    assert "a-1.js" in (await anonymous.get("/", headers=HTML)).text
    build(PAGE.replace("a-1.js", "b-2.js"), script="b-2.js")
    # Another process may have given the new page.
    assert (await anonymous.get("/console/assets/b-2.js")).status_code == 200
    assert "b-2.js" in (await anonymous.get("/", headers=HTML)).text
    # A build replaces the folder with two renames.
    shutil.rmtree(console.built.folder)
    assert "b-2.js" in (await anonymous.get("/", headers=HTML)).text


async def test_the_start_page_reloads_during_a_build(
    anonymous: httpx2.AsyncClient, build: Build, tmp_path: Path
) -> None:
    lock = tmp_path / "console.lock"
    lock.symlink_to(str(os.getpid()))
    answer = await anonymous.get("/inbox", headers=HTML)
    assert answer.headers["Refresh"] == "3"
    assert "being built" in answer.text
    assert "style-src 'self';" in answer.headers["Content-Security-Policy"]
    lock.unlink()
    lock.symlink_to("4194303")
    (tmp_path / "console.log").write_text("No network.\n")
    answer = await anonymous.get("/inbox", headers=HTML)
    assert "Refresh" not in answer.headers
    assert "couldn't be built" in answer.text
