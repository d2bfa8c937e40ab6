"""The pattern of AI calls: the run is a single model call."""

from models.model_calls import Purpose
from workflows.node import Node


async def call(node: Node) -> None:
    """Make the call. Its operation, for example `images`, takes the place of an agent."""
    agent = node.place.agent
    await node.call(node.request(Purpose(agent), 1, agent))
