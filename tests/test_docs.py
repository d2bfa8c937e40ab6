"""The documentation compared with the code: whatever exists is documented, and whatever is documented exists."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from fastapi import FastAPI
from pydantic import SecretStr

from api.app import create_app
from chimera.config.settings import Settings
from cli.main import LazyGroup
from cli.main import app as commands
from models.agents import AgentSpec
from models.events import Event
from models.model_calls import AttemptStatus
from models.plans import PlannedSubtask
from models.runs import RunStatus
from models.schedules import ScheduleSpec
from models.subtasks import SubtaskStatus
from models.tasks import TaskSpec
from models.workflows import SEARCH_ATTRIBUTES, registration_of
from tests.parts import SECRET

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MAIN = typer.main.get_command(commands)
assert isinstance(MAIN, LazyGroup)
COMMANDS = {name: MAIN.load(name) for name in MAIN.commands}
SUBCOMMANDS = {
    f"{name} {below.name}": below
    for name, command in COMMANDS.items()
    for below in getattr(command, "commands", {}).values()
}


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def row_starting(page: str, cell: str) -> str:
    """Return the row of a table whose first cell is `cell`, without that cell."""
    rows = [line for line in (DOCS / page).read_text().splitlines() if line.startswith(f"| {cell} |")]
    assert len(rows) == 1, f"docs/{page} has {len(rows)} rows for {cell}"
    return rows[0].removeprefix(f"| {cell} |")


def test_every_setting_is_described_with_its_default() -> None:
    example = dict(re.findall(r"^#(CHIMERA_\w+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert sorted(example) == sorted(f"CHIMERA_{name.upper()}" for name in Settings.model_fields)
    for name, default in example.items():
        shown = row_starting("reference/settings.md", f"`{name}`").split(" | ")[0].strip()
        assert shown == (f"`{default}`" if default else "none"), name


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_described_with_its_options(name: str) -> None:
    sections = re.split(r"^#+ chimera ", (DOCS / "reference/cli.md").read_text(), flags=re.MULTILINE)
    mine = [section for section in sections[1:] if re.match(rf"{name}\b", section)]
    assert len(mine) == 1, f"cli.md has {len(mine)} sections for {name}"
    # The section on `up` says which of its options are those of `demo`.
    text = mine[0] if name != "up" else "".join(sections)
    below = [command for full_name, command in SUBCOMMANDS.items() if full_name.startswith(f"{name} ")]
    assert [command.name for command in below if f"`{name} {command.name}" not in text] == []
    parameters = [parameter for command in (COMMANDS[name], *below) for parameter in command.params]
    options = [option for parameter in parameters for option in (*parameter.opts, *parameter.secondary_opts)]
    missing = [option for option in options if option.startswith("--") and option != "--help" and option not in text]
    assert not missing


@pytest.fixture(scope="module")
def api() -> FastAPI:
    return create_app(Settings(jwt_secret=SecretStr(SECRET)))


def test_every_route_of_the_openapi_document_is_described(api: FastAPI) -> None:
    text = (DOCS / "reference/api.md").read_text()
    routes = [f"`{method.upper()} {path}`" for path, methods in api.openapi()["paths"].items() for method in methods]
    assert len(routes) > 30
    assert [route for route in routes if route not in text] == []


def test_every_route_that_is_described_exists(api: FastAPI) -> None:
    table = (DOCS / "reference/api.md").read_text().partition("## All endpoints")[2]
    described = set(re.findall(r"`((?:GET|POST|PUT|DELETE) [^`]+)`", table))
    there = {f"{method.upper()} {path}" for path, methods in api.openapi()["paths"].items() for method in methods}
    assert described - there == set()


@pytest.mark.parametrize("event", get_args(get_args(Event)[0]), ids=lambda event: event.model_fields["type"].default)
def test_every_event_is_described_with_its_fields(event: Any) -> None:
    row = row_starting("reference/events.md", f"`{event.model_fields['type'].default}`")
    own = set(event.model_fields) - {"type", "path", "step", "attempt"}
    assert [field for field in sorted(own) if f"`{field}`" not in row] == []


def test_every_field_that_a_person_sends_is_described() -> None:
    page = (DOCS / "reference/tasks.md").read_text()
    for field in (*TaskSpec.model_fields, *PlannedSubtask.model_fields):
        assert f"| `{field}` |" in page, field
    agents = (DOCS / "how-to/write-an-agent.md").read_text()
    assert [field for field in AgentSpec.model_fields if f"| `{field}` |" not in agents] == []
    schedules = (DOCS / "how-to/recurring-tasks.md").read_text()
    assert [
        field for field in ScheduleSpec.model_fields if f"`{field}`" not in schedules and f'"{field}"' not in schedules
    ] == []


def test_every_status_is_described() -> None:
    page = (DOCS / "reference/tasks.md").read_text()
    statuses = {*RunStatus, *SubtaskStatus, *AttemptStatus}
    assert [status for status in sorted(statuses) if f"`{status}`" not in page] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_within_the_docs_leads_somewhere(page: Path) -> None:
    text = without_code(page.read_text())
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), target
        assert not anchor or anchor in anchors_of(there), target


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_in_the_docs_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    shell = "\n".join(re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL))
    spoken = list(re.findall(r"(?:^|\| |\()(?:chimera|\./start\.sh) ([a-z]+)", shell, re.MULTILINE))
    assert [command for command in spoken if command not in COMMANDS] == []
    assert [target for target in re.findall(r"^make ([a-z-]+)", shell, re.MULTILINE) if target not in targets] == []


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as the usual viewers generate them."""
    headings = re.findall(r"^#+ (.+)$", without_code(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_that_selects_tests_finds_some(page: Path) -> None:
    selections = re.findall(r"`\./test\.sh (tests\S*) -k (?:\"([^\"]+)\"|(\w+))`", page.read_text())
    for folder, several, one in selections:
        code = "".join(file.read_text() for file in (ROOT / folder).rglob("test_*.py"))
        names = re.findall(r"def (test_\w+)", code) + [file.stem for file in (ROOT / folder).rglob("test_*.py")]
        for word in re.split(r" or ", several or one):
            assert any(word in name for name in names), word


def test_the_tutorial_names_the_newest_revision() -> None:
    newest = max(path.name[:4] for path in (ROOT / "chimera/db/migrations/versions").glob("[0-9]*.py"))
    assert f"Tables at revision {newest}\n" in (DOCS / "tutorial.md").read_text()


def test_every_search_attribute_is_described_with_its_type() -> None:
    page = DOCS / "how-to/use-your-own-temporal.md"
    named = dict(re.findall(r"^\| `(Chimera\w+)` \| (\w+) \|$", page.read_text(), re.MULTILINE))
    created = dict(re.findall(r"--name (Chimera\w+) --type (\w+)", page.read_text()))
    assert named == created == dict(registration_of(key).split("=") for key in SEARCH_ATTRIBUTES)
