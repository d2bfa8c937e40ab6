"""Handles signals: the first Ctrl-C or SIGTERM stops cleanly, and another one stops faster."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cli.errors import INTERRUPTED

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


async def until_stopped(
    body: Coroutine[Any, Any, int], *, stopping: Callable[[], None], hurry: Callable[[], None]
) -> int | None:
    """Run `body` and return its result; None if a signal stopped it and its clean-up is done."""
    task = asyncio.create_task(body)
    is_stopping = False

    def stop() -> None:
        nonlocal is_stopping
        if is_stopping:
            hurry()
            return
        is_stopping = True
        stopping()
        task.cancel()

    with _on_signals(stop):
        try:
            return await task
        except asyncio.CancelledError:
            if not is_stopping:
                raise
            return None


async def until_interrupted(body: Coroutine[Any, Any, int]) -> int:
    """Run `body` and return its exit code. On Ctrl-C, cancel it, and return 130 when its clean-up is done.

    `timeout -s INT` and impatient users send several signals. Another signal cancels the clean-up, and any signal after
    that ends the process. None of them raises KeyboardInterrupt, which Python would raise in whatever code is running,
    and print.
    """
    before = signal.getsignal(signal.SIGINT)
    if before is signal.SIG_IGN:
        # A script's `&` ignores the signal, and needs it to stay ignored.
        return await body
    loop, task, is_stopping = asyncio.get_running_loop(), asyncio.ensure_future(body), False

    def stop() -> None:
        nonlocal is_stopping
        is_stopping = True
        task.cancel()

    signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(stop))
    try:
        with _signals_wake(loop):
            return await task
    except asyncio.CancelledError:
        if not is_stopping:
            raise
        return INTERRUPTED
    finally:
        # The previous handler is asyncio's, whose second call raises KeyboardInterrupt.
        signal.signal(signal.SIGINT, _leave if is_stopping else before)


def _leave(*_: object) -> None:
    """Flush the output and exit at once. The terminal has been restored, and only the loop would still be closed."""
    with suppress(Exception):
        sys.stdout.flush()
    os._exit(INTERRUPTED)


@contextmanager
def _on_signals(stop: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    handled = [number for number in numbers if not _is_to_be_ignored(number)]
    before = {number: signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop)) for number in handled}
    try:
        with _signals_wake(loop):
            yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _signals_wake(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let each signal end the loop's wait, because handlers run only in the main thread, and only while it is running.

    Otherwise, a signal that arrives just before the wait begins, or in another thread, would not be handled until
    something else happens.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.setblocking(False)
        theirs.setblocking(False)
        loop.add_reader(ours, ours.recv, 4096)
        before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            loop.remove_reader(ours)


def _is_to_be_ignored(number: int) -> bool:
    """Return whether the parent process wants a signal to be ignored, as nohup does with SIGHUP.

    SIGINT and SIGTERM are handled anyway: a script's `&` ignores SIGINT because of the terminal, but not because of
    processes that send it on purpose.
    """
    return signal.getsignal(number) is signal.SIG_IGN and number not in (signal.SIGINT, signal.SIGTERM)
