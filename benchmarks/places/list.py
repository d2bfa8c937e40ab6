"""The list of places, and the functions that prepare them."""

import os
import resource
import signal
import subprocess
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.places.place import ODD, NotHere, Place

UNPRIVILEGED_ID = 65534
NO_UTF8 = os.fsdecode(b"caf\xe9")
"""A name in Latin-1, as on older disks."""
LONG = "/".join(["long " * 10] * 6)
NO_UTF8_MODE = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
PROXY = "http://127.0.0.1:9"
"""An address at which no server listens."""


def _closed(folder: Path, undo: ExitStack) -> None:
    folder.chmod(0o700)


def _folder(name: str, mode: int, folder: Path, undo: ExitStack) -> None:
    (folder / name).mkdir()
    (folder / name).chmod(mode)


def _mounted(options: str, folder: Path, undo: ExitStack) -> None:
    (folder / "disk").mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder / "disk")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        raise NotHere("mounting isn't permitted here")
    undo.callback(subprocess.run, ["umount", "-l", str(folder / "disk")], check=False)


def _linked(folder: Path, undo: ExitStack) -> None:
    (folder / "real").mkdir()
    (folder / "link").symlink_to("real")


def _linked_to_nothing(folder: Path, undo: ExitStack) -> None:
    (folder / "data").symlink_to("nowhere")


def _of_another(folder: Path, undo: ExitStack) -> None:
    if os.geteuid() != 0:
        raise NotHere("folders for other users can't be created here")
    (folder / "data").mkdir()
    os.chown(folder / "data", UNPRIVILEGED_ID, UNPRIVILEGED_ID)


def _with_other_things(folder: Path, undo: ExitStack) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "thesis.odt").touch()


def _a_file(folder: Path, undo: ExitStack) -> None:
    (folder / "data").touch()


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))


def _ignoring_signals() -> None:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)


PLACES = (
    # The data folder's name and location.
    Place("a plain folder"),
    Place("spaces, umlauts, quotes, percent, $, &", ODD),
    Place("a leading dash", "-rf"),
    Place("percent escapes, a question mark, a hash", "100%20 %s %(x)s ?a=b #c"),
    Place("an equals sign, a colon, a backslash, a star", "a=b:c\\d*"),
    Place("a 100-character name", "long " * 20),
    Place("60 characters in 120 bytes", "ü" * 60),
    Place("a 300-character path", LONG),
    Place("Japanese", "データ"),
    Place("a combining accent (NFD)", "cafe\u0301"),
    Place("a line break", "two\nlines", refused="line break"),
    Place("a name that isn't UTF-8", NO_UTF8, refused="UTF-8"),
    Place("a relative data folder", "dàta (1)", environment={"CHIMERA_DATA_DIR": "./dàta (1)"}),
    Place("a data folder below ~", "ho me/data", environment={"CHIMERA_DATA_DIR": "~/data", "HOME": "ho me"}),
    Place("data on a separate mount", "disk", prepare=partial(_mounted, "size=400m")),
    Place("data on a noexec mount", "disk", prepare=partial(_mounted, "size=400m,noexec,nosuid,nodev")),
    Place("data on a read-only disk", "disk/data", prepare=partial(_mounted, "size=1m,ro"), refused="Read-only"),
    Place("data behind a link", "link/data", prepare=_linked),
    Place("data behind a dangling link", prepare=_linked_to_nothing, refused="link"),
    Place("a file instead of the data folder", prepare=_a_file, refused="is a file"),
    Place("a folder with other files", prepare=_with_other_things, refused="thesis.odt"),
    # Owners and permissions.
    Place("below a folder closed to other users", prepare=_closed),
    Place("a user other than root", is_root=False),
    Place("another user's data folder", prepare=_of_another, refused="belongs to"),
    Place(
        "a folder without write permission",
        "shut/data",
        prepare=partial(_folder, "shut", 0o500),
        is_root=False,
        refused="Permission denied",
    ),
    Place(
        "a read-only home",
        environment={"HOME": "home"},
        prepare=partial(_folder, "home", 0o500),
        is_root=False,
    ),
    Place("a missing home", environment={"HOME": "nowhere"}),
    Place("HOME is not set", without=("HOME",)),
    # Temporary folders, in which sockets are placed if the data folder's path is too long.
    Place(
        "another time zone, TMPDIR with spaces",
        environment={"TZ": "Asia/Kathmandu", "TMPDIR": "t m p"},
        prepare=partial(_folder, "t m p", 0o700),
    ),
    Place("a long path, missing TMPDIR", LONG, environment={"TMPDIR": "nowhere"}),
    Place(
        "a long path and a long TMPDIR",
        LONG,
        environment={"TMPDIR": "t" * 120},
        prepare=partial(_folder, "t" * 120, 0o700),
    ),
    Place(
        "a long path, read-only TMPDIR",
        LONG,
        environment={"TMPDIR": "shut"},
        prepare=partial(_folder, "shut", 0o500),
        is_root=False,
    ),
    # The locale.
    Place("LC_ALL=C, no UTF-8 mode", "dàta", environment={"LC_ALL": "C", **NO_UTF8_MODE}),
    Place("LC_ALL=POSIX, no UTF-8 mode", "dàta", environment={"LC_ALL": "POSIX", **NO_UTF8_MODE}),
    Place("LANG=C alone", "dàta", environment={"LANG": "C"}, without=("LC_ALL", "LC_CTYPE")),
    Place("C.UTF-8", "dàta", environment={"LC_ALL": "C.UTF-8"}),
    Place("a locale that isn't installed", "dàta", environment={"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}),
    Place("a Latin-1 locale that isn't installed", "dàta", environment={"LC_ALL": "de_DE.ISO-8859-1", **NO_UTF8_MODE}),
    # Inherited state of a process.
    Place("umask 077", begin=partial(os.umask, 0o077)),
    Place("umask 000", begin=partial(os.umask, 0)),
    Place("nice 19", begin=partial(os.nice, 19)),
    Place("standard input is closed", begin=partial(os.close, 0)),
    Place("SIGHUP and Ctrl-C are ignored (nohup)", begin=_ignoring_signals),
    Place("at most 256 open files", begin=_few_files),
    Place(
        "a proxy for everything",
        environment=dict.fromkeys(("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"), PROXY),
    ),
    Place(
        "PG… and TEMPORAL_… point to other servers",
        environment={
            "PGHOST": "elsewhere.invalid",
            "PGPORT": "1",
            "PGUSER": "somebody",
            "PGDATABASE": "other",
            "PGSSLMODE": "require",
            "TEMPORAL_ADDRESS": "elsewhere.invalid:7233",
            "TEMPORAL_NAMESPACE": "other",
        },
    ),
    Place("Python without docstrings and asserts", environment={"PYTHONOPTIMIZE": "2"}),
    # The checkout.
    Place("a checkout with spaces, umlauts, quotes, percent", checkout=ODD),
    Place("a checkout with a leading dash", checkout="-checkout"),
    Place("a checkout behind a link", checkout="link/chimera", prepare=_linked),
    Place("a checkout whose path has 200 characters", checkout="/".join(["long " * 10] * 4)),
    Place("a checkout without write permission", checkout="shut", sealed=True, is_root=False),
)
