"""Write docs/reference/errors.md from the catalog of errors: `python scripts/errors.py`."""

import sys
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs/reference/errors.md"
BEGIN = """\
# Error codes

Every error is a [problem document](api.md#errors). Its `code` stays the same even if its text changes, and its `type`
links to this list on the server (`/docs/errors#<code>`). The error of a task or a model call has one of these codes,
too. Retryable means that the same request, sent later, can succeed; if the response has a `Retry-After` header, wait
that long. `scripts/errors.py` writes this page.

| code | status | retryable | meaning | remedy |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the page's text."""
    sys.path.insert(0, str(PAGE.parents[2]))
    from models.errors.catalog import CATALOG

    return BEGIN + "".join(
        f"| `{each.code}` | {each.status} | {'yes' if each.retryable else 'no'} | {each.meaning} | {each.remedy} |\n"
        for each in CATALOG
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
