"""One call: the run is the call."""

from models.model_calls import Purpose
from workflows.node import Node


async def call(node: Node) -> None:
    """Make the call that the pattern is named after."""
    await node.call(node.request(Purpose(node.place.pattern), 1, node.place.agent))
