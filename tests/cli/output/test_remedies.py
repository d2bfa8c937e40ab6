"""Remedies are shown as commands, and each of these commands exists."""

from typing import Any

import pytest
from rich.console import Console
from typer.main import get_command

from cli.errors import Problem, Refused
from cli.main import LazyGroup, app
from cli.output.remedies import COMMANDS, command_of, with_command
from cli.process.running import explain
from models.errors import NotFound
from models.remedies import Action, Remedy
from tests.cli.builders import TASK


def remedy(action: Action, target: str | None = TASK, **options: int) -> Remedy:
    return Remedy(action=action, target=target, options=options)


def test_each_action_has_a_command_or_a_reason() -> None:
    assert set(COMMANDS) == set(Action)
    without = {action for action, command in COMMANDS.items() if command is None}
    # Commands renew their sign-in by themselves. Drafts, files, single replies and the API's document are for
    # programs.
    assert without == {
        Action.REFRESH_TOKEN,
        Action.EXECUTE_TASK,
        Action.LIST_FILES,
        Action.LIST_CHAT_SESSIONS,
        Action.LIST_CHAT_MESSAGES,
        Action.SHOW_REPLY,
        Action.RAISE_REPLY_BUDGET,
        Action.READ_API_DOCUMENT,
    }


@pytest.mark.parametrize("action", [action for action, command in COMMANDS.items() if command])
def test_each_command_is_in_the_tree(action: Action) -> None:
    limits = {"max_cost_micro_usd": 20_000, "max_tokens": 9, "max_model_calls": 2}
    options = limits if action is Action.RAISE_BUDGET else {}
    line = command_of(Remedy(action=action, target=TASK, options=options))
    assert line is not None
    program, *words = line.split()
    assert program == "chimera"
    assert_taken(words)


def assert_taken(words: list[str]) -> None:
    """Parse words as the command line does, up to the point where the command would begin."""
    group: Any = get_command(app)
    assert isinstance(group, LazyGroup)
    name, *rest = words
    assert name in group.commands
    command = group.load(name)
    while rest and (below := getattr(command, "commands", {}).get(rest[0])) is not None:
        command, rest = below, rest[1:]
    command.make_context(words[-1], list(rest))


def test_a_word_that_is_no_command_is_found() -> None:
    with pytest.raises(AssertionError):
        assert_taken(["tassks"])
    with pytest.raises(Exception, match="No such option"):
        assert_taken(["budget", "6c1f", "--euro", "2"])


@pytest.mark.parametrize(
    ("message", "known", "line"),
    [
        ("Raise it.", remedy(Action.RAISE_BUDGET), "Raise it. Run: chimera budget 6c1f0b1e"),
        (
            "Raise it.",
            remedy(Action.RAISE_BUDGET, max_cost_micro_usd=20_000),
            "Raise it. Run: chimera budget 6c1f0b1e --usd 0.02",
        ),
        (
            "Raise it.",
            remedy(Action.RAISE_BUDGET, max_cost_micro_usd=2_000_000),
            "Raise it. Run: chimera budget 6c1f0b1e --usd 2",
        ),
        (
            "Raise it.",
            remedy(Action.RAISE_BUDGET, max_tokens=8),
            "Raise it. Run: chimera budget 6c1f0b1e --tokens 8",
        ),
        ("Cancel it first.", remedy(Action.CANCEL_TASK), "Cancel it first. Run: chimera cancel 6c1f0b1e"),
        (
            "An administrator can raise max_cost_month_micro_usd.",
            remedy(Action.SHOW_LIMITS, None),
            "An administrator can raise this limit with 'chimera limits USER --month <USD>'. See: chimera limits",
        ),
        ("It failed.", remedy(Action.SHOW_COST), "It failed. See: chimera cost 6c1f0b1e"),
        ("It is paused.", remedy(Action.RESUME_TASK), "It is paused. Run: chimera resume 6c1f0b1e"),
        ("It failed.", remedy(Action.RETRY_TASK), "It failed. Run: chimera retry 6c1f0b1e"),
        ("Create a new one.", remedy(Action.CREATE_TASK, None), "Create a new one. Run: chimera run <goal>"),
        ("You can delete it.", remedy(Action.DELETE_TASK), "You can delete it. Run: chimera delete 6c1f0b1e"),
        ("It runs.", remedy(Action.SHOW_TASK), "It runs. See: chimera show 6c1f0b1e"),
        ("No task.", remedy(Action.LIST_TASKS, None), "No task. See: chimera tasks"),
        ("No agent.", remedy(Action.LIST_AGENTS, None), "No agent. See: chimera agents"),
        ("No call.", remedy(Action.LIST_AI_CALLS, None), "No call. See: chimera calls"),
        ("No schedule.", remedy(Action.LIST_SCHEDULES, None), "No schedule. See: chimera schedules list"),
        ("It failed.", remedy(Action.SHOW_AI_CALL), "It failed. See: chimera calls show 6c1f0b1e"),
        (
            "It stays.",
            remedy(Action.CREATE_AGENT, None),
            "It stays. Run: chimera agents create <name> --prompt <prompt>",
        ),
        (
            "Change it.",
            remedy(Action.CHANGE_AGENT, "a-long-name-with-hyphens"),
            "Change it. Run: chimera agents change a-long-name-with-hyphens",
        ),
        ("Sign in.", remedy(Action.SIGN_IN, None), "Sign in. Run: chimera login"),
        ("No worker.", remedy(Action.CHECK_HEALTH, None), "No worker. See: chimera doctor"),
        ("Start it.", remedy(Action.EXECUTE_TASK), "Start it."),
        ("It failed.", None, "It failed."),
    ],
)
def test_a_remedy_ends_a_message_with_its_command(message: str, known: Remedy | None, line: str) -> None:
    assert with_command(message, known) == line


def lines_of(error: Any) -> list[str]:
    console = Console(width=200, highlight=False)
    with console.capture() as captured:
        explain(error, console)
    return captured.get().splitlines()


def refused(**remedy: object) -> Refused:
    problem = {"status": 409, "title": "Not possible", "detail": "The task is paused.", "code": "conflict"}
    return Refused(Problem.model_validate(problem | ({"remedy": remedy} if remedy else {})))


def test_a_refusal_ends_with_the_command() -> None:
    error = refused(action="raise_budget", target=TASK, method="POST", href="/x", body={"max_tokens": 8})
    assert lines_of(error) == [
        "✗ Not possible",
        "  The task is paused.",
        "  Run: chimera budget 6c1f0b1e --tokens 8",
        "  (409, conflict)",
    ]


@pytest.mark.parametrize("remedy", [{}, {"action": "execute_task", "target": TASK}, {"action": "of a newer server"}])
def test_a_refusal_may_have_no_command(remedy: dict[str, object]) -> None:
    assert lines_of(refused(**remedy)) == ["✗ Not possible", "  The task is paused.", "  (409, conflict)"]


def test_an_error_of_this_side_ends_with_the_command() -> None:
    assert lines_of(NotFound("task", "x"))[1:] == [
        "  There is no task 'x'. Choose one from the list of tasks.",
        "  See: chimera tasks",
    ]


def test_a_target_cannot_steer_the_terminal() -> None:
    line = command_of(remedy(Action.CHANGE_AGENT, "a\x1b[2J\nb"))
    assert line == "chimera agents change a b"
