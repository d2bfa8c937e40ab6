"""The state of a followed task after sequences of frames."""

from datetime import timedelta

from rich.console import Console

from cli.live.lines import line_of, line_of_snapshot
from cli.live.render import display_of
from cli.live.view import TaskState
from models.approvals import ApprovalId, ApprovalKind, ApprovalStatus
from models.events import (
    ApprovalDecided,
    ApprovalRequested,
    BudgetRaised,
    BudgetReached,
    FileWritten,
    GuidanceSeen,
    RunCompleted,
    RunFailed,
    RunRetried,
    RunStarted,
    SnapshotFrame,
    SubtaskCompleted,
    SubtaskDelegated,
    SubtaskFailed,
    SubtaskStarted,
    ToolCallFinished,
    ToolCallStarted,
)
from models.ids import FileId, NodePath
from models.plans import PlanNode
from models.runs import RunStatus
from models.subtasks import SubtaskStatus
from tests.cli.builders import (
    NOW,
    TASK,
    call_failed,
    call_finished,
    call_started,
    happened,
    planned,
    subtask_view,
    task_view,
    written,
)

A = NodePath("a")


def state_after(*frames: object) -> TaskState:
    state = TaskState(TASK)
    for frame in frames:
        state.apply(frame)  # type: ignore[arg-type]
    return state


def tail_of(state: TaskState, path: str = "a") -> str | None:
    writing = state.nodes[NodePath(path)].writing
    return writing.tail if writing else None


def test_a_retried_task_is_open_with_failed_subtasks_pending() -> None:
    state = state_after(
        happened(1, planned(PlanNode(key="a", agent="writer"))),
        happened(2, SubtaskFailed(path=A, code="wrong_key", message="No.")),
        happened(3, RunFailed(code="wrong_key", message="No.")),
    )
    assert (state.is_closed, state.nodes[A].status) == (True, SubtaskStatus.FAILED)
    state.apply(happened(4, RunRetried(paths=(A,))))
    assert (state.is_closed, state.ended_at, state.note) == (False, None, "")
    assert (state.nodes[A].status, state.nodes[A].note) == (SubtaskStatus.PENDING, "")


def test_a_running_tool_is_shown_until_its_result() -> None:
    started = ToolCallStarted(path=A, step=1, attempt=1, index=0, tool="fetch_page", preview='{"url":"x"}')
    other = started.model_copy(update={"index": 1, "tool": "read_file"})
    ended = ToolCallFinished(path=A, step=1, index=0, tool="fetch_page", failed=False, preview="A page")
    state = state_after(happened(1, started))
    assert state.nodes[A].note == 'running fetch_page: {"url":"x"}'
    state.apply(happened(2, other))
    assert state.nodes[A].note == "running fetch_page, read_file"
    state.apply(happened(3, ended))
    assert state.nodes[A].note == "running read_file; fetch_page: A page"
    assert not state.apply(happened(3, ended))
    state.apply(happened(4, ended.model_copy(update={"index": 1, "tool": "read_file", "preview": "Text"})))
    assert state.nodes[A].note == "read_file: Text"


def test_a_cancelled_tool_is_forgotten_at_the_next_call() -> None:
    started = ToolCallStarted(path=A, step=1, attempt=1, index=0, tool="fetch_page", preview="{}")
    state = state_after(happened(1, started), happened(2, call_started("a")))
    assert state.nodes[A].tools == {}


def test_tools_and_files_have_lines() -> None:
    started = ToolCallStarted(path=A, step=1, attempt=2, index=0, tool="fetch_page", preview='{"url":"x"}')
    assert line_of(started, TASK) == 'a: runs fetch_page, start 2: {"url":"x"}'
    written_file = FileWritten(path=A, step=1, file_id=FileId("f"), name="b/c.md", size_bytes=1234)
    assert line_of(written_file, TASK) == "a: wrote b/c.md (1,234 bytes)"


