"""axe-core, which finds what people with a screen reader, a keyboard or weak eyes can't use."""

from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

SCRIPT = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"
_RUN = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ['violations'] });
  const place = ({ html, failureSummary }) => `${html.slice(0, 300)}\\n    ${failureSummary}`;
  return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(place) }));
}"""
_STILL = """async () => {
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter((each) => each.effect?.getComputedTiming().endTime !== Infinity);
  await Promise.allSettled(ending.map((each) => each.finished));
}"""


def script() -> str:
    """Return axe's source. It isn't part of the built console, so without its packages, the tests are left out."""
    if not SCRIPT.is_file():
        pytest.skip("ACCESSIBILITY TESTS SKIPPED: axe-core isn't installed. Run: cd frontend && npm ci")
    return SCRIPT.read_text()


async def violations(page: Page, source: str) -> list[str]:
    """Return what axe objects to on a page, once nothing moves."""
    await page.evaluate(_STILL)
    # Evaluated by the debugger, because the policy of the page forbids foreign scripts.
    await page.evaluate(f"() => {{ if (!window.axe) {{ {source} }} }}")
    found: list[dict[str, Any]] = await page.evaluate(_RUN)
    return [f"{each['id']}: {each['help']}\n    " + "\n    ".join(each["nodes"]) for each in found]
