"""Prose is wrapped between words on a terminal of any width, and left unwrapped in a pipe."""

import io

import pytest
from rich.console import Console
from rich.text import Text

from cli.errors import WrongUsage
from cli.output import prose
from cli.output.prose import print_to
from cli.process.running import explain

LINE = "The call goes on; an embedding that was asked for before is looked for among the newest two thousand of yours."
URL = "http://127.0.0.1:8233/namespaces/default/workflows/task-6c1f0b1e-0000-4000-8000-000000000001"


def console_of(width: int, *, is_terminal: bool = True) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=width, force_terminal=is_terminal, color_system=None, highlight=False), written


@pytest.mark.parametrize("width", [40, 80, 200])
@pytest.mark.parametrize("indent", ["", "  ", "- "])
def test_lines_end_between_words(width: int, indent: str) -> None:
    console, written = console_of(width)
    print_to(console, indent + LINE)
    lines = written.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert " ".join(line.strip() for line in lines) == (indent + LINE).strip()
    assert all(line.startswith(" " * len(indent)) for line in lines[1:])


@pytest.mark.parametrize("width", [40, 80])
def test_an_address_is_never_broken(width: int) -> None:
    console, written = console_of(width)
    print_to(console, f"In Temporal's Web UI: {URL}")
    assert URL in written.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 110])
def test_a_command_is_never_broken(width: int) -> None:
    console, written = console_of(width)
    command = "chimera budget f15639f4 --usd 0.01"
    print_to(console, f"$0.00 of $0.0020 is spent, and the next call may cost $0.0045. Raise the limit. Run: {command}")
    assert any(line.endswith(command) for line in written.getvalue().splitlines())


def test_a_pipe_gets_lines_whole() -> None:
    console, written = console_of(40, is_terminal=False)
    print_to(console, LINE)
    assert written.getvalue() == f"{LINE}\n"


def test_errors_hang_below_their_mark() -> None:
    console, written = console_of(40)
    explain(WrongUsage(LINE), console)
    first, *others = written.getvalue().splitlines()
    assert first.startswith("✗ ")
    assert all(line.startswith("  ") and len(line) <= 40 for line in others)


def test_facts_hang_below_their_values() -> None:
    console, written = console_of(60)
    prose.print_prose(console, Text(f"Status    {LINE}"), indent=10)
    first, *others = written.getvalue().splitlines()
    assert first.startswith("Status    The call")
    assert others
    assert all(line.startswith(" " * 10) and not line.startswith(" " * 11) for line in others)


def test_code_and_tables_are_not_rewrapped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "40")
    kept = (f"```sh\n{LINE}\n```", f"    {LINE}", f"| {LINE} |")
    prose.print_answer("\n".join((*kept, LINE)))
    printed = capsys.readouterr().out
    assert all(each in printed for each in kept)
    assert all(len(line) <= 40 for line in printed.splitlines()[5:])
