"""The cost of changes, as CONTRIBUTING.md promises it: each change is made in a copy of the code, and works there.

Adding a provider is tested in `tests/chimera/providers/test_add_a_provider.py`.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("activities", "api", "chimera", "cli", "models", "tests", "worker", "workflows")


@dataclass(frozen=True, slots=True)
class Change:
    """New files by name, rows by file (each with the line before which it goes), and code appended to files."""

    files: dict[str, str]
    rows: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)


TOOL = Change(
    files={
        "chimera/tools/compactor.py": '''
"""Removes blanks."""

from pydantic import BaseModel

from chimera.tools.base import ToolOutput, TypedTool
from chimera.tools.context import ToolContext
from models.tools import ToolKind


class CompactorArguments(BaseModel):
    expression: str


class Compactor(TypedTool[CompactorArguments]):
    name = "compactor"
    description = "Remove blanks from an expression."
    kind = ToolKind.PURE
    arguments = CompactorArguments
    instant = True
    reads_only = True

    async def call(self, arguments: CompactorArguments, context: ToolContext) -> ToolOutput:
        return ToolOutput(arguments.expression.replace(" ", ""))
''',
        "tests/workflows/test_compactor.py": """
from chimera.store import agents
from models.agents import AgentSpec
from tests.runs import Runs, a_subtask


async def test_an_agent_uses_the_new_tool(runs: Runs) -> None:
    agent = AgentSpec(name="clerk", prompt="Remove blanks.", tools=("compactor",))
    async with runs.database.begin() as session:
        await agents.create(session, runs.caller.user_id, agent)
    step = a_subtask("a", '[[sim: call=compactor; args={"expression": "1 + 1"}]] Remove blanks.', agent="clerk")
    task_id = await runs.start("Remove blanks", plan=[step])
    assert (await runs.ended(task_id))["status"] == "completed"
    query = "SELECT content FROM messages WHERE run_id = :id AND role = 'tool'"
    assert [row["content"] for row in await runs.rows(query, task_id)] == ["1+1"]
""",
    },
    rows={
        "chimera/tools/built_in.py": [
            ("from chimera.tools.people", "from chimera.tools.compactor import Compactor"),
            ("        Calculator(),", "        Compactor(),"),
        ]
    },
)

PATTERN = Change(
    files={
        "workflows/patterns/revised.py": '''
"""An answer and its revision: two calls, the second of which sees the first."""

from models.model_calls import Purpose
from workflows.node import Node


async def revised(node: Node) -> None:
    for step in (1, 2):
        if node.state.step < step:
            await node.call(node.request(Purpose.TURN, step, node.place.agent))
            node.keep(step=step)
''',
        "tests/workflows/test_revised.py": """
from tests.runs import Runs, a_subtask


async def test_a_node_works_by_the_new_pattern(runs: Runs) -> None:
    task_id = await runs.start("Write", plan=[a_subtask("a"), a_subtask("b", depends_on=["a"])])
    assert (await runs.ended(task_id))["status"] == "completed"
    steps = [(call["path"], call["step"]) for call in await runs.attempts(task_id) if call["path"]]
    assert steps == [("a", 1), ("a", 2), ("b", 1), ("b", 2)]
""",
    },
    rows={
        "workflows/patterns/__init__.py": [
            ("from workflows.patterns.single", "from workflows.patterns.revised import revised"),
            ('    "single": single,', '    "revised": revised,'),
        ]
    },
)

ENDPOINT = Change(
    files={
        "tests/api/routes/test_guidance.py": """
import httpx2

from chimera.db.engine import Database
from chimera.db.tables import Guidance


async def test_guidance_is_listed(alice: httpx2.AsyncClient, bob: httpx2.AsyncClient, database: Database) -> None:
    task_id = (await alice.post("/api/v1/tasks", json={"goal": "Write", "start": False})).json()["id"]
    async with database.begin() as session:
        session.add(Guidance(run_id=task_id, text="Be short."))
    address = f"/api/v1/tasks/{task_id}/guidance"
    assert (await alice.get(address)).json() == [{"path": "", "text": "Be short."}]
    assert (await bob.get(address)).status_code == 404
    assert (await alice.get(address, headers={"Authorization": ""})).status_code == 401
