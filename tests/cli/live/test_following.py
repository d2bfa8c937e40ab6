"""A stream that breaks off is resumed where it ended."""

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from cli.errors import NotReachable
from cli.http.connect import signed_in_by
from cli.live import following
from cli.live.following import frames_of
from models.events import BudgetRaised, BudgetReached, Frame, RunCompleted, RunFailed, RunRetried, RunStarted
from models.runs import RunStatus
from models.tasks import TaskView
from tests.cli.api import TinyApi, no_room, problem
from tests.cli.builders import call_finished, call_started, happened, task_view, written
from tests.parts import serving
from tests.ports import free_port
from tests.until import LIMIT_S, until

BEGINNING: list[Frame] = [happened(1, RunStarted()), happened(2, call_started("a")), written("a", "Hel")]
END: list[Frame] = [happened(3, call_finished("a")), happened(4, RunCompleted(preview="done"))]


async def followed(api: TinyApi, tmp_path: Path, printed: list[str], after: int = 0) -> list[Frame]:
    async with serving(api.app()) as api_url, signed_in_by(api.kept_in(tmp_path / "cli.json", api_url)) as client:
        return [frame async for frame in frames_of(client, task_view(), after, printed.append)]


async def test_a_stream_ends_with_its_last_event(tmp_path: Path) -> None:
    api = TinyApi(streams=[[*BEGINNING, *END]])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]
    assert api.asked_after == [0]


async def test_a_retried_task_is_followed_past_its_failure(tmp_path: Path) -> None:
    failed = [happened(3, RunFailed(code="wrong_key", message="No.")), happened(4, RunRetried(paths=()))]
    end = happened(5, RunCompleted(preview="done"))
    api = TinyApi(streams=[[*BEGINNING, *failed, end]])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *failed, end]


async def test_a_broken_stream_continues_after_its_last_event(tmp_path: Path) -> None:
    api = TinyApi(streams=[BEGINNING, END])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]
    assert api.asked_after == [0, 2]


async def test_following_an_ended_task_ends(tmp_path: Path) -> None:
    api = TinyApi(tasks=[task_view(status=RunStatus.COMPLETED)])
    assert await followed(api, tmp_path, [], after=4) == []


async def test_unknown_events_of_newer_servers_are_ignored(tmp_path: Path) -> None:
    strange = happened(2, RunStarted()).model_copy(update={"kind": "hologram"})
    api = TinyApi(streams=[[BEGINNING[0], strange, *END]])
    assert await followed(api, tmp_path, []) == [BEGINNING[0], *END]


async def test_an_api_that_restarts_is_waited_for(tmp_path: Path) -> None:
    api, port, printed = TinyApi(streams=[BEGINNING, END]), free_port(), list[str]()
    frames: list[Frame] = []
    async with signed_in_by(api.kept_in(tmp_path / "cli.json", f"http://127.0.0.1:{port}")) as client:

        async def follow() -> None:
            async for frame in frames_of(client, task_view(), 0, printed.append):
                frames.append(frame)  # noqa: PERF401  # the test looks at it in between

        async with asyncio.timeout(LIMIT_S):
            task = asyncio.create_task(follow())
            await until(lambda: printed != [])
            async with serving(api.app(), port):
                await task
    assert frames == [*BEGINNING, *END]
    assert printed == [
        "The connection to Chimera was lost. Trying to reconnect. The task continues.",
        "Connected again.",
    ]


async def test_a_persistently_unavailable_api_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


async def test_a_follower_may_leave_at_a_budget_wait(tmp_path: Path) -> None:
    waits = task_view(status=RunStatus.WAITING)
    # Nothing follows the second frame while the task is waiting.
    api = TinyApi(tasks=[waits], streams=[[BEGINNING[0], happened(2, REACHED)]])
    assert (await watched(api, tmp_path)).status is RunStatus.WAITING
    assert api.asked_after == [0]


async def test_a_wait_that_is_over_by_now_ends_nothing(tmp_path: Path) -> None:
    ended = task_view(status=RunStatus.COMPLETED)
    story: list[Frame] = [
        BEGINNING[0],
        happened(2, REACHED),
        happened(3, RAISED),
        happened(4, RunCompleted(preview="")),
    ]
    api = TinyApi(tasks=[ended], streams=[story])
    assert (await watched(api, tmp_path)).status is RunStatus.COMPLETED


async def test_a_stream_too_many_waits_for_room(tmp_path: Path, waits: list[float]) -> None:
    printed = list[str]()
    refusals = [no_room(Retry_After="7"), no_room(), no_room(Retry_After="86400")]
    api = TinyApi(streams=[[*BEGINNING, *END]], refuse_streams=refusals)
    assert await followed(api, tmp_path, printed) == [*BEGINNING, *END]
    assert waits == [7.0, following.NO_ROOM_S, following.LONGEST_NO_ROOM_S]
    assert len(printed) == 1
    assert "the maximum number of tasks" in printed[0]


async def test_an_api_in_trouble_is_waited_for(tmp_path: Path, waits: list[float]) -> None:
    away = problem(503, "unavailable", "A service that Chimera needs isn't responding")
    api = TinyApi(streams=[[*BEGINNING, *END]], refuse_streams=[away])
    assert await followed(api, tmp_path, []) == [*BEGINNING, *END]
