"""`python -m benchmarks places [--only TEXT] [--installs]`: try checkouts and data folders in odd places.

Each place gets its own stack: `chimera up`, a task on the simulator, SIGTERM. A place passes if the task ends, the
stack stops, no socket is left behind and nothing in the data folder is accessible to other users. An unusable place
passes if `up` ends with exit code 3 and prints a message without a traceback. With --installs, each odd checkout also
creates its environment with ./start.sh, which takes about a minute per checkout. Places that this machine doesn't
support, such as another user or a mount, are listed as `not run`.
"""

import argparse
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.places.list import PLACES, UNPRIVILEGED_ID
from benchmarks.places.place import BELOW, NotHere, Place
from chimera.local.run_as import RunAs
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
LIMIT_S = 180.0
REFUSED = 3
"""The exit code of `chimera` when it can't do what was requested."""


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks places", description=__doc__)
    options.add_argument("--only", default="", metavar="TEXT", help="run only places whose names contain this text")
    options.add_argument("--installs", action="store_true", help="also install the environment in odd checkouts")
    asked = options.parse_args()
    count = Counter[str]()
    for place in (each for each in PLACES if asked.only in each.name):
        began = time.monotonic()
        try:
            verdict = _try(place, installs=asked.installs)
        except NotHere as reason:
            verdict = f"not run: {reason}"
        count["ok" if verdict == "ok" else "not run" if verdict.startswith("not run") else "wrong"] += 1
        print(f"{place.name:52} {verdict:40} {time.monotonic() - began:6.1f} s", flush=True)
    print(f"{count.total()} places: {', '.join(f'{count[word]} {word}' for word in ('ok', 'wrong', 'not run'))}")
    return 1 if count["wrong"] else 0


def _try(place: Place, *, installs: bool) -> str:
    with ExitStack() as undo:
        folder = Path(undo.enter_context(tempfile.TemporaryDirectory(prefix="chimera-place-")))
        folder.chmod(0o711)
        place.prepare(folder, undo)
        environment = _environment(place, folder)
        command = [sys.executable, "-P", "-m", "cli"]
        if place.checkout:
            checkout = folder / place.checkout
            _copy(checkout)
            if place.sealed:
                _seal(checkout)
            environment["PYTHONPATH"] = f"{checkout}"
            if ":" in str(checkout):
                raise NotHere("PYTHONPATH can't contain this path")
            if installs and (problem := _installs(checkout, environment)):
                return problem
        return _lives(command, environment, folder, place)


def _environment(place: Place, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHIMERA_", "XDG_"))}
    ports = {f"CHIMERA_{name}_PORT": str(free_port()) for name in ("API", "TEMPORAL", "TEMPORAL_UI", "SIMULATOR")}
    environment = kept | ports | {"CHIMERA_ENV_FILE": "", "CHIMERA_DATA_DIR": str(folder / place.data)}
    for name, value in place.environment.items():
        environment[name] = str(folder / value) if name in BELOW else value
    return {name: value for name, value in environment.items() if name not in place.without}


def _beginning_of(place: Place) -> Callable[[], None]:
    if not place.is_root and (sys.platform != "linux" or os.geteuid() != 0):
        raise NotHere("the benchmark already runs as another user, or can't switch to one")
    steps: list[Callable[[], object]] = (
        [] if place.is_root else [RunAs(UNPRIVILEGED_ID, UNPRIVILEGED_ID, is_name=True).rename]
    )
    steps += [place.begin] if place.begin is not None else []

    def begin() -> None:
        for step in steps:
            step()

    return begin


def _copy(checkout: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "docs", "tests")
    shutil.copytree(ROOT, checkout, ignore=ignored)


def _seal(checkout: Path) -> None:
    for each in (checkout, *checkout.rglob("*")):
        each.chmod(each.stat().st_mode & ~0o222)


def _installs(checkout: Path, environment: dict[str, str]) -> str | None:
    kept = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["./start.sh", "--version"], cwd=checkout, env=kept, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else f"start.sh: {done.stderr.strip()[-100:]}"


def _lives(command: list[str], environment: dict[str, str], folder: Path, place: Place) -> str:
    with _running([*command, "up"], environment, folder, place) as (up, output):
        ready = _until_ready(up, output)
        printed = output.read_text(errors="replace").strip()
        if place.refused:
            return "ok" if _is_refusal(up, printed, place.refused) else f"up: {printed[-300:]}"
        if not ready:
            return f"up: {printed[-300:] or 'printed nothing'}"
        goal = ["run", "Say a word.", "--model", "simulator/fast"]
        task = subprocess.run(
            [*command, *goal],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            preexec_fn=_beginning_of(place),
        )
        if task.returncode != 0:
            return f"run: {(task.stdout + task.stderr).decode(errors='replace').strip()[-300:]}"
        sockets = [each.read_text() for each in (folder / place.data / "run").glob("*.sockets")]
        up.send_signal(signal.SIGTERM)
        up.wait(LIMIT_S)
        left = [each for each in sockets if Path(each).exists()]
        if up.returncode != 0 or left:
            return f"stop: exit code {up.returncode}, left {left}"
        if seen := sorted(_open_to_others(folder / place.data)):
            return f"open to others: {', '.join(seen)}"
    return "ok"


def _is_refusal(up: "subprocess.Popen[bytes]", printed: str, words: str) -> bool:
    return up.poll() == REFUSED and words in printed and "Traceback" not in printed


def _open_to_others(folder: Path) -> Iterator[str]:
    """Yield the names of files and folders in a data folder that users other than the owner can read or write.

    A folder that other users can't enter isn't searched.
    """
    if stat.S_IMODE(folder.stat().st_mode) & 0o022:
        yield folder.name
    if not stat.S_IMODE(folder.stat().st_mode) & 0o011:
        return
    for each in folder.iterdir():
        if each.is_symlink():
            continue
        if each.is_dir():
            yield from _open_to_others(each)
        elif stat.S_IMODE(each.stat().st_mode) & 0o066:
            yield each.name


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], folder: Path, place: Place
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    output = folder / "up.out"
    with output.open("wb") as file:
        up = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT, preexec_fn=_beginning_of(place)
        )
    try:
        yield up, output
    finally:
        with suppress(ProcessLookupError, subprocess.TimeoutExpired):
            up.send_signal(signal.SIGTERM)
            up.wait(30)
        up.kill()
        up.wait()


def _until_ready(up: "subprocess.Popen[bytes]", output: Path) -> bool:
    deadline = time.monotonic() + LIMIT_S
    while up.poll() is None and time.monotonic() < deadline:
        if b"\nReady " in output.read_bytes():
            return True
        time.sleep(0.1)
    return False


if __name__ == "__main__":
    sys.exit(main())
