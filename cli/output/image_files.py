"""Chooses and checks the files for images."""

import os
from itertools import count
from pathlib import Path

from cli.errors import WrongUsage


def free_name(path: Path) -> Path:
    """Return the path or, if it exists, the path with the first free number after its name."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return path if not path.exists() else next(each for each in numbered if not each.exists())


def check_place(out: Path, *, force: bool) -> None:
    """Check, before a paid call, whether the file can be written. Raises WrongUsage."""
    if out.is_dir():
        raise WrongUsage(f"{str(out)!r} is a folder. Choose a file in it, such as {str(out / 'image.png')!r}.")
    if not out.parent.is_dir():
        raise WrongUsage(f"The folder {str(out.parent)!r} doesn't exist. Create it, or choose another one.")
    if out.exists() and not force:
        raise WrongUsage(f"{str(out)!r} already exists. Choose another file, or add --force to overwrite this one.")
    if not os.access(out if out.exists() else out.parent, os.W_OK):
        raise WrongUsage(
            f"You don't have permission to write to {str(out)!r}. Choose another file, or change its permissions."
        )


def places_of(out: Path, images: int) -> list[Path]:
    """Return the files for a call's images: the first is `out`, the others are beside it, with numbers."""
    return [out if index == 0 else out.with_stem(f"{out.stem}-{index + 1}") for index in range(images)]