def test_estimates_are_marked_while_a_task_runs() -> None:
    guess = call_finished("a").model_copy(update={"estimated": True})
    assert line_of(guess, TASK) == "a: model call 1 finished: ~15 tokens, ~$0.000030"
    state = state_after(happened(1, call_finished("b")), happened(2, guess))
    console = Console(width=100)
    with console.capture() as capture:
        console.print(display_of(state, elapsed_s=1))
    shown = capture.get()
    assert "1 s · 2 model calls · ~30 tokens · ~$0.000060" in shown
    assert "1 call, ~$0.000030" in shown
    assert "1 call, $0.000030" in shown


def test_text_is_put_together_in_order() -> None:
    state = state_after(happened(1, call_started("a")), written("a", "Hello "), written("a", "world", offset=6))
    assert tail_of(state) == "Hello world"


def test_text_that_comes_again_is_not_shown_twice() -> None:
    state = state_after(happened(1, call_started("a")), written("a", "Hello "), written("a", "world", offset=6))
    assert not state.apply(written("a", "Hello "))
    assert not state.apply(written("a", "world", offset=6))
    assert tail_of(state) == "Hello world"


def test_a_gap_is_marked_and_events_continue() -> None:
    state = state_after(happened(1, call_started("a")), written("a", "Hello "), written("a", "you", offset=20))
    assert tail_of(state) == "Hello …you"
    assert state.apply(written("a", " there", offset=23))


def test_a_new_attempt_retracts_earlier_text() -> None:
    state = state_after(happened(1, call_started("a")), written("a", "Hello wor"))
    state.apply(happened(2, call_started("a", attempt=2)))
    assert tail_of(state) == ""
    assert state.repeated_calls == 1
    assert not state.apply(written("a", "ld", offset=9)), "a late piece of the first attempt"
    state.apply(written("a", "Hello again", attempt=2))
    assert tail_of(state) == "Hello again"


def test_a_discard_is_shown_only_after_shown_text() -> None:
    state = state_after(
        happened(1, call_started("a")), written("a", "Hello"), happened(2, call_started("a", attempt=2))
    )
    assert state.nodes[A].note == "attempt 2 (the earlier attempt's text was discarded)"
    state.apply(happened(3, call_failed("a", attempt=2)))
    state.apply(happened(4, call_started("a", attempt=3)))
    assert state.nodes[A].note == "attempt 3"


def test_only_a_failed_attempt_shows_whether_it_retries() -> None:
    state = state_after(happened(1, call_started("a")), happened(2, call_failed("a")))
    assert state.nodes[A].note == "the call failed: overloaded: It has trouble; the call will be retried"
    state.apply(happened(3, call_failed("a", retryable=False)))
    assert state.nodes[A].note == "the call failed: overloaded: It has trouble"
    state.apply(happened(4, call_failed("a", code="cancelled")))
    assert state.nodes[A].note == "the call was interrupted"


def test_seen_guidance_shows_its_first_words() -> None:
    seen = GuidanceSeen(path=A, guidance_id=7, preview="Keep it short.")
    assert state_after(happened(1, seen)).nodes[A].note == "received the guidance: Keep it short."
    assert line_of(seen, TASK) == "a: received the guidance: Keep it short."


def test_a_snapshot_has_its_sequence() -> None:
    frame = SnapshotFrame(run_id=TASK, seq=40, task=task_view(status=RunStatus.COMPLETED), subtasks=())
    assert line_of_snapshot(frame).startswith("task: completed, ")
    assert "after event 40" in line_of_snapshot(frame)


def test_text_of_an_attempt_may_come_before_its_event() -> None:
    state = state_after(happened(1, call_started("a")), written("a", "old"), written("a", "new", attempt=2))
    assert tail_of(state) == "new"
    state.apply(happened(2, call_started("a", attempt=2)))
    assert tail_of(state) == "new"


def test_text_after_its_calls_end_is_ignored() -> None:
    state = state_after(happened(1, call_started("a")), happened(2, call_finished("a")))
    assert not state.apply(written("a", "late"))
    assert tail_of(state) is None


