"""A stream that breaks off is taken up where it ended."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console
from starlette.responses import Response

from benchmarks.ports import free_port
from cli.errors import NotReachable, Refused
from cli.http.connect import signed_in_by
from cli.live import following
from cli.live.following import frames_of
from cli.tasks import follow, retry, run
from models.events import BudgetRaised, BudgetReached, Frame, TaskCompleted, TaskFailed, TaskRetried, TaskStarted
from models.tasks import TaskStatus, TaskView
from tests.cli.api import TinyApi, problem
from tests.cli.builders import TASK, call_finished, call_started, happened, task_view, written
from tests.parts import serving
from tests.until import LIMIT_S, until

BEGINNING: list[Frame] = [happened(1, TaskStarted()), happened(2, call_started("a")), written("a", "Hel")]
END: list[Frame] = [happened(3, call_finished("a")), happened(4, TaskCompleted(preview="done"))]


async def followed(api: TinyApi, tmp_path: Path, said: list[str], after: int = 0) -> list[Frame]:
    async with serving(api.app()) as api_url, signed_in_by(api.kept_in(tmp_path / "cli.json", api_url)) as client:
        return [frame async for frame in frames_of(client, task_view(), after, said.append)]


async def test_a_stream_ends_with_its_last_event(tmp_path: Path) -> None:
    api = TinyApi(streams=[[*BEGINNING, *END]])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]
    assert api.asked_after == [0]


async def test_a_task_that_was_tried_again_is_followed_past_its_failure(tmp_path: Path) -> None:
    failed = [happened(3, TaskFailed(code="wrong_key", message="No.")), happened(4, TaskRetried(paths=()))]
    end = happened(5, TaskCompleted(preview="done"))
    api = TinyApi(streams=[[*BEGINNING, *failed, end]])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *failed, end]


async def test_a_stream_that_ended_early_is_taken_up_behind_the_last_event(tmp_path: Path) -> None:
    api = TinyApi(streams=[BEGINNING, END])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]
    assert api.asked_after == [0, 2]


async def test_a_task_that_has_ended_before_is_not_followed_for_ever(tmp_path: Path) -> None:
    api = TinyApi(tasks=[task_view(status=TaskStatus.COMPLETED)])
    assert await followed(api, tmp_path, [], after=4) == []


async def test_what_a_newer_server_tells_is_passed_over(tmp_path: Path) -> None:
    strange = happened(2, TaskStarted()).model_copy(update={"kind": "hologram"})
    api = TinyApi(streams=[[BEGINNING[0], strange, *END]])
    assert await followed(api, tmp_path, []) == [BEGINNING[0], *END]


async def test_an_api_that_restarts_is_waited_for(tmp_path: Path) -> None:
    api, port, said = TinyApi(streams=[BEGINNING, END]), free_port(), list[str]()
    frames: list[Frame] = []
    async with signed_in_by(api.kept_in(tmp_path / "cli.json", f"http://127.0.0.1:{port}")) as client:

        async def follow() -> None:
            async for frame in frames_of(client, task_view(), 0, said.append):
                frames.append(frame)  # noqa: PERF401  # the test looks at it in between

        async with asyncio.timeout(LIMIT_S):
            task = asyncio.create_task(follow())
            await until(lambda: said != [])
            async with serving(api.app(), port):
                await task
    assert frames == [*BEGINNING, *END]
    assert said == ["The connection to Chimera was lost; trying again. The task goes on.", "Connected again."]


async def test_an_api_that_stays_away_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PATIENCE_S", 0.3)
    path = TinyApi().kept_in(tmp_path / "cli.json", f"http://127.0.0.1:{free_port()}")
    async with signed_in_by(path) as client:
        with pytest.raises(NotReachable):
            async for _ in frames_of(client, task_view(), 0, lambda line: None):
                pass


REACHED = BudgetReached(limit="max_cost_micro_usd", message="$0.00 is spent.")
RAISED = BudgetRaised(max_cost_micro_usd=9, max_tokens=None, max_model_calls=None)


async def watched(api: TinyApi, tmp_path: Path) -> TaskView:
    console = Console(file=io.StringIO())
    async with (
        asyncio.timeout(LIMIT_S),
        serving(api.app()) as api_url,
        signed_in_by(api.kept_in(tmp_path / "cli.json", api_url)) as client,
    ):
        return await following.follow(client, task_view(), console, until_it_waits=True)


async def test_a_task_that_waits_for_its_budget_is_left_where_that_is_asked_for(tmp_path: Path) -> None:
    waits = task_view(status=TaskStatus.WAITING)
    # Nothing comes after the second frame, as long as the task waits.
    api = TinyApi(tasks=[waits], streams=[[BEGINNING[0], happened(2, REACHED)]])
    assert (await watched(api, tmp_path)).status is TaskStatus.WAITING
    assert api.asked_after == [0]


async def test_a_wait_that_is_over_by_now_ends_nothing(tmp_path: Path) -> None:
    ended = task_view(status=TaskStatus.COMPLETED)
    story: list[Frame] = [
        BEGINNING[0],
        happened(2, REACHED),
        happened(3, RAISED),
        happened(4, TaskCompleted(preview="")),
    ]
    api = TinyApi(tasks=[ended], streams=[story])
    assert (await watched(api, tmp_path)).status is TaskStatus.COMPLETED


async def test_a_command_that_leaves_says_how_to_go_on_and_ends_with_a_code_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    way_out = f"Raise the limit: chimera budget {TASK} --usd 0.01, or POST /api/v1/tasks/{TASK}/budget."
    waits = task_view(status=TaskStatus.WAITING, waiting={"limit": "max_cost_micro_usd", "message": way_out})
    api = TinyApi(tasks=[waits])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
        assert await follow(TASK, exit_on_budget=True) == 4
    said = capsys.readouterr().err
    assert f"Raise the limit: chimera budget {TASK[:8]} --usd 0.01." in said
    assert f"chimera cancel {TASK[:8]}" in said


async def test_a_retry_tells_what_happens_from_then_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failed = task_view(status=TaskStatus.FAILED, last_seq=17, error_code="overloaded", error="Busy.")
    api = TinyApi(tasks=[failed])
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        await retry("last")
    assert api.asked_after == [17]
    assert "chimera retry" in capsys.readouterr().err


def no_room(**headers: str) -> Response:
    refusal = problem(
        429, "limit_reached", "One user may have no more of this", detail="This user has 10 open streams."
    )
    refusal.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return refusal


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Returns what was waited for in whole seconds, and makes those waits short."""
    waited, sleep = list[float](), asyncio.sleep

    async def shorter(seconds: float) -> None:
        if seconds >= 1:
            waited.append(seconds)
        await sleep(seconds if seconds < 1 else 0)

    monkeypatch.setattr(asyncio, "sleep", shorter)
    return waited


