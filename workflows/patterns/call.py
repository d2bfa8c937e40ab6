"""One call: the run is the call."""

from models.model_calls import Purpose
from workflows.node import Node


async def call(node: Node) -> None:
    """Make it. Its operation, for example `images`, stands in place of an agent."""
    agent = node.place.agent
    await node.call(node.request(Purpose(agent), 1, agent))
