"""Text from models and users can't do anything to a terminal except show characters."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from chimera.config.settings import Settings
from cli.live.lines import line_of
from cli.live.render import display_of
from cli.live.view import TaskState
from cli.output.prose import print_to
from cli.output.text import count, one_line, plain, with_port_options
from cli.stack.stack import Stack
from cli.stack.welcome import print_welcome
from models.base import usd
from models.events import BudgetReached, ModelCallWaiting, RunFailed, SubtaskCompleted
from models.ids import NodePath
from models.model_calls import Purpose
from models.plans import PlanNode
from tests.cli.builders import TASK, call_started, happened, planned, task_view, written

HOSTILE = (
    "\x1b[2J\x1b[31mred\x1b[0m \x1b]0;title\x07\x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ \x9b1mC1 a\x08b\x00c"
    " \u202eevil\u202c \ud800 [bold]not bold[/bold] [/] [link=http://evil]x[/link] e" + "\u0301" * 50
)


def rendered(state: TaskState, width: int = 100, height: int = 40) -> str:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=False)
    console.print(display_of(state, elapsed_s=1, width=width, height=height))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def assert_harmless(text: str) -> None:
    assert not any(character in text for character in "\x1b\x9b\x07\x08\x00\r\u202e\u202c\ud800")
    assert "\u0301" * 9 not in text


def test_hostile_text_loses_its_teeth_and_keeps_its_words() -> None:
    text = plain(HOSTILE)
    assert_harmless(text)
    assert text.startswith("red link C1 abc evil")
    assert "[bold]not bold[/bold]" in text


@pytest.mark.parametrize("text", ["Grüße, 世界", "👩\u200d👩\u200d👧 family", "a\tb\nc", "naïve", "שלום"])
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert plain(text) == text


def test_returns_cannot_overwrite_a_line() -> None:
    assert plain("good\rbad\r\nnext") == "good\nbad\nnext"


def test_hostile_text_is_harmless_everywhere_on_screen() -> None:
    state = TaskState(TASK, task_view(title=HOSTILE, goal=HOSTILE))
    state.apply(happened(1, planned(PlanNode(key="a", agent=HOSTILE, title=HOSTILE))))
    state.apply(happened(2, call_started("a")))
    state.apply(written("a", HOSTILE))
    screen = rendered(state)
    assert_harmless(screen)
    assert "[bold]not bold[/bold]" in screen
    state.apply(happened(3, RunFailed(code="x", message=HOSTILE)))
    assert_harmless(rendered(state))


def waiting(path: str, purpose: Purpose) -> ModelCallWaiting:
    why = (
        "OpenAI can't be used for this account since 14:03 because nothing is left of its quota, and it was asked twice"
    )
    message = f"{why}; add credit at the vendor, or name another model with: chimera run --model simulator/standard"
    return ModelCallWaiting(
        path=NodePath(path), step=1, purpose=purpose, code="no_quota", message=message, retry_after_s=None
    )


def test_the_screen_shows_why_a_plan_waits() -> None:
    state = TaskState(TASK, task_view())
    state.apply(happened(1, waiting("", Purpose.PLAN)))
    printed = " ".join(rendered(state).split())
    assert "no plan yet is waiting for its provider: no_quota" in printed
    assert "chimera run --model simulator/standard" in printed


def test_the_newest_note_is_shown_in_full() -> None:
    state = TaskState(TASK, task_view())
    state.apply(happened(1, planned(PlanNode(key="a", agent="analyst"), PlanNode(key="b", agent="writer"))))
    state.apply(happened(2, waiting("a", Purpose.TURN)))
    state.apply(happened(3, waiting("b", Purpose.TURN)))
    for height in (12, 40):
        screen = rendered(state, height=height)
        assert " ".join(screen.replace("│", " ").split()).count("--model simulator/standard") == 1
        assert len(screen.splitlines()) <= height


def test_hostile_text_is_harmless_in_lines() -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True, color_system=None)
    print_to(console, line_of(SubtaskCompleted(path=NodePath("a"), preview=HOSTILE), TASK))
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert_harmless(printed)
    assert printed.startswith("a: completed: red link")


def test_any_plan_fits_the_screen() -> None:
    state = TaskState(TASK, task_view())
    state.apply(happened(1, planned(*(PlanNode(key=f"n{number}", agent="analyst") for number in range(200)))))
    for number in range(50):
        state.apply(happened(2 + number, call_started(f"n{number}")))
        state.apply(written(f"n{number}", "word " * 100))
    lines = rendered(state, width=60, height=24).splitlines()
    assert len(lines) <= 24
    assert max(len(line) for line in lines) <= 60
    assert any("more subtasks" in line for line in lines)


def test_streaming_text_differs_from_subtask_lines() -> None:
    state = TaskState(TASK, task_view())
    state.apply(happened(1, planned(PlanNode(key="a", agent="analyst"), PlanNode(key="b", agent="analyst"))))
    state.apply(happened(2, call_started("a")))
    state.apply(written("a", "word " * 60))
    tree = rendered(state, width=60).splitlines()
    assert [line[:5] for line in tree if "word" in line] == ["│    "] * 3
    assert sum(line.startswith(("├── ", "└── ")) for line in tree) == 2


def test_an_address_is_whole_on_a_narrow_terminal(tmp_path: Path) -> None:
    console = Console(file=io.StringIO(), width=34)
    stack = Stack(Settings(data_dir=tmp_path), lambda line: None)
    stack.first_user = ("admin@chimera.local", "a-password-of-many-letters")
    print_welcome(stack, console)
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    assert "…" not in printed
    for whole in (
        "http://127.0.0.1:8000/docs",
        str(tmp_path),
        "a-password-of-many-letters",
    ):
        assert whole in printed


def test_the_budget_command_fits_a_narrow_screen() -> None:
    state = TaskState(TASK, task_view())
    state.apply(happened(1, planned(*(PlanNode(key=f"n{number}", agent="analyst") for number in range(40)))))
    reached = BudgetReached(limit="max_cost_micro_usd", message="It is spent. " * 8, needed=200)
    state.apply(happened(2, reached))
    lines = rendered(state, width=60, height=24).splitlines()
    screen = " ".join(line.strip() for line in lines)
    assert f"chimera budget {TASK[:8]} --usd 0.01" in screen
    assert len(lines) <= 24


def test_one_line_is_cut_with_an_ellipsis() -> None:
    assert one_line("a\n\n  b " + "c" * 50, 10) == "a b ccccc…"


@pytest.mark.parametrize(
    ("micro_usd", "written_as"), [(0, "$0.00"), (1, "$0.000001"), (1234, "$0.0012"), (2_500_000, "$2.50")]
)
def test_money_is_written_in_dollars(micro_usd: int, written_as: str) -> None:
    assert usd(micro_usd) == written_as


def test_counts_are_written_with_their_noun() -> None:
    assert (count(1, "call"), count(1200, "call")) == ("1 call", "1,200 calls")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Choose another: CHIMERA_API_PORT=8010", "Choose another: --port 8010"),
        ("CHIMERA_TEMPORAL_UI_PORT=8234 CHIMERA_SIMULATOR_PORT=…", "--temporal-ui-port 8234 --simulator-port …"),
        ("Set CHIMERA_API_PORT.", "Set CHIMERA_API_PORT."),
    ],
)
def test_port_settings_are_shown_as_options(text: str, expected: str) -> None:
    assert with_port_options(text) == expected
