"""Messages for users contain no address or command. A remedy has them, and each interface shows it in its own way."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
FOLDERS = ("models", "chimera", "activities", "worker", "workflows", "api")
DOCUMENTATION = {"api/openapi/document.py"}
"""Texts that explain the API to programmers."""
DESCRIBING = {"description", "summary", "json_schema_extra"}
"""Arguments that become part of the OpenAPI document."""
_NAMES = "|".join(name for commands in COMMANDS.values() for name in commands)
FOR_PROGRAMS = re.compile(rf"\b(GET|POST|PUT|PATCH|DELETE) \S*/|/api/|\bchimera ({_NAMES})\b")


def messages_in(source: str) -> Iterator[str]:
    """Yield a file's texts, with `x` for values, but without docstrings and descriptions for the OpenAPI document."""
    tree = ast.parse(source)
    left_out = {part for node in _described_in(tree) for part in ast.walk(node)}
    parts = {part for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if node in left_out or node in parts:
            continue
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _described_in(tree: ast.Module) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)) or (
            isinstance(node, ast.keyword) and node.arg in DESCRIBING
        ):
            yield node


def for_programs(source: str) -> list[str]:
    """Return the messages that contain an address or a command. A single word is no message."""
    return [message for message in messages_in(source) if " " in message and FOR_PROGRAMS.search(message)]


def test_no_message_has_an_address_or_a_command() -> None:
    files = [file for folder in FOLDERS for file in sorted((ROOT / folder).rglob("*.py"))]
    assert len(files) > 200
    found = {
        name: messages
        for file in files
        if (name := file.relative_to(ROOT).as_posix()) not in DOCUMENTATION
        and (messages := for_programs(file.read_text()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "message",
    [
        '"Raise it at POST /api/v1/tasks/x/budget."',
        'f"Raise it at POST /api/v1/tasks/{task_id}/budget."',
        '"It waits for POST …/resume."',
        '"Cancel it first, at" " /api/v1/tasks."',
        'f"Make another with `chimera {name}`, or chimera codec."',
    ],
)
def test_an_address_and_a_command_are_found(message: str) -> None:
    assert len(for_programs(f"raise Conflict({message})")) == 1


@pytest.mark.parametrize(
    "source", ['def a():\n    """GET /api/v1/tasks lists them."""', 'Field(description="GET /api/v1/tasks lists them")']
)
def test_documentation_is_no_message(source: str) -> None:
    assert for_programs(source) == []
