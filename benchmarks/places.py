"""`python -m benchmarks places [--only TEXT] [--installs]`: checkouts and data folders in odd places, as a table.

Each place gets a stack of its own: `chimera up`, a task on the simulator, SIGTERM. It is right when the task ends, the
stop succeeds and no socket is left outside. With --installs each odd checkout also makes its environment with
./start.sh, which takes a minute each. What this machine can't show (a user to become, a mount) is said, not counted.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.ports import free_port
from chimera.local.run_as import RunAs

ROOT = Path(__file__).parents[1]
LIMIT_S = 180.0
NOBODY = 65534
ODD = 'dàta ü (1) & it\'s "100%" $HOME;#'


class NotHere(Exception):
    """This machine can't show it; the reason."""


@dataclass(frozen=True)
class Place:
    name: str
    data: str = "data"
    checkout: str = ""
    """A copy of the code in a folder of this name; empty is where it stands."""
    environment: dict[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    """Variables that are not set."""
    prepare: Callable[[Path, ExitStack], None] = lambda folder, undo: None
    """Gets the folder that the place is in."""
    refused: str = ""
    """Stands in the refusal of a place that can't be one."""
    is_root: bool = True
    """Otherwise as a user without root's rights, where root runs this."""


def _closed(folder: Path, undo: ExitStack) -> None:
    folder.chmod(0o700)


def _home_read_only(folder: Path, undo: ExitStack) -> None:
    (folder / "home").mkdir()
    (folder / "home").chmod(0o500)


def _mounted(folder: Path, undo: ExitStack) -> None:
    (folder / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=400m", "tmpfs", str(folder / "disk")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise NotHere("nobody may mount here")
    undo.callback(subprocess.run, ["umount", "-l", str(folder / "disk")], check=False)


def _linked(folder: Path, undo: ExitStack) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")


PLACES = (
    Place("a plain folder"),
    Place("blanks, umlauts, quotes, percent, $, &", ODD),
    Place("a leading dash", "-rf"),
    Place("a name of 100 characters", "long " * 20),
    Place("a path of 300 characters", "/".join(["long " * 10] * 6)),
    Place("Japanese", "データ"),
    Place("a line break", "two\nlines", refused="line break"),
    Place("below a folder that is closed to others", prepare=_closed),
    Place("another user than root", is_root=False),
    Place("a home that can't be written to", environment={"HOME": "home"}, prepare=_home_read_only),
    Place("HOME is not set", without=("HOME",)),
    Place(
        "LC_ALL=C, no UTF-8 mode", "dàta", environment={"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ),
    Place("a locale that isn't installed", "dàta", environment={"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    Place("another time zone, TMPDIR with blanks", environment={"TZ": "Asia/Kathmandu", "TMPDIR": "t m p"}),
    Place("data on a mount of its own", "disk", prepare=_mounted),
    Place("data behind a link", "link/data", prepare=_linked),
    Place("a checkout with blanks, umlauts, quotes, percent", checkout=ODD),
    Place("a checkout with a leading dash", checkout="-checkout"),
    Place("a checkout behind a link", checkout="link/chimera", prepare=_linked),
    Place("a checkout with a path of 200 characters", checkout="/".join(["long " * 10] * 4)),
)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks places", description=__doc__)
    options.add_argument("--only", default="", metavar="TEXT", help="places whose name has this text")
    options.add_argument("--installs", action="store_true", help="odd checkouts make their environment too")
    asked = options.parse_args()
    wrong = 0
    for place in (each for each in PLACES if asked.only in each.name):
        began = time.monotonic()
        try:
            said = _try(place, installs=asked.installs)
        except NotHere as reason:
            said = f"not run: {reason}"
        wrong += said != "ok" and not said.startswith("not run")
        print(f"{place.name:52} {said:40} {time.monotonic() - began:6.1f} s", flush=True)
    return 1 if wrong else 0


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
            environment["PYTHONPATH"] = f"{checkout}"
            if ":" in str(checkout):
                raise NotHere("PYTHONPATH has no way to say it")
            if installs and (problem := _installs(checkout, environment)):
                return problem
        return _lives(command, environment, folder, place)


def _environment(place: Place, folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CHIMERA_", "XDG_"))}
    ports = {f"CHIMERA_{name}_PORT": str(free_port()) for name in ("API", "TEMPORAL", "TEMPORAL_UI", "SIMULATOR")}
    environment = kept | ports | {"CHIMERA_ENV_FILE": "", "CHIMERA_DATA_DIR": str(folder / place.data)}
    for name, value in place.environment.items():
        environment[name] = str(folder / value) if name in ("HOME", "TMPDIR") else value
    if "TMPDIR" in place.environment:
        Path(environment["TMPDIR"]).mkdir()
    return {name: value for name, value in environment.items() if name not in place.without}


def _who(place: Place) -> Callable[[], None] | None:
    if place.is_root:
        return None
    if sys.platform != "linux" or os.geteuid() != 0:
        raise NotHere("this runs as another user anyway, or can't become one")
    return RunAs(NOBODY, NOBODY, is_name=True).rename


def _copy(checkout: Path) -> None:
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "docs", "tests")
    shutil.copytree(ROOT, checkout, ignore=ignored)


def _installs(checkout: Path, environment: dict[str, str]) -> str | None:
    kept = {name: value for name, value in environment.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        ["./start.sh", "--version"], cwd=checkout, env=kept, capture_output=True, text=True, check=False
    )
    return None if done.returncode == 0 else f"start.sh: {done.stderr.strip()[-100:]}"


def _lives(command: list[str], environment: dict[str, str], folder: Path, place: Place) -> str:
    with _running([*command, "up"], environment, folder, place) as (up, output):
        if not _until_ready(up, output):
            if place.refused and place.refused in output.read_text(errors="replace"):
                return "ok"
            return f"up: {output.read_text(errors='replace').strip()[-300:] or 'said nothing'}"
        goal = ["run", "Say a word.", "--model", "simulator/fast"]
        task = subprocess.run(
            [*command, *goal],
            cwd=folder,
            env=environment,
            capture_output=True,
            timeout=LIMIT_S,
            check=False,
            preexec_fn=_who(place),
        )
        if task.returncode != 0:
            return f"run: {(task.stdout + task.stderr).decode(errors='replace').strip()[-300:]}"
        sockets = [each.read_text() for each in (folder / place.data / "run").glob("*.sockets")]
        up.send_signal(signal.SIGTERM)
        up.wait(LIMIT_S)
        left = [each for each in sockets if Path(each).exists()]
        if up.returncode != 0 or left:
            return f"stop: exit code {up.returncode}, left {left}"
    return "ok"


@contextmanager
def _running(
    command: list[str], environment: dict[str, str], folder: Path, place: Place
) -> Iterator[tuple["subprocess.Popen[bytes]", Path]]:
    output = folder / "up.out"
    with output.open("wb") as file:
        up = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=file, stderr=subprocess.STDOUT, preexec_fn=_who(place)
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