async def test_a_stream_too_many_waits_for_room(tmp_path: Path, waits: list[float]) -> None:
    said = list[str]()
    refusals = [no_room(Retry_After="7"), no_room(), no_room(Retry_After="86400")]
    api = TinyApi(streams=[[*BEGINNING, *END]], refuse_streams=refusals)
    assert await followed(api, tmp_path, said) == [*BEGINNING, *END]
    assert waits == [7.0, following.NO_ROOM_S, following.LONGEST_NO_ROOM_S]
    assert len(said) == 1
    assert "as many tasks as one user may" in said[0]


async def test_an_api_in_trouble_is_waited_for(tmp_path: Path, waits: list[float]) -> None:
    away = problem(503, "unavailable", "A part of Chimera is not reachable")
    api = TinyApi(streams=[[*BEGINNING, *END]], refuse_streams=[away])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]


@pytest.mark.parametrize(
    ("status", "code"),
    [(TaskStatus.COMPLETED, 0), (TaskStatus.FAILED, 1), (TaskStatus.CANCELLED, 2), (TaskStatus.WAITING, 4)],
)
async def test_a_task_without_a_stream_ends_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waits: list[float], status: TaskStatus, code: int
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(refuse_streams=[no_room() for _ in range(9)])

    async def create(client: object, spec: object) -> TaskView:
        api.tasks = [task_view(status=status)]
        return task_view()

    monkeypatch.setattr("cli.http.client.Client.create_task", create)
    async with asyncio.timeout(LIMIT_S), serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        assert await run("Find out.", exit_on_budget=True, as_json=True) == code
    assert len(api.asked_after) == 1


@pytest.mark.parametrize(("status", "goes_on"), [(403, True), (500, True), (404, False)])
async def test_a_refused_stream_tells_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], status: int, goes_on: bool
) -> None:
    monkeypatch.setenv("CHIMERA_DATA_DIR", str(tmp_path))
    api = TinyApi(refuse_streams=[problem(status, "odd", "Refused")])
    async with serving(api.app()) as api_url:
        api.kept_in(tmp_path / "cli.json", api_url)
        with pytest.raises(Refused):
            await follow(TASK)
    assert (f"The task goes on. Watch it again: chimera follow {TASK[:8]}" in capsys.readouterr().err) == goes_on
