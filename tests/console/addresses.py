"""All addresses of the console, read from its routes, so that no page is forgotten."""

import re
from dataclasses import dataclass
from pathlib import Path

SOURCES = Path(__file__).parents[2] / "frontend/src"
_ROUTE = re.compile(r"\{ (?:path: '(?P<path>[^']+)'|index: true), element: (?P<page>.*) \},?$", re.MULTILINE)
_FILE = re.compile(r"import\('\.\./(pages/[^']+)'\)")


@dataclass(frozen=True, slots=True)
class Route:
    path: str
    """As the router has it, such as `tasks/:id/:view?`."""
    is_built: bool
    """False for a page that only says that it isn't there."""

    @property
    def is_public(self) -> bool:
        return self.path in PUBLIC

    def matches(self, place: str) -> bool:
        """Tell whether the router shows this page at a place such as `/tasks/1`."""
        pattern = "".join(
            ("(/[^/]+)?" if part.endswith("?") else "/[^/]+") if part.startswith(":") else f"/{re.escape(part)}"
            for part in self.path.split("/")
        )
        return re.fullmatch(pattern, place) is not None


PUBLIC = ("sign-in", "register", "first-administrator", "reset-password", "sign-in/finish")


def routes() -> list[Route]:
    """Return every route except the one that matches all other addresses."""
    text = (SOURCES / "app/routes.tsx").read_text()
    sign_in = re.search(r"const signIn = page\(\(\) => import\('\.\./(pages/[^']+)'\)\)", text)
    assert sign_in is not None
    found = []
    for match in _ROUTE.finditer(text):
        if match["path"] == "*":
            continue
        file = _FILE.search(match["page"]) or sign_in
        is_built = "Not built yet" not in (SOURCES / f"{file[1]}.tsx").read_text()
        found.append(Route(match["path"] or "", is_built))
    assert len(found) >= 25
    return found


def address(path: str, values: dict[str, str]) -> str:
    """Return the address of a route. Parameters without a value are left out if the route permits it."""
    parts = []
    for part in path.split("/"):
        name = part.strip(":?")
        if not part.startswith(":"):
            parts.append(part)
        elif name in values:
            parts.append(values[name])
        else:
            assert part.endswith("?"), f"{path} needs a value for {name}"
    return "/" + "/".join(parts)
