import re
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI

from api.console_files import BuiltConsole
from api.deps import Parts
from api.routes import console, pages
from chimera.config.settings import Settings
from models.errors.catalog import CATALOG
from tests.api.conftest import client_of

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def _without_console(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Show the start page, whether or not the console is built here."""
    monkeypatch.setattr(console, "built", BuiltConsole(tmp_path))


@pytest.mark.parametrize("path", ["/", "/docs"])
async def test_a_page_has_no_external_or_inline_resources(anonymous: httpx2.AsyncClient, path: str) -> None:
    page = await anonymous.get(path, headers=HTML)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    policy = page.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "://" not in policy
    assert "form-action 'none'" in policy
    assert not re.search(r"<script(?![^>]*src=)|<style| style=| on[a-z]+=", page.text)
    wanted = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', page.text)
    for address in wanted:
        if not address.startswith("data:"):
            answer = await anonymous.get(address)
            assert answer.status_code == 200, address
            assert answer.headers["Content-Type"].partition(";")[0] in ("text/javascript", "text/css", "image/png")


async def test_every_link_of_the_first_page_leads_somewhere(anonymous: httpx2.AsyncClient) -> None:
    page = await anonymous.get("/", headers=HTML)
    here = [link for link in re.findall(r'<a href="([^"]+)"', page.text) if link.startswith("/")]
    assert {"/docs", "/openapi.json", "/health"} <= set(here)
    assert [(await anonymous.get(link)).status_code for link in here] == [200] * len(here)
    assert (await anonymous.get("/")).json()["docs"] == "/docs"


async def test_temporal_is_linked_where_only_this_machine_gets_in(app: FastAPI, api_settings: Settings) -> None:
    parts: Parts = app.state.parts
    async with client_of(app) as client:
        assert parts.temporal.web_ui in (await client.get("/", headers=HTML)).text
    assert api_settings.host in console._ONLY_HERE


@pytest.mark.parametrize("name", ["docs.html", "README.md", "..%2Fhome.html", "swagger-ui-bundle.js.map"])
async def test_only_named_files_are_given(anonymous: httpx2.AsyncClient, name: str) -> None:
    assert (await anonymous.get(f"/docs/{name}")).status_code == 404


async def test_the_type_of_a_problem_leads_to_its_entry(anonymous: httpx2.AsyncClient) -> None:
    problem = (await anonymous.get("/nothing")).json()
    path, _, code = problem["type"].partition("#")
    page = await anonymous.get(path)
    assert (page.status_code, page.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert f'<h2 id="{code}">' in page.text
    assert [entry.code for entry in CATALOG if f'id="{entry.code}"' not in page.text] == []


async def test_the_document_lists_the_routes(anonymous: httpx2.AsyncClient) -> None:
    document = (await anonymous.get("/openapi.json")).json()
    assert "/api/v1/tasks" in document["paths"]
    assert "/docs" not in document["paths"]


def test_swagger_ui_comes_with_its_licence() -> None:
    folder = Path(pages.__file__).parents[1] / "pages" / "swagger-ui"
    assert "Apache License" in (folder / "LICENSE").read_text()
    assert {"NOTICE", "swagger-ui-bundle.js.LICENSE.txt"} <= {each.name for each in folder.iterdir()}
