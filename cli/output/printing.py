"""The output of `--json`."""

import re
import sys
from collections.abc import Sequence

from cli.input.encodings import ESCAPED

# What JSON leaves as it is and a terminal obeys or shows otherwise than it is: C1 controls, marks of direction and of
# no width, tags. As escapes they are the same JSON.
_UNSEEN = re.compile(
    "[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e0fff]"
)


def print_json(value: object) -> None:
    """Print contracts as JSON, which every reader takes for UTF-8: in ASCII alone on a stream of another encoding."""
    # Here, because help prints none and loads this file.
    from pydantic_core import to_json

    text = _UNSEEN.sub(_escaped, to_json(value, indent=2).decode())
    is_utf8 = (sys.stdout.encoding or "").lower().replace("-", "").replace("_", "") == "utf8"
    print(text if is_utf8 else text.encode("ascii", ESCAPED).decode())


def print_list(items: Sequence[object]) -> None:
    """Print a whole list in the form that every list has, as the API's pages."""
    print_json({"items": items, "next_cursor": None})


def _escaped(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[place : place + 4]}" for place in range(0, len(units), 4))