"""
    },
    added={
        "models/tasks.py": '''

class GivenGuidance(Contract):
    """Guidance that a task was given."""

    path: NodePath
    text: str
''',
        "chimera/store/task_controls.py": '''

async def guidance_of(session: AsyncSession, caller: Caller, task_id: TaskId) -> list[tuple[str, str]]:
    """Return the guidance of a task, oldest first. Raises NotFound."""
    await locked(session, caller, task_id, RunKind.TASK)
    rows = select(GuidanceRow.path, GuidanceRow.text).where(GuidanceRow.run_id == task_id).order_by(GuidanceRow.id)
    return [(path, text) for path, text in await session.execute(rows)]
''',
        "api/routes/tasks.py": '''

from models.tasks import GivenGuidance


@router.get("/{task_id}/guidance", operation_id="list_guidance")
async def list_guidance(task_id: WithTaskId, caller: WithCaller, parts: WithParts) -> tuple[GivenGuidance, ...]:
    """List the guidance that a task was given."""
    async with parts.database.begin() as session:
        given = await task_controls.guidance_of(session, caller, task_id)
    return tuple(GivenGuidance(path=NodePath(path), text=text) for path, text in given)
''',
    },
)


def test_a_tool_is_one_file_and_its_row(tmp_path: Path) -> None:
    _make(TOOL, tmp_path)
    assert _production(TOOL) == (1, 1)
    _try(tmp_path, "tests/workflows/test_compactor.py", passes=2)


def test_a_pattern_is_one_file_and_its_row(tmp_path: Path) -> None:
    _make(PATTERN, tmp_path)
    assert _production(PATTERN) == (1, 1)
    # The code that chooses the pattern isn't part of the change; here, every subtask uses it.
    children = tmp_path / "workflows/children.py"
    text, count = re.subn(r'pattern="planned" if [^\n]*', 'pattern="revised",', children.read_text())
    assert count == 1
    children.write_text(text)
    _try(tmp_path, "tests/workflows/test_revised.py", passes=2)


def test_an_endpoint_is_four_files(tmp_path: Path) -> None:
    _make(ENDPOINT, tmp_path)
    assert len(ENDPOINT.files) + len(ENDPOINT.rows) + len(ENDPOINT.added) == 4
    _try(tmp_path, "tests/api/routes/test_guidance.py", passes=1)


# Files in a layer whose noun has another name elsewhere, or no other layer, with the reason.
ALONE = {
    "routes": {
        "auth": "of users",
        "chat_exports": "of chat, as files",
        "console": "files of the built console",
        "metrics": "of the process",
        "own_data": "rows of all tables of a user, as they are: chimera/store/own_data.py",
        "health": "of the process",
        "transcriptions": "AI calls, with a form for a body",
    },
    "tables": {
        "idempotency": "of requests of any kind: chimera/store/idempotency.py",
        "calls": "the ledger: models/model_calls.py, and chimera/ledger/calls.py instead of chimera/store",
        "rollups": "the ledger: chimera/ledger/rollups.py; they are shown as models/analytics.py",
        "runs": "the root: models/runs.py, and chimera/ledger/runs.py instead of chimera/store",
    },
}


@pytest.mark.parametrize(
    ("layer", "folder", "others"),
    [
        ("routes", "api/routes", ["models"]),
        ("tables", "chimera/db/tables", ["models", "chimera/store"]),
    ],
)
def test_a_noun_has_the_same_name_in_each_layer(layer: str, folder: str, others: list[str]) -> None:
    nouns = {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__", "base"}
    assert len(nouns) >= 7
    missing = {noun for noun in nouns for other in others if not _exists(f"{other}/{noun}")}
    assert missing == set(ALONE[layer])


def test_schedules_have_every_layer() -> None:
    layers = (
        "models",
        "chimera/db/tables",
        "chimera/store",
        "chimera/temporal",
        "activities",
        "workflows",
        "api/routes",
        "cli",
    )
    assert [layer for layer in layers if not _exists(f"{layer}/schedules")] == []


def _exists(place: str) -> bool:
    return (ROOT / f"{place}.py").exists() or (ROOT / place).is_dir()


def _production(change: Change) -> tuple[int, int]:
    """Return how many new files a change has, not counting tests, and how many files with new rows."""
    return len([name for name in change.files if not name.startswith("tests/")]), len(change.rows)


def _make(change: Change, tree: Path) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    for name, text in change.files.items():
        assert not (tree / name).exists()
        (tree / name).write_text(text)
    for name, rows in change.rows.items():
        text = (tree / name).read_text()
        for before, row in rows:
            assert text.count(f"\n{before}") == 1
            text = text.replace(f"\n{before}", f"\n{row}\n{before}")
        (tree / name).write_text(text)
    for name, more in change.added.items():
        with (tree / name).open("a") as file:
            file.write(more)


def _try(tree: Path, test: str, *, passes: int) -> None:
    """Run one test of the changed copy, with its own servers."""
    tried = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test],
        cwd=tree,
        env=os.environ | {"PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert tried.returncode == 0, tried.stdout + tried.stderr
    assert f"{passes} passed" in tried.stdout
