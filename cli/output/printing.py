"""Prints the output of `--json`."""

import re
import sys
from collections.abc import Sequence

from cli.input.encodings import ESCAPED

# Characters that JSON doesn't escape, but that a terminal obeys or displays misleadingly: C1 controls, direction marks,
# zero-width characters and tags. When they are escaped, the JSON has the same meaning.
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def print_json(value: object) -> None:
    """Print contracts as JSON, in ASCII if the stream's encoding isn't UTF-8, because readers of JSON expect UTF-8."""
    # Imported here, because help loads this file but doesn't print JSON.
    from pydantic_core import to_json

    text = _UNSEEN.sub(_escaped, to_json(value, indent=2).decode())
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    print(text if is_utf8 else text.encode("ascii", ESCAPED).decode())


def print_list(items: Sequence[object]) -> None:
    """Print a whole list in the same form as a page of the API."""
    print_json({"items": items, "next_cursor": None})


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
