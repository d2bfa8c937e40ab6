"""Schemas of tools that grow, recurse or match slowly."""

import asyncio
import time
from typing import Any

from benchmarks.security.finding import Seen
from chimera.content import schemas
from chimera.tools.mcp.definitions import schema_problem

BOMB_S = 2.0


async def schema_bombs(seen: Seen) -> None:
    """Check schemas that grow, recurse or match slowly, and arguments against them."""
    doubled: dict[str, Any] = {
        f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}, {"$ref": f"#/$defs/d{n + 1}"}]} for n in range(30)
    }
    deep: Any = {"type": "string"}
    for _ in range(150):
        deep = {"type": "object", "properties": {"a": deep}}
    text = {"a": "a" * 40 + "!"}
    bombs: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "doubling references": ({"$defs": {**doubled, "d30": {}}, "$ref": "#/$defs/d0"}, text),
        "recursion": ({"$ref": "#"}, text),
        "recursion in a property": ({"properties": {"a": {"$ref": "#"}}}, text),
        "depth": (deep, text),
        "pattern": ({"properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}}, text),
        "pattern of names": ({"patternProperties": {"^(a|a)*$": {"type": "string"}}}, {"a" * 40 + "!": 1}),
        "many alternatives": ({"anyOf": [{"required": [str(n)]} for n in range(3000)]}, text),
        "unique items": ({"properties": {"a": {"uniqueItems": True}}}, {"a": [{"n": n} for n in range(3000)]}),
        "large repetition": ({"properties": {"a": {"pattern": "((a{0,999}){0,999}){0,999}"}}}, text),
    }
    longest = 0.0
    for name, (schema, arguments) in bombs.items():
        began = time.process_time()
        await asyncio.to_thread(_check, {"type": "object", **schema}, arguments)
        took = time.process_time() - began
        longest = max(longest, took)
        seen.expect(took <= BOMB_S, f"{name}: {took:.1f} s")
    seen.figures["slowest schema, s"] = round(longest, 2)


def _check(schema: dict[str, Any], arguments: dict[str, Any]) -> None:
    if schema_problem(schema) is None:
        try:
            schemas.check(schema, arguments)
        except ValueError:
            return