def test_the_next_turn_begins_with_nothing() -> None:
    state = state_after(
        happened(1, call_started("a")),
        written("a", "first"),
        happened(2, call_finished("a", tool_calls=("calculator",))),
        happened(3, call_started("a", step=2)),
        written("a", "second", step=2),
    )
    assert tail_of(state) == "second"
    assert state.repeated_calls == 0


def test_only_the_end_of_a_long_answer_is_kept() -> None:
    state = state_after(happened(1, call_started("a")))
    for start in range(0, 10_000, 1000):
        state.apply(written("a", "x" * 1000, offset=start))
    writing = state.nodes[A].writing
    assert writing is not None
    assert (writing.length, len(writing.tail)) == (10_000, 2000)


def test_events_that_come_again_after_a_reconnect_count_once() -> None:
    frames = (happened(1, call_started("a")), happened(2, call_finished("a")))
    state = state_after(*frames)
    assert not any(state.apply(frame) for frame in frames)
    assert (state.finished_calls, state.spent_micro_usd, state.tokens, state.nodes[A].turns) == (1, 30, 15, 1)


def test_a_run_from_its_plan_to_its_answer() -> None:
    plan = planned(PlanNode(key="a", agent="analyst"), PlanNode(key="b", agent="writer", depends_on=("a",)))
    state = state_after(
        happened(1, RunStarted()), happened(2, plan), happened(3, SubtaskStarted(path=A, agent="analyst"))
    )
    assert [node.status for node in state.subtasks] == [SubtaskStatus.RUNNING, SubtaskStatus.PENDING]
    assert state.nodes[NodePath("b")].depends_on == ("a",)
    state.apply(happened(4, SubtaskCompleted(path=A, preview="fine")))
    assert (state.done, state.status) == (1, RunStatus.RUNNING)
    state.apply(happened(5, RunCompleted(preview="fine", simulated=True)))
    assert state.is_closed
    assert state.simulated


def test_a_plan_inside_a_subtask_hangs_below_it() -> None:
    inner = planned(PlanNode(key="c", agent="coder")).model_copy(update={"path": A})
    state = state_after(happened(1, planned(PlanNode(key="a", agent="analyst"))), happened(2, inner))
    assert [node.path for node in state.children_of(A)] == ["a/c"]


def test_why_a_subtask_or_the_task_failed_is_kept() -> None:
    failed = SubtaskFailed(path=A, code="no_quota", message="Nothing left.")
    state = state_after(happened(1, failed), happened(2, RunFailed(code="no_quota", message="Subtask 'a' failed.")))
    assert state.nodes[A].note == "no_quota: Nothing left."
    assert (state.status, state.note) == (RunStatus.FAILED, "no_quota: Subtask 'a' failed.")


def test_a_tools_result_is_noted_at_its_subtask() -> None:
    tool = ToolCallFinished(path=A, step=1, index=0, tool="calculator", failed=False, preview="42")
    assert state_after(happened(1, tool)).nodes[A].note == "calculator: 42"


def test_a_reached_budget_waits_for_a_raise() -> None:
    reached = BudgetReached(limit="max_model_calls", message="2 of 2 calls are used.", needed=3)
    state = state_after(happened(1, reached))
    printed = "2 of 2 calls are used. Run: chimera budget 6c1f0b1e --requests 6"
    assert (state.status, state.note) == (RunStatus.WAITING, printed)
    assert line_of(reached, TASK) == f"budget: reached, so the task is waiting: {printed}"
    console = Console(width=60)
    with console.capture() as capture:
        console.print(display_of(state, elapsed_s=1, width=60))
    assert "Run: chimera budget 6c1f0b1e --requests 6" in [line.strip() for line in capture.get().splitlines()]
    raised = BudgetRaised(max_cost_micro_usd=20_000, max_tokens=None, max_model_calls=9)
    state.apply(happened(2, raised))
    assert (state.status, state.note) == (RunStatus.RUNNING, "")
    assert line_of(raised, TASK) == "budget: set to $0.0200, 9 requests"


