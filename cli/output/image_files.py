"""Where pictures are written."""

import os
from itertools import count
from pathlib import Path

from cli.errors import WrongUsage


def free_name(path: Path) -> Path:
    """Return the path, or with the first number behind its name that no file has."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())


def check_place(out: Path, *, force: bool) -> None:
    """See before anything is paid whether a file can be written there. Raises WrongUsage."""
    if out.is_dir():
        raise WrongUsage(f"{str(out)!r} is a folder; name a file in it, as in {str(out / 'image.png')!r}.")
    if not out.parent.is_dir():
        raise WrongUsage(f"There is no folder {str(out.parent)!r} for the file; make it, or name another.")
    if out.exists() and not force:
        raise WrongUsage(f"{str(out)!r} is there already; name another file, or replace it with --force.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise WrongUsage(f"{str(out)!r} can't be written; name another file, or mend the permissions.")


def places_of(out: Path, pictures: int) -> list[Path]:
    """Where the pictures of a call go: the first into `out`, others beside it with a number."""
    return [out if index == 0 else out.with_stem(f"{out.stem}-{index + 1}") for index in range(pictures)]