def test_events_continue_after_a_snapshot() -> None:
    snapshot = SnapshotFrame(run_id=TASK, seq=6000, task=task_view(spent_micro_usd=90), subtasks=(subtask_view("b"),))
    state = state_after(happened(1, call_started("a")), snapshot)
    assert [node.path for node in state.subtasks] == ["b"]
    assert (state.done, state.finished_calls, state.spent_micro_usd) == (1, 3, 90)
    assert not state.apply(happened(5999, call_finished("a")))
    assert state.apply(happened(6001, call_started("b", step=4)))


def test_the_clock_covers_the_tasks_duration() -> None:
    state = TaskState(TASK, task_view(created_at=NOW - timedelta(seconds=70), started_at=NOW - timedelta(seconds=60)))
    assert state.elapsed_s(NOW) == 60
    state.apply(happened(3, RunCompleted(preview="done")))
    assert state.elapsed_s(NOW + timedelta(hours=1)) == 63
    assert state.elapsed_s(NOW) == 60


def test_an_ended_tasks_clock_stops() -> None:
    ended = task_view(status=RunStatus.COMPLETED, ended_at=NOW + timedelta(seconds=5))
    assert TaskState(TASK, ended).elapsed_s(NOW + timedelta(days=1)) == 5
    snapshot = SnapshotFrame(run_id=TASK, seq=6000, task=ended, subtasks=())
    assert state_after(snapshot).elapsed_s(NOW + timedelta(days=1)) == 5


APPROVAL = ApprovalId("7d1f0b1e-0000-4000-8000-000000000001")


def requested(kind: ApprovalKind = ApprovalKind.TOOL_CALL) -> ApprovalRequested:
    return ApprovalRequested(
        path=A,
        step=1,
        approval_id=APPROVAL,
        kind=kind,
        index=0,
        tool="send_mail",
        reason="It can change something.",
        preview='{"to": "b@example.com"}' if kind is ApprovalKind.TOOL_CALL else "Which color?",
    )


def test_a_task_waits_until_a_person_decides() -> None:
    state = state_after(happened(1, RunStarted()), happened(2, SubtaskStarted(path=A, agent="writer")))
    state.apply(happened(3, requested()))
    assert (state.status, list(state.pending)) == (RunStatus.WAITING, [APPROVAL])
    assert state.note.endswith("See: chimera approvals show 7d1f0b1e")
    assert state.nodes[A].note == "waits for a person: send_mail"
    decided = ApprovalDecided(
        path=A, step=1, approval_id=APPROVAL, kind=ApprovalKind.TOOL_CALL, status=ApprovalStatus.APPROVED, by="a@b"
    )
    state.apply(happened(4, decided))
    assert (state.status, state.pending, state.note) == (RunStatus.RUNNING, {}, "")
    assert state.nodes[A].note == "approved by a@b"
    assert line_of(decided, TASK) == "a: approval 7d1f0b1e approved by a@b"


def test_a_raised_budget_does_not_end_another_wait() -> None:
    reached = BudgetReached(limit="max_tokens", message="Too many.")
    state = state_after(happened(1, requested()), happened(2, reached))
    assert state.note.startswith("Too many.")
    state.apply(happened(3, BudgetRaised(max_cost_micro_usd=None, max_tokens=9, max_model_calls=None)))
    assert (state.status, state.needs_budget) == (RunStatus.WAITING, False)
    assert "send_mail" in state.note


def test_a_question_names_the_command() -> None:
    line = line_of(requested(ApprovalKind.QUESTION), TASK)
    assert line == "a: waits for an answer: Which color? Run: chimera answer 7d1f0b1e <answer>"


def test_delegated_work_is_part_of_the_tree() -> None:
    path = NodePath("a/1-0")
    event = SubtaskDelegated(path=path, agent="critic", title="Check it")
    state = state_after(happened(1, SubtaskStarted(path=A, agent="writer")), happened(2, event))
    assert [(node.path, node.agent, node.title) for node in state.children_of(A)] == [(path, "critic", "Check it")]
    assert line_of(event, TASK) == "a/1-0: delegated to critic: Check it"
